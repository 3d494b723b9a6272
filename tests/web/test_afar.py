"""A blocking generator that who waits for it can leave; no Gradio here."""

import asyncio
import threading

import pytest

from rag.web.afar import draw_afar

from .loops import run

WAIT_S = 20


class Slow:
    """Gives a first value at once, the second when let go, and remembers that it was closed."""

    def __init__(self):
        self.go, self.closed = threading.Event(), threading.Event()

    def values(self):
        try:
            yield 1
            assert self.go.wait(WAIT_S)
            yield 2
        finally:
            self.closed.set()


async def gather(values):
    return [value async for value in draw_afar(values)]


def test_every_value_comes_in_order():
    slow = Slow()
    slow.go.set()
    assert run(gather(slow.values())) == [1, 2]
    assert slow.closed.is_set()


def test_what_it_raises_is_raised_here():
    def fails():
        yield 1
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        run(gather(fails()))


def test_who_leaves_does_not_wait_and_the_generator_is_closed_at_its_next_value():
    slow = Slow()

    async def leave():
        drawn = draw_afar(slow.values())
        first = await anext(drawn)
        waiting = asyncio.ensure_future(anext(drawn))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return first

    assert run(asyncio.wait_for(leave(), WAIT_S / 2)) == 1
    assert not slow.closed.is_set()
    slow.go.set()
    assert slow.closed.wait(WAIT_S)
