"""How likely the documents give the figure a question asks for, from the units they offer.

A logistic regression whose coefficients stand in `answerable.json`, fitted on the training
questions by `python -m evals.training.fit_answers`; none of them may count support against an
answer. What asks for no figure is judged by `topic` alone: people ask in vain for figures, and no
sign here tells when they ask in vain for words.
"""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from rag.evidence.asked import focus
from rag.evidence.features import Asked, Weights, as_shares, cover, has_figure, telling, words_in
from rag.evidence.logistic import Logistic, in_order
from rag.evidence.trees import Numbers
from rag.evidence.units import Unit
from rag.types import Query
from rag.words import normalize

COEFFICIENTS = Path(__file__).with_name("answerable.json")
SIGNS = (
    "best",  # score of the best unit
    "best_three",  # sum of the three best scores
    "content",  # share of the question's content that the best unit holds
    "missing",  # of the content, what the best unit and its headings lack
    "unknown",  # what every unit lacks
    "focus",  # share of the words right before 多少 that the best unit holds; 1 if there are none
    "asks_unit",  # the figure asked for has a unit
    "best_with_unit",  # best score of a unit with a figure of that unit; of any if none is asked
    "content_with_unit",  # the most content that such a unit holds
    "content_with_figure",
    "year_met",  # of the best unit, as in Unit
    "asks_year",
)  # fmt: skip
# The more of these, the likelier an answer; the more of the others, the less so; else either way.
RISING = frozenset({
    "best", "best_three", "content", "focus", "best_with_unit", "content_with_unit",
    "content_with_figure", "year_met",
})  # fmt: skip
FALLING = frozenset({"missing", "unknown"})


def estimate(query: Query, ranked: Sequence[Unit], rarity: Callable[[str], float]) -> float:
    """Probability that the figure is there, 0 to 1; 1 if none is asked for. ranked: best first."""
    if not query.wants_figure:
        return 1.0
    return model().probability(signs(query, ranked, rarity)) if ranked else 0.0


def signs(query: Query, ranked: Sequence[Unit], rarity: Callable[[str], float]) -> Numbers:
    """In the order of SIGNS; at least one unit is needed."""
    asked = Asked(query, rarity)
    best = ranked[0]
    content = _content(asked, best)
    top = words_in(best.own_text) | words_in(" ".join(best.document.section_path(best.clause)))
    every = frozenset().union(*(words_in(unit.own_text) for unit in ranked))
    last = frozenset(word for word in words_in(focus(query)) if len(word) > 1)
    held = [cover(content, words_in(unit.own_text)) for unit in ranked]
    figure = [has_figure(normalize(unit.own_text)) for unit in ranked]
    unit = figure
    if asked.unit:
        stated = asked.unit.stated
        unit = [bool(stated.search(normalize(u.own_text))) for u in ranked]
    return in_order(SIGNS, {
        "best": best.score,
        "best_three": sum(unit.score for unit in ranked[:3]),
        "content": held[0],
        "missing": 1 - cover(content, top),
        "unknown": 1 - cover(content, every),
        "focus": len(last & top) / len(last) if last else 1.0,
        "asks_unit": asked.unit is not None,
        "best_with_unit": _most([u.score for u in ranked], unit),
        "content_with_unit": _most(held, unit),
        "content_with_figure": _most(held, figure),
        "year_met": best.year_met,
        "asks_year": bool(query.years),
    })  # fmt: skip


def _content(asked: Asked, best: Unit) -> Weights:
    """The question's telling words beyond title and places, as shares of what they tell."""
    return as_shares(telling(asked.titled(best.document).rest))


def _most(values: Sequence[float], fit: Sequence[bool]) -> float:
    return max((value for value, met in zip(values, fit, strict=True) if met), default=0.0)


@cache
def model() -> Logistic:
    return Logistic.load(COEFFICIENTS, SIGNS)
