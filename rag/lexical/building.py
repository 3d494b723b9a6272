"""Token lists -> the files that BM25S loads, and back; memory for one block and the vocabulary.

The numbers are those of BM25S's own build, bit for bit; that one holds every token of every text,
and to load it takes longer than a search.
source: Lù 2024, "BM25S", section 2; the files are those of its version 0.3.
"""

import json
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag.types import Ids, Vectors

_BLOCK = 4_000_000  # postings sorted at once: 100 MB
_FORMAT = "0.3.16"  # of BM25S, whose files these are
_DATA, _INDICES, _INDPTR = (f"{name}.csc.index.npy" for name in ("data", "indices", "indptr"))
_VOCABULARY, _PARAMS = "vocab.index.json", "params.index.json"
Numbers = NDArray[np.int32]


class Postings(NamedTuple):
    """Rows and what they score, word after word; word i has `rows[starts[i] : starts[i + 1]]`."""

    starts: Ids
    rows: Numbers
    scores: Vectors


class _Block(NamedTuple):
    """Postings of some texts as they came: how many a text has, the words, how often each."""

    counts: Numbers
    words: Numbers
    times: Numbers


def write_postings(texts: Iterable[Sequence[str]], folder: Path, *, k1: float, b: float) -> None:
    """Write what BM25S loads as method "lucene"; a text without a token counts as one token long.

    Raises OSError if the disk refuses, ValueError without any text.
    """
    folder.mkdir(parents=True, exist_ok=True)
    numbers: dict[str, int] = {}
    lengths = array("l")
    with TemporaryFile(dir=folder) as spilled:
        sizes = list(_spill(texts, numbers, lengths, spilled))
        if not lengths:
            raise ValueError("there is no text to index")
        spilled.seek(0)
        found = np.zeros(len(numbers), dtype=np.int64)
        for block in _blocks(spilled, sizes):
            np.add.at(found, block.words, 1)
        starts = np.concatenate([[0], np.cumsum(found)])
        np.save(folder / _INDPTR, starts, allow_pickle=False)
        spilled.seek(0)
        _fill(folder, _blocks(spilled, sizes), starts, np.array(lengths), k1=k1, b=b)
    text = json.dumps(numbers, ensure_ascii=False, separators=(",", ":"))
    (folder / _VOCABULARY).write_text(text, encoding="utf-8")
    described = {"k1": k1, "b": b, "delta": 0.5, "method": "lucene", "idf_method": "lucene"}
    described |= {"dtype": "float32", "int_dtype": "int32", "num_docs": len(lengths)}
    described |= {"version": _FORMAT, "backend": "numpy"}
    (folder / _PARAMS).write_text(json.dumps(described, indent=4), encoding="utf-8")


def read_postings(folder: Path) -> tuple[Postings, dict[str, int], int]:
    """(postings, mapped; word -> its number; rows) as `write_postings` wrote them.

    Raises OSError, ValueError or KeyError on a damaged folder.
    """
    postings = Postings(
        *(
            np.asarray(np.load(folder / name, mmap_mode="r", allow_pickle=False))
            for name in (_INDPTR, _INDICES, _DATA)
        )
    )  # plain arrays over the mapped memory; slices of a memmap cost more
    vocabulary = json.loads((folder / _VOCABULARY).read_text(encoding="utf-8"))
    params = json.loads((folder / _PARAMS).read_text(encoding="utf-8"))
    return postings, vocabulary, int(params["num_docs"])


def _spill(
    texts: Iterable[Sequence[str]], numbers: dict[str, int], lengths: "array[int]", file: IO[bytes]
) -> Iterator[tuple[int, int]]:
    """Number the words as they first come, and write blocks; yields (texts, postings) of each."""
    counts, words, times = array("i"), array("i"), array("i")
    for tokens in texts:
        counted = Counter(tokens or [""])
        lengths.append(max(len(tokens), 1))
        counts.append(len(counted))
        words.extend(numbers.setdefault(token, len(numbers)) for token in counted)
        times.extend(counted.values())
        if len(words) >= _BLOCK:
            yield _written(file, counts, words, times)
            counts, words, times = array("i"), array("i"), array("i")
    if counts:
        yield _written(file, counts, words, times)


def _written(
    file: IO[bytes], counts: "array[int]", words: "array[int]", times: "array[int]"
) -> tuple[int, int]:
    for part in (counts, words, times):
        file.write(memoryview(part))
    return len(counts), len(words)


def _blocks(file: IO[bytes], sizes: Iterable[tuple[int, int]]) -> Iterator[_Block]:
    for texts, postings in sizes:
        read = [file.read(4 * count) for count in (texts, postings, postings)]
        yield _Block(*(np.frombuffer(part, dtype=np.int32) for part in read))


def _fill(
    folder: Path, blocks: Iterable[_Block], starts: Ids, lengths: Ids, *, k1: float, b: float
) -> None:
    """Put each posting in its word's list, in order of rows, with what it adds to a score."""
    shape = (int(starts[-1]),)
    data = _mapped(folder / _DATA, np.dtype(np.float32), shape)
    indices = _mapped(folder / _INDICES, np.dtype(np.int32), shape)
    found = np.diff(starts)
    rarity = np.log(1 + (len(lengths) - found + 0.5) / (found + 0.5)).astype(np.float32)
    mean, cursor, first = lengths.mean(), starts[:-1].copy(), 0
    for block in blocks:
        rows = np.repeat(np.arange(first, first + len(block.counts)), block.counts)
        order = np.argsort(block.words, kind="stable")
        words, rows, times = block.words[order], rows[order], block.times[order]
        used, at, many = np.unique(words, return_index=True, return_counts=True)
        place = np.repeat(cursor[used] - at, many) + np.arange(len(words))
        damping = k1 * ((1 - b) + b * lengths[rows] / mean)
        data[place] = rarity[words] * (times / (damping + times))
        indices[place] = rows
        cursor[used] += many
        first += len(block.counts)
    data.flush()
    indices.flush()


def _mapped(path: Path, dtype: np.dtype[np.generic], shape: tuple[int]) -> np.memmap:
    return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
