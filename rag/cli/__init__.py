"""The `rag` command: one of `COMMANDS` in `rag.cli.parser`, and an exit code for how it ended."""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from rag.cli.parser import Command, build_parser
from rag.cli.terminal import one_line, warn
from rag.errors import RagError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns 0, 2 for a RagError or what the system refuses, 130 for Ctrl-C,
    3 for an evaluation that misses a limit, 1 for a fault of our own.

    Each failure is one line on standard error; RAG_TRACE=1 shows where a fault of our own arose.
    """
    if isinstance(sys.stdout, TextIOWrapper):  # a terminal without Chinese shows \u6c5f for 江
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        args = build_parser().parse_args(argv)
        run: Command = args.run
        code = run(args)
        sys.stdout.flush()
        return code
    except RagError as error:
        return _fail(2, str(error))
    except KeyboardInterrupt as stop:  # a command that writes says what it leaves
        return _fail(130, "; ".join(("stopped", *map(str, stop.args))) + ".")
    except BrokenPipeError:  # the reader of our output left, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("RAG_TRACE"):
            raise
        if isinstance(error, OSError) and error.strerror:
            where = f"{error.filename}: " if error.filename else ""
            return _fail(2, f"{where}{error.strerror}; check the path, its rights and the disk.")
        hint = "set RAG_TRACE=1 to see where, and report it."
        return _fail(1, f"unexpected {type(error).__name__}: {error}; {hint}")


def _fail(code: int, reason: str) -> int:
    warn(one_line(reason))
    return code
