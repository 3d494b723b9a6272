"""Vectors -> nearest rows; row i always belongs to chunk i. `STORES` is the only list.

To add a store: write a module here, add its line to `STORES`, and to the list in
`tests/stores/test_contract.py`.
"""

from pathlib import Path
from typing import Protocol

from rag.stores.flat import FlatStore
from rag.stores.hnsw import HnswStore
from rag.stores.ivf import IvfPqStore
from rag.types import Ids, Vectors


class Store(Protocol):
    """Vectors kept for search; `save` and `load` go to and from one file.

    `save` raises OSError if the disk refuses.
    """

    def search(self, queries: Vectors, top_k: int, rows: Ids | None = None) -> tuple[Vectors, Ids]:
        """Return (scores, rows) for each query, best first; ties by lower row.

        queries: float32 (n, dim), any length; another width raises IndexMismatch.
        rows:    search these rows only; None for all.
        scores:  (n, k) cosine in [-1, 1], higher is closer; k = min(top_k, rows searched).
        An approximate store may miss a row, never mis-score one; see `rag.stores.near`.
        """

    def save(self, path: Path) -> None: ...

    @property
    def size(self) -> tuple[int, int]:
        """(rows, dim)."""


STORES: dict[str, type[FlatStore] | type[HnswStore] | type[IvfPqStore]] = {
    "flat": FlatStore,
    "hnsw": HnswStore,
    "ivf_pq": IvfPqStore,
}
# The most rows that a store is chosen for by count; measured in evals/LOG.md.
_FLAT_ROWS, _HNSW_ROWS = 50_000, 500_000


def choose_store(rows: int) -> str:
    """The name of the store for so many rows: exact while that takes 5 ms, then by memory."""
    if rows <= _FLAT_ROWS:
        return "flat"
    return "hnsw" if rows <= _HNSW_ROWS else "ivf_pq"
