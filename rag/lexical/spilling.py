"""Postings in a file while texts come, given back word after word: a sort larger than the memory.

source: Manning, Raghavan, Schütze 2008, "Introduction to Information Retrieval", section 4.2
(blocked sort-based indexing).
"""

from array import array
from collections.abc import Collection, Iterator, Sequence
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from rag.types import Ids

_BLOCK = 1_000_000  # postings sorted at once: 60 MB
_POSTING = np.dtype([("word", np.int32), ("row", np.int32), ("times", np.int32)])
Run = NDArray[Any]  # of _POSTING, by word and, of a word, by row


class Spill:
    """How often each row has each word. Memory: a block, and 8 bytes a word."""

    def __init__(self, file: IO[bytes]) -> None:
        """file: empty, and nobody else's until it is done with."""
        self._file = file
        self._sizes: list[int] = []
        self._found = np.zeros(0, dtype=np.int64)
        self._first = 0  # row of the block being filled
        self._start()

    def add(self, words: Sequence[int], times: Collection[int]) -> None:
        """The next row: its words' numbers, each once, and how often it has each."""
        self._counts.append(len(words))
        self._words.extend(words)
        self._times.extend(times)
        if len(self._words) >= _BLOCK:
            self._write()

    def close(self) -> Ids:
        """Nothing more is added; the posting that each word's begin at, and their count last."""
        if self._counts:
            self._write()
        return np.concatenate([[0], np.cumsum(self._found)])

    def runs(self, starts: Ids) -> Iterator[Run]:
        """All postings in order, whole words at a time: a block, or one word that has more.

        starts: as `close` returned it.
        """
        bounds = _bounds(starts)
        cuts = np.stack([np.searchsorted(block["word"], bounds) for block in self._blocks()])
        begins = np.concatenate([[0], np.cumsum(self._sizes)[:-1]])
        for number in range(len(bounds) - 1):
            spans = cuts[:, number : number + 2] + begins[:, None]
            run = np.concatenate([self._read(*span) for span in spans.tolist()])
            yield run[np.argsort(run["word"], kind="stable")]

    def _start(self) -> None:
        self._counts, self._words, self._times = array("i"), array("i"), array("i")

    def _write(self) -> None:
        words = np.frombuffer(self._words, dtype=np.int32)
        order = np.argsort(words, kind="stable")
        rows = np.arange(self._first, self._first + len(self._counts), dtype=np.int32)
        block = np.empty(len(words), dtype=_POSTING)
        block["word"] = words[order]
        block["row"] = np.repeat(rows, self._counts)[order]
        block["times"] = np.frombuffer(self._times, dtype=np.int32)[order]
        self._file.write(block.data)
        self._sizes.append(len(block))
        self._first += len(rows)
        found = np.bincount(words, minlength=len(self._found))
        found[: len(self._found)] += self._found
        self._found = found
        self._start()

    def _blocks(self) -> Iterator[Run]:
        at = 0
        for size in self._sizes:
            yield self._read(at, at + size)
            at += size

    def _read(self, begin: int, end: int) -> Run:
        self._file.seek(begin * _POSTING.itemsize)
        return np.frombuffer(self._file.read((end - begin) * _POSTING.itemsize), dtype=_POSTING)


def _bounds(starts: Ids) -> Ids:
    """Words between which no more than a block of postings lies, or those of one word."""
    words, bounds = len(starts) - 1, [0]
    while bounds[-1] < words:
        fitting = int(np.searchsorted(starts, starts[bounds[-1]] + _BLOCK, side="right")) - 1
        bounds.append(max(fitting, bounds[-1] + 1))
    return np.array(bounds, dtype=np.int64)
