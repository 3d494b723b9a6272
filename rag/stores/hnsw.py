"""Approximate search over a graph of near neighbours: for some hundred thousand rows.

source: Malkov, Yashunin 2018, "Efficient and robust approximate nearest neighbor search using
Hierarchical Navigable Small World graphs"; FAISS wiki, "Guidelines to choose an index".
"""

from functools import partial
from pathlib import Path
from typing import Any

from rag.matrices import Rows
from rag.stores import near
from rag.stores.files import read_faiss, write_faiss
from rag.stores.flat import FlatStore, add_units
from rag.types import Ids, Vectors

_LINKS, _BUILD_BEAM = 16, 80  # recall at 1,000,000 rows against time to build: evals/LOG.md
_ADDED_AT_ONCE = 50_000  # rows; FAISS orders them by level, so that the graph depends on it
_BEAMS = (16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)


class HnswStore:
    """A graph over the vectors themselves; few rows are a flat index without a graph."""

    def __init__(self, index: Any) -> None:  # noqa: ANN401 - faiss has no types
        import faiss  # slow to load, so only when a store is made

        self._faiss = index
        storage = getattr(index, "storage", None)
        self._exact = FlatStore(faiss.downcast_index(storage) if storage else index)

    @classmethod
    def build(cls, vectors: Rows, *, recall: float = near.RECALL) -> "HnswStore":
        """As `FlatStore.build`; recall: of the ten nearest, tuned on some of the rows."""
        import faiss  # slow to load, so only when a store is made

        if len(vectors) <= near.EXACT_ROWS:
            return cls(FlatStore.build(vectors).faiss)
        index = faiss.IndexHNSWFlat(vectors.shape[1], _LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = _BUILD_BEAM
        storage = faiss.downcast_index(index.storage)
        add_units(index, vectors, into=storage, at_once=_ADDED_AT_ONCE)
        store = cls(index)
        index.hnsw.efSearch = near.cheapest(
            _BEAMS,
            store._exact,
            lambda asked, beam: store._near(asked, 10, None, 1.0, beam=beam)[1],
            recall=recall,
        )
        return store

    @classmethod
    def load(cls, path: Path) -> "HnswStore":
        """Map a store into memory; raises IndexDamaged on a file that FAISS can't read."""
        return cls(read_faiss(path, ("IndexHNSWFlat", "IndexFlatIP", "IndexFlat")))

    def save(self, path: Path) -> None:
        write_faiss(self._faiss, path)

    @property
    def size(self) -> tuple[int, int]:
        return self._exact.size

    def search(self, queries: Vectors, top_k: int, rows: Ids | None = None) -> tuple[Vectors, Ids]:
        return near.search_near(self._exact, self._near, queries, top_k=top_k, rows=rows)

    def _near(
        self,
        queries: Vectors,
        top_k: int,
        selected: Any,  # noqa: ANN401 - a FAISS selector
        wider: float,
        *,
        beam: int = 0,
    ) -> tuple[Vectors, Ids]:
        """beam: rows kept in sight; 0 for the one the store was tuned to."""
        import faiss  # slow to load, so only when a store is made

        beam = max(round((beam or self._faiss.hnsw.efSearch) * wider), top_k)
        params = partial(faiss.SearchParametersHNSW, efSearch=beam)
        asked = params(sel=selected) if selected else params()
        scores, found = self._faiss.search(queries, top_k, params=asked)
        return scores, found
