"""Commands run in this process or apart, and what a failure looks like."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

QUESTION = "江苏2025年风电装机目标是多少?"


class Ran(NamedTuple):
    code: int
    out: str
    err: str


def run_apart(*arguments, **environment):
    """Runs a command in a process of its own."""
    command = [sys.executable, "-m", "rag", *map(str, arguments)]
    env = os.environ | {"COLUMNS": "100"} | environment
    return subprocess.run(command, capture_output=True, check=False, env=env, timeout=120)


def assert_fails(ran, *told, code=2):
    """Nothing on standard output, and one line on standard error that tells all of `told`."""
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("rag: ")
    assert ran.err.count("\n") == 1
    assert ran.err.endswith("\n")
    assert "Traceback" not in ran.err
    for part in told:
        assert part in ran.err, ran.err


def content(folder):
    return {path: path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}
