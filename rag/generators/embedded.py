"""The generator without a language model: it picks the clauses that answer and quotes them.

Every clause of every hit is scored by how much of the question's vocabulary it and its headings
hold, weighed by rarity, by the figure and the years asked for, and by its passage's own score.
The weights were chosen on the training questions: `evals/LOG.md`.
"""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import NamedTuple

from rag.wording import lead
from rag.types import Document, Draft, Evidence, Hit, Query, Statement
from rag.words import Span, find_numerals, split_clauses, split_sentences, tokenize

# How many characters of quotes an answer may hold, and how many passages it may quote.
_BUDGET = {"fact": (320, 3), "compare": (360, 4), "list": (640, 3), "scope": (700, 4)}
_SHORT_UNIT = 240  # longest unit that is quoted whole; a longer sentence is cut to its clauses
_KEEP_ABOVE = 0.6  # of the best unit's score: weaker ones are not worth the reader's time
_W_HEADING, _W_PASSAGE, _W_FIGURE, _W_YEAR = 0.35, 0.5, 0.25, 0.2
_NO_FIGURE = 0.6  # factor for a unit without a figure where one is asked


class _Unit(NamedTuple):
    """A candidate quote: `document.text[start:end]`."""

    document: Document
    start: int
    end: int
    score: float

    @property
    def text(self) -> str:
        return self.document.text[self.start : self.end]


class EmbeddedGenerator:
    name = "embedded"

    def __init__(self, rarity: Callable[[str], float]) -> None:
        self._rarity = rarity

    def generate(self, query: Query, hits: Sequence[Hit]) -> Draft:
        best_score = max((hit.score for hit in hits), default=0.0)
        units = chain.from_iterable(self._units(query, hit, best_score) for hit in hits)
        ranked = sorted(units, key=lambda unit: -unit.score)
        chosen = _chosen(query, ranked)
        return Draft(tuple(_statement(query, unit) for unit in chosen))

    def _units(self, query: Query, hit: Hit, best_score: float) -> list[_Unit]:
        weights = self._weights(query)
        document, base = hit.chunk.document, hit.chunk.start
        text = hit.chunk.text
        passage = hit.score / best_score if best_score > 0 else 0.0
        units = []
        for span in _spans(query, text):
            start, end = base + span.start, base + span.end
            headings = document.sections_at(start)
            if any(s.start <= start and end <= s.body for s in headings):
                continue  # a heading alone answers nothing
            score = _coverage(weights, text[span.start : span.end])
            path = " ".join(section.title for section in headings)
            score += _W_HEADING * _coverage(weights, path) + _W_PASSAGE * passage
            score += _W_YEAR * _years_met(query, document.text[max(base, start - 80) : end])
            if query.wants_figure:
                figured = bool(find_numerals(_without_years(query, text[span.start : span.end])))
                score = score + _W_FIGURE if figured else score * _NO_FIGURE
            units.append(_Unit(document, start, end, score))
        return units

    def _weights(self, query: Query) -> dict[str, float]:
        """Rarity of each word of the question, places left out, as shares of their sum."""
        place_words = set(chain.from_iterable(tokenize(p.name) for p in query.places))
        words = {w for w in tokenize(query.question) if w not in place_words}
        rarities = {word: self._rarity(word) for word in words}
        whole = sum(rarities.values()) or 1.0
        return {word: rarity / whole for word, rarity in rarities.items()}


def _spans(query: Query, text: str) -> list[Span]:
    """What may be quoted: sentences for lists and scopes, clauses for facts."""
    if query.kind in ("list", "scope"):
        return list(split_sentences(text))
    return [
        span
        for sentence in split_sentences(text)
        for span in (
            [sentence]
            if sentence.end - sentence.start <= _SHORT_UNIT // 2
            else _shifted(split_clauses(text[sentence.start : sentence.end]), sentence.start)
        )
    ]


def _shifted(spans: Sequence[Span], offset: int) -> list[Span]:
    return [Span(start + offset, end + offset) for start, end in spans]


def _coverage(weights: dict[str, float], text: str) -> float:
    found = set(tokenize(text))
    return sum(weight for word, weight in weights.items() if word in found)


def _years_met(query: Query, text: str) -> float:
    if not query.years:
        return 0.0
    return sum(str(year) in text for year in query.years) / len(query.years)


def _without_years(query: Query, text: str) -> str:
    for year in query.years:
        text = text.replace(str(year), "")
    return text


def _chosen(query: Query, ranked: Sequence[_Unit]) -> list[_Unit]:
    """The best units within the budget; the same words are not quoted twice."""
    chars, count = _BUDGET[query.kind]
    chosen: list[_Unit] = []
    for unit in ranked:
        if len(chosen) == count or (chosen and unit.score < _KEEP_ABOVE * chosen[0].score):
            break
        size = sum(u.end - u.start for u in chosen) + unit.end - unit.start
        if chosen and size > chars:
            continue
        if not any(_repeats(unit, other) for other in chosen):
            chosen.append(unit)
    return chosen


def _repeats(unit: _Unit, other: _Unit) -> bool:
    if unit.document.id == other.document.id:
        return unit.start < other.end and other.start < unit.end
    return unit.document.region == other.document.region and unit.text == other.text


def _statement(query: Query, unit: _Unit) -> Statement:
    evidence = Evidence(unit.document, unit.start, unit.end, unit.score)
    return Statement(f"{lead(query.language, evidence)}{unit.text}", (evidence,))
