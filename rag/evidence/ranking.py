"""Units -> units with the probability that they answer, best first.

The trees were fitted on the training questions, whose evidence marks the right sentences:
`python -m evals.training.fit_answers` writes `ranker.json`.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from rag.evidence.features import FEATURES, has_figure, measure
from rag.evidence.trees import Trees
from rag.evidence.units import Embed, Unit, cut_units
from rag.types import Hit, Query

_NO_FIGURE = 0.5  # factor for a unit without a figure where one is asked: evals/LOG.md
TREES = Path(__file__).with_name("ranker.json")


class Ranker:
    """Scores the units of hits. Keeps its last result, for the gate and the generator ask alike.

    rarity: how much a search word tells, >= 0. embed: as in `cut_units`.
    """

    def __init__(self, rarity: Callable[[str], float], embed: Embed) -> None:
        self.rarity = rarity
        self._embed = embed
        self._last: tuple[Query, Sequence[Hit], list[Unit]] | None = None

    def rank(self, query: Query, hits: Sequence[Hit]) -> list[Unit]:
        """The units of all hits, best first; ties keep the order of hits and text."""
        last = self._last
        if last and last[1] is hits and last[0] == query:
            return last[2]
        units = cut_units(query, hits, self._embed)
        rows = measure(query, hits, units, rarity=self.rarity)
        scores = load_trees().probabilities(rows).tolist() if units else []
        ranked = put_in_order(query, units, scores)
        self._last = (query, hits, ranked)  # set as one, so that threads see one question's
        return ranked


def put_in_order(query: Query, units: Sequence[Unit], scores: Sequence[float]) -> list[Unit]:
    """The units with their scores, best first; less where a figure is asked for and none stated."""
    factors = [
        _NO_FIGURE if query.wants_figure and not has_figure(unit.own_text) else 1.0
        for unit in units
    ]
    scored = (u._replace(score=f * s) for u, f, s in zip(units, factors, scores, strict=True))
    return sorted(scored, key=lambda unit: -unit.score)


@cache
def load_trees() -> Trees:
    record = json.loads(TREES.read_text(encoding="utf-8"))
    assert record["features"] == list(FEATURES), "refit: python -m evals.training.fit_answers"
    return Trees.from_record(record)
