"""Token lists -> the files that BM25S loads, and back; memory for one block and the vocabulary.

The numbers are those of BM25S's own build, bit for bit; that one holds every token of every text,
and to load it takes longer than a search.
source: Lù 2024, "BM25S", section 2; the files are those of its version 0.3.
"""

import json
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag.lexical.spilling import Spill
from rag.types import Ids, Vectors

_FORMAT = "0.3.16"  # of BM25S, whose files these are
_DATA, _INDICES, _INDPTR = (f"{name}.csc.index.npy" for name in ("data", "indices", "indptr"))
_VOCABULARY, _PARAMS = "vocab.index.json", "params.index.json"
_WORDS = 10_000  # made into JSON at once
Numbers = NDArray[np.int32]


class Postings(NamedTuple):
    """Rows and what they score, word after word; word i has `rows[starts[i] : starts[i + 1]]`."""

    starts: Ids
    rows: Numbers
    scores: Vectors


def write_postings(texts: Iterable[Sequence[str]], folder: Path, *, k1: float, b: float) -> None:
    """Write what BM25S loads as method "lucene"; a text without a token counts as one token long.

    Memory: a block of postings, or those of the commonest word; each different word once; 8 bytes
    a text. The disk holds every posting twice meanwhile.
    Raises OSError if the disk refuses, ValueError without any text.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=folder) as file:
        spill = Spill(file)
        lengths = _spill(texts, spill, folder / _VOCABULARY)
        starts = spill.close()
        np.save(folder / _INDPTR, starts, allow_pickle=False)
        _fill(folder, spill, starts, lengths, k1=k1, b=b)
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


def _spill(texts: Iterable[Sequence[str]], spill: Spill, vocabulary: Path) -> Ids:
    """Number the words as they first come and write them down; the length of each text."""
    numbers: dict[str, int] = {}
    lengths = array("l")
    for tokens in texts:
        counted = Counter(tokens or [""])
        lengths.append(max(len(tokens), 1))
        words = [numbers.setdefault(token, len(numbers)) for token in counted]
        spill.add(words, counted.values())
    if not lengths:
        raise ValueError("there is no text to index")
    _write_vocabulary(numbers, vocabulary)
    return np.array(lengths)


def _write_vocabulary(numbers: Mapping[str, int], path: Path) -> None:
    """As JSON, some words at a time, since what `json` makes of all of them is large."""
    items, comma = iter(numbers.items()), ""
    with path.open("w", encoding="utf-8") as file:
        file.write("{")
        while part := dict(islice(items, _WORDS)):
            text = json.dumps(part, ensure_ascii=False, separators=(",", ":"))
            file.write(comma + text[1:-1])
            comma = ","
        file.write("}")


def _fill(folder: Path, spill: Spill, starts: Ids, lengths: Ids, *, k1: float, b: float) -> None:
    """Put each posting in its word's list, in order of rows, with what it adds to a score."""
    found = np.diff(starts)
    rarity = np.log(1 + (len(lengths) - found + 0.5) / (found + 0.5)).astype(np.float32)
    mean = lengths.mean()
    with (folder / _DATA).open("wb") as data, (folder / _INDICES).open("wb") as indices:
        _write_header(data, np.dtype(np.float32), int(starts[-1]))
        _write_header(indices, np.dtype(np.int32), int(starts[-1]))
        for run in spill.runs(starts):
            times = run["times"]
            damping = k1 * ((1 - b) + b * lengths[run["row"]] / mean)
            scores = rarity[run["word"]] * (times / (damping + times))
            data.write(scores.astype(np.float32).data)
            indices.write(np.ascontiguousarray(run["row"]).data)


def _write_header(file: IO[bytes], dtype: np.dtype[np.generic], count: int) -> None:
    """Of a `.npy` file with one row of numbers. source: numpy.lib.format, version 1.0"""
    header = {"descr": dtype.str, "fortran_order": False, "shape": (count,)}
    np.lib.format.write_array_header_1_0(file, header)
