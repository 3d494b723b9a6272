"""Approximate search in the lists next to a query, by short codes; for millions of rows.

The codes find candidates, whose whole vectors, which may stay on disk, then give the scores.
source: Jégou, Douze, Schmid 2011, "Product Quantization for Nearest Neighbor Search"; FAISS wiki,
"Guidelines to choose an index".
"""

from functools import partial
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np

from rag.matrices import Rows
from rag.stores import near
from rag.stores.files import read_faiss, write_faiss
from rag.stores.flat import FlatStore, add_units, unit
from rag.types import Ids, Vectors

_LISTS_PER_ROOT = 4  # lists = 4 times the square root of the rows. source: FAISS wiki, as above
_TRAINED_A_LIST = 40  # rows; FAISS warns below 39
_ROUNDS = 10  # of k-means; more change recall by less than 0.002
_DIMS_A_CODE = 4  # of one byte each: 64 bytes for 256 dimensions
_CODES = "IVF{lists},PQ{codes}np"  # np: not sorted for comparing bits, which takes most of the time
# (lists looked into, candidates compared in whole for one asked), from quick to thorough
_EFFORTS = (
    *((8, 8), (16, 8), (32, 8), (64, 10), (96, 10), (128, 20), (192, 20), (256, 20), (256, 40)),
    *((384, 40), (512, 40), (1024, 40)),
)
_SEED = 0


class IvfPqStore:
    """Codes in lists, and the vectors themselves; few rows are a flat index without codes."""

    def __init__(self, index: Any) -> None:  # noqa: ANN401 - faiss has no types
        import faiss  # slow to load, so only when a store is made

        self._faiss = index
        whole = getattr(index, "refine_index", None)
        self._exact = FlatStore(faiss.downcast_index(whole) if whole else index)
        self._lists: Any = faiss.extract_index_ivf(index) if whole else None

    @classmethod
    def build(cls, vectors: Rows, *, recall: float = near.RECALL) -> "IvfPqStore":
        """As `FlatStore.build`; recall: of the ten nearest, tuned on some of the rows."""
        import faiss  # slow to load, so only when a store is made

        if len(vectors) <= near.EXACT_ROWS:
            return cls(FlatStore.build(vectors).faiss)
        count, dim = vectors.shape
        lists = round(_LISTS_PER_ROOT * sqrt(count))
        codes = max(n for n in range(1, dim // _DIMS_A_CODE + 1) if dim % n == 0)
        base = faiss.index_factory(
            dim, _CODES.format(lists=lists, codes=codes), faiss.METRIC_INNER_PRODUCT
        )
        base.cp.niter, base.cp.max_points_per_centroid = _ROUNDS, _TRAINED_A_LIST
        chance = np.random.default_rng(_SEED)
        some = np.sort(chance.choice(count, min(_TRAINED_A_LIST * lists, count), replace=False))
        base.train(unit(vectors[some]))
        whole = faiss.IndexFlatIP(dim)
        index = faiss.IndexRefine(base, whole)
        add_units(index, vectors, into=whole)
        store = cls(index)
        base.nprobe, index.k_factor = near.cheapest(
            _EFFORTS,
            store._exact,
            lambda asked, effort: store._near(asked, 10, None, 1.0, effort=effort)[1],
            recall=recall,
        )
        return store

    @classmethod
    def load(cls, path: Path) -> "IvfPqStore":
        """Map a store into memory; raises IndexDamaged on a file that FAISS can't read."""
        kinds = ("IndexRefineFlat", "IndexRefine", "IndexFlatIP", "IndexFlat")
        return cls(read_faiss(path, kinds))

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
        effort: tuple[int, int] | None = None,
    ) -> tuple[Vectors, Ids]:
        """effort: as in `_EFFORTS`; None for the one the store was tuned to.

        The candidates that the ten best need suffice for as many more as are asked for.
        """
        import faiss  # slow to load, so only when a store is made

        lists, candidates = effort or (self._lists.nprobe, self._faiss.k_factor)
        compared = max(10 * candidates / top_k, 2.0)
        ivf = partial(
            faiss.SearchParametersIVF, nprobe=min(round(lists * wider), self._lists.nlist)
        )
        inner = ivf(sel=selected) if selected else ivf()
        asked = faiss.IndexRefineSearchParameters(k_factor=compared, base_index_params=inner)
        scores, found = self._faiss.search(queries, top_k, params=asked)
        return scores, found
