"""Coroutines in a thread of their own: a browser in the process keeps a loop in the main one."""

import asyncio
from concurrent.futures import ThreadPoolExecutor


def run(coroutine):
    """What it returns, or raises."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()
