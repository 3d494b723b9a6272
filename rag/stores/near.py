"""What the approximate stores share: when they needn't be, and how far they must look.

They find most of the nearest rows; the scores of what they find are exact.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from rag.stores.files import selector
from rag.stores.flat import FlatStore, unit
from rag.types import Ids, Vectors

EXACT_ROWS = 20_000  # compared one by one within 2 ms, which no graph or list does faster
RECALL = 0.97  # of the ten nearest, aimed at when a store is built: evals/LOG.md
_WIDEST = 8.0  # how many times further a search looks where a filter lets few rows pass
_ASKED, _NEAREST = 200, 10
_MIXED, _AWAY = 3, 0.7  # such queries are found about as hardly as questions are: evals/LOG.md
_SEED = 0

Setting = TypeVar("Setting")
# (unit queries, how many, a FAISS selector or None, how many times further to look) -> found
Near = Callable[[Vectors, int, Any, float], tuple[Vectors, Ids]]


def search_near(
    exact: FlatStore, near: Near, queries: Vectors, *, top_k: int, rows: Ids | None
) -> tuple[Vectors, Ids]:
    """As `Store.search`; exact where few rows are searched or the approximate search runs dry."""
    count = exact.size[0]
    chosen = None if rows is None else np.unique(rows)
    among = count if chosen is None else len(chosen)
    few = among <= max(EXACT_ROWS, top_k)
    if few or queries.shape[1:] != (exact.size[1],) or not top_k or not len(queries):
        return exact.search(queries, top_k, rows)
    selected = None if chosen is None or among == count else selector(chosen, count)
    scores, found = near(unit(queries), top_k, selected, min(count / among, _WIDEST))
    scores = np.clip(scores, -1, 1)
    dry = np.flatnonzero((found < 0).any(axis=1))
    if len(dry):
        scores[dry], found[dry] = exact.search(queries[dry], top_k, rows)
    order = np.lexsort((found, -scores))
    return np.take_along_axis(scores, order, 1), np.take_along_axis(found, order, 1)


def cheapest(
    settings: Sequence[Setting],
    exact: FlatStore,
    search: Callable[[Vectors, Setting], Ids],
    *,
    recall: float,
) -> Setting:
    """The first of `settings`, cheapest first, that finds `recall` of the ten nearest, or the last.

    Asked are sums of three rows, turned away: questions lie between passages, far from each.
    search: unit queries -> the rows of their ten nearest by a setting.
    """
    count, dim = exact.size
    chance = np.random.default_rng(_SEED)
    rows = chance.choice(count, (_MIXED, min(_ASKED, count)))
    kept = np.stack([exact.vector(row) for row in rows.ravel().tolist()])
    between = unit(kept.reshape(*rows.shape, dim).sum(axis=0))
    away = unit(chance.normal(size=between.shape).astype(np.float32))
    asked = unit(between + _AWAY * away)
    truth = exact.search(asked, _NEAREST)[1]
    for setting in settings:
        found = search(asked, setting)
        shared = sum(len(np.intersect1d(a, b)) for a, b in zip(found, truth, strict=True))
        if shared >= recall * truth.size:
            return setting
    return settings[-1]
