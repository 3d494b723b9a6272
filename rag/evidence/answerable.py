"""How likely the documents answer a question, from the units they offer.

The trees in `answerable.json` were fitted on the training questions, and on the same without the
passages that answer them, by `python -m evals.training.fit_answers`. None of them may hold more
support against an answer, so that little support never looks like much.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from rag.evidence.asked import focus
from rag.evidence.features import Asked, as_shares, cover, has_figure, words_in
from rag.evidence.trees import Numbers, Trees
from rag.evidence.units import Unit
from rag.types import Query
from rag.words import normalize

TREES = Path(__file__).with_name("answerable.json")
SIGNS = (
    "best",  # score of the best unit
    "best_three",  # sum of the three best scores
    "content",  # share of the question's content that the best unit holds
    "missing",  # of the content, what the best unit and its headings lack
    "unknown",  # what every unit lacks
    "focus",  # share of the words right before 多少 that the best unit holds; 1 if there are none
    "asks_figure",
    "asks_unit",  # the figure asked for has a unit
    "best_with_unit",  # best score of a unit with a figure of that unit; of any if none is asked
    "content_with_unit",  # the most content that such a unit holds
    "content_with_figure",
    "year_met",  # of the best unit, as in Unit
    "asks_year",
    "cosine",  # of the embedded model, question and best unit
    "best_cosine",  # the highest of any unit
    "margin",  # best score less the second best
    "other_work",  # best score of a unit of another plan
    "asks_list",
    "asks_scope",
    "foreign",  # the question isn't Chinese
)  # fmt: skip
# The more of these, the likelier an answer; the more of the others, the less so; else either way.
RISING = frozenset({
    "best", "best_three", "content", "focus", "best_with_unit", "content_with_unit",
    "content_with_figure", "year_met", "cosine", "best_cosine",
})  # fmt: skip
FALLING = frozenset({"missing", "unknown"})


def estimate(query: Query, ranked: Sequence[Unit], rarity: Callable[[str], float]) -> float:
    """Probability that the documents answer, 0 to 1. ranked: best first."""
    if not ranked:
        return 0.0
    return probability(signs(query, ranked, rarity))


def probability(row: Numbers) -> float:
    """What the trees make of the signs."""
    return float(_load()[0].probabilities(row[None])[0])


def threshold(query: Query) -> float:
    """The probability under which the documents are taken not to answer."""
    return _load()[1]["figure" if query.wants_figure else "other"]


def signs(query: Query, ranked: Sequence[Unit], rarity: Callable[[str], float]) -> Numbers:
    """In the order of SIGNS; at least one unit is needed."""
    asked = Asked(query, rarity)
    best = ranked[0]
    content = _content(asked, best)
    top = words_in(best.own_text) | words_in(" ".join(best.document.section_path(best.clause)))
    every = frozenset().union(*(words_in(unit.own_text) for unit in ranked))
    last = frozenset(word for word in words_in(focus(query)) if len(word) > 1)
    held = [cover(content, words_in(unit.own_text)) for unit in ranked]
    figure = [not query.wants_figure or has_figure(normalize(u.own_text)) for u in ranked]
    unit = figure
    if asked.unit:
        stated = asked.unit.stated
        unit = [bool(stated.search(normalize(u.own_text))) for u in ranked]
    values = {
        "best": best.score,
        "best_three": sum(unit.score for unit in ranked[:3]),
        "content": held[0],
        "missing": 1 - cover(content, top),
        "unknown": 1 - cover(content, every),
        "focus": len(last & top) / len(last) if last else 1.0,
        "asks_figure": query.wants_figure,
        "asks_unit": asked.unit is not None,
        "best_with_unit": _most([u.score for u in ranked], unit),
        "content_with_unit": _most(held, unit),
        "content_with_figure": _most(held, figure),
        "year_met": best.year_met,
        "asks_year": bool(query.years),
        "cosine": best.cosine,
        "best_cosine": max(unit.cosine for unit in ranked),
        "margin": best.score - ranked[1].score if len(ranked) > 1 else best.score,
        "other_work": next((u.score for u in ranked if u.document.work != best.document.work), 0.0),
        "asks_list": query.kind == "list",
        "asks_scope": query.kind == "scope",
        "foreign": query.language != "zh",
    }
    return np.array([float(values[name]) for name in SIGNS])


def _content(asked: Asked, best: Unit) -> dict[str, float]:
    """The question's words beyond title and places, as shares of what they tell.

    Words of two characters or more, numbers left out: single Han characters say little.
    """
    rest = asked.titled(best.document).rest
    return as_shares({w: v for w, v in rest.items() if len(w) > 1 and not w[0].isdigit()})


def _most(values: Sequence[float], fit: Sequence[bool]) -> float:
    return max((value for value, met in zip(values, fit, strict=True) if met), default=0.0)


@cache
def _load() -> tuple[Trees, dict[str, float]]:
    """The trees, and the thresholds for a figure and for what is none."""
    record = json.loads(TREES.read_text(encoding="utf-8"))
    assert record["signs"] == list(SIGNS), "refit: python -m evals.training.fit_answers"
    return Trees.from_record(record), record["thresholds"]
