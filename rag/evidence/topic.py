"""How likely the documents treat what a question is about, from how close anything found comes.

A logistic regression whose coefficients stand in `topic.json`, fitted by
`python -m evals.training.fit_answers` on the training questions, and on questions about other
things altogether or about other things of the places that the documents are of. Whether the figure
asked for is there is for `answerable`.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from rag.evidence.asked import content_of
from rag.evidence.logistic import Logistic, in_order
from rag.evidence.trees import Numbers
from rag.evidence.units import Unit
from rag.glossary import known_share
from rag.places import without_places
from rag.types import Hit, Query

COEFFICIENTS = Path(__file__).with_name("topic.json")
SIGNS = (
    "cosine",  # the highest of any unit
    "score",  # of the best hit
    "foreign",  # share of the units that are in another language than the question
    "foreign_known",  # that, times the share of the question that the glossary puts into Chinese
)
# As in `answerable`.
RISING, FALLING = frozenset({"cosine", "score", "foreign_known"}), frozenset[str]()


def estimate(query: Query, hits: Sequence[Hit], units: Sequence[Unit]) -> float:
    """Probability that the documents treat it, 0 to 1. units: of the hits, in any order."""
    return model().probability(signs(query, hits, units)) if units else 0.0


def signs(query: Query, hits: Sequence[Hit], units: Sequence[Unit]) -> Numbers:
    """In the order of SIGNS; at least one unit is needed."""
    foreign = sum(unit.document.language != query.language for unit in units) / len(units)
    return in_order(SIGNS, {
        "cosine": max(unit.cosine for unit in units),
        "score": hits[0].score,
        "foreign": foreign,
        "foreign_known": foreign * _known(query) if foreign else 0.0,
    })  # fmt: skip


def _known(query: Query) -> float:
    """Of its words beside places, numbers and those that only ask."""
    asked = without_places(content_of(query))
    return 0.0 if query.language == "zh" else known_share(asked, query.language)


@cache
def model() -> Logistic:
    return Logistic.load(COEFFICIENTS, SIGNS)
