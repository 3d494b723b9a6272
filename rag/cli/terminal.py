"""What a command prints: its result, lines on standard error, and a bar for what takes long."""

import argparse
import json
import sys
from typing import Any


def show(args: argparse.Namespace, row: Any, text: str, *, indent: int | None = 1) -> None:  # noqa: ANN401 - any JSON
    """Print the result, as text or, with `--json`, as a row; indent: None for a row in one line."""
    print(json.dumps(row, ensure_ascii=False, indent=indent) if args.json else text)


def warn(told: str) -> None:
    print(f"rag: {told}", file=sys.stderr)


def one_line(text: str) -> str:
    return " ".join(text.split())


class Bars:
    """One progress bar a stage, on standard error if a person watches it; gone at the end."""

    def __init__(self, *, hidden: bool) -> None:
        self._disable = hidden or None  # None: tqdm looks whether standard error is a terminal
        self._bar: Any = None
        self._doing = ""

    def __enter__(self) -> "Bars":
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, doing: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if doing != self._doing:
            self.__exit__()
            self._doing = doing
            self._bar = tqdm(total=total, desc=doing, leave=False, disable=self._disable)
        self._bar.update(done - self._bar.n)
