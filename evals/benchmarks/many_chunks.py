"""As many passages as asked for, made from real texts: windows of them, their figures changed.

Two windows share words where they overlap, as passages of plans do that repeat each other; random
vectors or random words would be easier or harder than any corpus.
"""

import gzip
import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

_SHORTEST, _LONGEST = 120, 400  # characters of a window
_FIGURE = re.compile(r"\d+")
_CHANGED = 0.5  # share of the figures
_KEPT = 40  # characters; a text that is shorter says nothing


def read_texts(paths: Iterable[Path]) -> list[str]:
    """The texts of files: plain, or JSON lines (also gzipped) whose every long string counts."""
    texts: list[str] = []
    for path in paths:
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8") as file:
            if ".jsonl" in path.name:
                texts += (text for line in file for text in _strings(json.loads(line)))
            else:
                texts.append(file.read())
    return [text for text in texts if len(text) >= _KEPT]


def make_passages(texts: Sequence[str], count: int, *, seed: int = 0) -> Iterator[str]:
    """`count` windows at random places, longer texts more often; half of their figures changed."""
    chance = random.Random(seed)
    ends: list[int] = []
    total = 0
    for text in texts:
        total += len(text)
        ends.append(total)
    for place in chance.choices(range(len(texts)), cum_weights=ends, k=count):
        text = texts[place]
        size = chance.randint(_SHORTEST, _LONGEST)
        start = chance.randint(0, max(len(text) - size, 0))
        yield _FIGURE.sub(lambda figure: _other(figure[0], chance), text[start : start + size])


def _other(figure: str, chance: random.Random) -> str:
    if chance.random() > _CHANGED:
        return figure
    return "".join(chance.choice("123456789") for _ in figure)


def _strings(row: dict[str, object]) -> Iterator[str]:
    return (value for value in row.values() if isinstance(value, str))
