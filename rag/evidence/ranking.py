"""Units -> units with the probability that they answer, best first.

The trees were fitted on the training questions, whose evidence marks the right sentences:
`python -m evals.training.fit_answers` writes `ranker.json`.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from rag.evidence.asked import asks_who, names_body
from rag.evidence.features import FEATURES, measure
from rag.evidence.trees import Numbers, Trees
from rag.evidence.units import Embed, Unit, cut_units
from rag.places import find_places, places_of
from rag.types import Hit, Query

_APART = 0.5  # what a unit loses whose figure stands in a clause that says nothing asked for
_NOBODY = 0.5  # what a unit keeps that names nobody where that is asked
_REGIONS = ("province", "city", "district")  # what is of the nation is of its ministries too
_CLAUSE = FEATURES.index("clause_below_best")
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
        scores = load_trees().probabilities(rows)
        ranked = put_in_order(query, units, rows, scores)
        self._last = (query, hits, ranked)  # set as one, so that threads see one question's
        return ranked


def put_in_order(query: Query, units: Sequence[Unit], rows: Numbers, scores: Numbers) -> list[Unit]:
    """The units with their scores, best first; of the places asked for, if there are any.

    rows: their features.

    Where a figure is asked for, less for one that stands apart from the question's words, and for
    a unit without any: the trees alone leave 装机比重50% and 消费比重17.7% nearly level.
    Where it is asked who is to do something, less for a unit that speaks of nobody.
    """
    factors = 1 + _APART * rows[:, _CLAUSE] if query.wants_figure else np.ones(len(units))
    if query.kind != "compare" and asks_who(query):
        factors *= [1.0 if names_body(unit.text) else _NOBODY for unit in units]
    scored = (
        unit._replace(score=score)
        for unit, score in zip(units, (factors * scores).tolist(), strict=True)
    )
    return _of_asked_places(query, sorted(scored, key=lambda unit: -unit.score))


def _of_asked_places(query: Query, ranked: list[Unit]) -> list[Unit]:
    """Those of plans of the places; else those that name one, or of what they lie in; else all."""
    regions = [place for place in query.places if place.level in _REGIONS]
    asked, around = ({p.name for p in regions}, {p.within for p in regions})
    return (
        [unit for unit in ranked if asked & places_of(unit.document)]
        or [unit for unit in ranked if asked & {p.name for p in find_places(unit.own_text)}]
        or [unit for unit in ranked if around & places_of(unit.document)]
        or ranked
    )


@cache
def load_trees() -> Trees:
    record = json.loads(TREES.read_text(encoding="utf-8"))
    assert record["features"] == list(FEATURES), "refit: python -m evals.training.fit_answers"
    return Trees.from_record(record)
