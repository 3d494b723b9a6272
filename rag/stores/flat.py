"""Exact search over every vector with FAISS."""

from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import IndexMismatch
from rag.matrices import Rows
from rag.stores.files import read_faiss, selector, write_faiss
from rag.types import Ids, Vectors

ADDED_AT_ONCE = 20_000  # rows; their scaled copies take 80 MB at 256 dimensions


class FlatStore:
    """Compares with every row, so exact. source: FAISS wiki, "MetricType and distances"."""

    def __init__(self, index: Any) -> None:  # noqa: ANN401 - faiss has no types
        self.faiss = index

    @classmethod
    def build(cls, vectors: Rows) -> "FlatStore":
        """vectors: float32 (rows, dim), any length; an all-zero row scores 0 everywhere.

        Memory: the vectors once, and a part of them.
        """
        import faiss  # slow to load, so only when a store is made

        index = faiss.IndexFlatIP(vectors.shape[1])
        add_units(index, vectors, into=index)
        return cls(index)

    @classmethod
    def load(cls, path: Path) -> "FlatStore":
        """Map a store into memory; raises IndexDamaged on a file that FAISS can't read."""
        return cls(read_faiss(path, ("IndexFlatIP", "IndexFlat")))

    def save(self, path: Path) -> None:
        write_faiss(self.faiss, path)

    def vector(self, row: int) -> Vectors:
        """The vector of a row as stored, of length 1 or 0, shape (dim,)."""
        return np.asarray(self.faiss.reconstruct(row), dtype=np.float32)

    @property
    def size(self) -> tuple[int, int]:
        return int(self.faiss.ntotal), int(self.faiss.d)

    def search(self, queries: Vectors, top_k: int, rows: Ids | None = None) -> tuple[Vectors, Ids]:
        count, dim = self.size
        if queries.shape[1:] != (dim,):
            raise IndexMismatch(
                f"query vectors have shape {queries.shape}; this index needs (n, {dim}). "
                "Rebuild it with the embedder in use: `rag index corpus/`."
            )
        among = count if rows is None else len(np.unique(rows))
        k = min(top_k, among)
        if not k or not len(queries):
            return np.zeros((len(queries), k), np.float32), np.zeros((len(queries), k), np.int64)
        scores, found = self._best(unit(queries), k, among, rows)
        order = np.lexsort((found, -scores))[:, :k]
        return np.take_along_axis(scores, order, 1), np.take_along_axis(found, order, 1)

    def _best(self, queries: Vectors, k: int, among: int, rows: Ids | None) -> tuple[Vectors, Ids]:
        """At least the best k for each query, and all that tie with the last of them.

        FAISS breaks ties as they come, so it is asked for more until the scores fall off.
        """
        import faiss  # slow to load, so only when a store is made

        selected = None
        if rows is not None and among < self.size[0]:
            chosen = selector(rows, self.size[0])  # named, since FAISS doesn't keep it alive
            selected = faiss.SearchParameters(sel=chosen)
        asked = k
        while True:
            asked = min(2 * asked, among)
            scores, found = self.faiss.search(queries, asked, params=selected)
            scores = np.clip(scores, -1, 1)
            if asked == among or bool((scores[:, -1] < scores[:, k - 1]).all()):
                return scores, found


def add_units(
    index: Any,  # noqa: ANN401 - faiss has no types
    vectors: Rows,
    *,
    into: Any,  # noqa: ANN401
    at_once: int = ADDED_AT_ONCE,
) -> None:
    """Add rows scaled to length 1 to an index, part by part.

    into: the flat index that keeps them for it. It gets room for all at once: else it doubles as
    it fills up, and holds the rows twice whenever it moves.
    """
    codes = into.codes
    codes.resize(len(vectors) * into.code_size)
    codes.resize(0)  # the room stays
    for begin in range(0, len(vectors), at_once):
        index.add(unit(vectors[begin : begin + at_once]))


def unit(vectors: Vectors) -> Vectors:
    """Scale each row to length 1; an all-zero row stays zero and so scores 0 everywhere."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-30), dtype=np.float32)
