"""Hits -> units that may be quoted, each scored by how well it answers.

A unit is a sentence or a clause, cut at headings, so that a quote never begins in one section and
ends in another. The weights were chosen on the training questions: `evals/LOG.md`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from rag.places import places_of
from rag.types import Document, Hit, Query
from rag.words import Span, find_numerals, split_clauses, split_sentences, tokenize

_HEADING, _PASSAGE, _FIGURE, _YEAR = 0.35, 0.8, 0.25, 0.25
_NO_FIGURE = 0.6  # factor for a unit without a figure where one is asked
_SHORT_SENTENCE = 120  # quoted whole; a longer one is cut to its clauses
_YEAR_BEFORE = 400  # characters before a clause in which its year may stand
_YEAR_JOINED = 160  # the clause is quoted from its year on if that stands no further away
# Factors: a brief is quoted where it says it better, another language where the asker's says less.
_OTHER_PLACE, _BRIEF, _OTHER_LANGUAGE = 0.7, 0.9, 0.6
_ITEM_MARK = re.compile(r"\s*[-*+]\s+")
_PAGE_REFERENCE = re.compile(r"\s*(?:[(（]第[^)）]*页[)）]|\(pp?\.[^)]*\))\s*$")
# 2030年 and "by 2030" are years, 2000万千瓦 and 2,000 are none.
_A_YEAR = r"(?<![\d.,])20\d\d(?:(?=[年、和至到前])|(?![\d%A-Za-z\u3400-\u9fff]|[.,]\d))"
# A baseline (比2020年), or the peak that every plan aims at (2030年前碳达峰): no year of a target.
_OTHER_YEAR = re.compile(r"[比较以]20\d\d年|20\d\d年前\S{0,6}?(?:达峰|峰值)|20\d\d年的?基础上")
_YEAR_PHRASE = re.compile(rf"{_OTHER_YEAR.pattern}|[到至]?({_A_YEAR})(?:[、和]{_A_YEAR})*年?前?")


class Unit(NamedTuple):
    """A candidate quote, `document.text[start:end]`; score is comparable within one question."""

    document: Document
    start: int
    end: int
    score: float

    @property
    def text(self) -> str:
        return self.document.text[self.start : self.end]


def score_units(query: Query, hits: Sequence[Hit], rarity: Callable[[str], float]) -> list[Unit]:
    """The units of all hits, best first; ties keep the order of hits and text."""
    best = max((hit.score for hit in hits), default=0.0)
    own = _word_weights(query, query.question, rarity)
    chinese = _word_weights(query, query.chinese, rarity) if query.chinese else own
    units = chain.from_iterable(
        _units_of(
            query,
            hit,
            chinese if hit.chunk.document.language == "zh" else own,
            hit.score / best if best > 0 else 0.0,
        )
        for hit in hits
    )
    return sorted(units, key=lambda unit: -unit.score)


def _units_of(query: Query, hit: Hit, weights: dict[str, float], passage: float) -> Iterator[Unit]:
    document = hit.chunk.document
    factor = _document_factor(query, document)
    for span in _spans(query, document, hit.chunk.start, hit.chunk.end):
        text = document.text[span.start : span.end]
        if document.kind == "brief" and not document.pages_of(span.start, span.end):
            continue  # its introduction stands on no page of the plan
        path = " ".join(document.section_path(span.start))
        score = _coverage(weights, text) + _HEADING * _coverage(weights, path)
        score += _PASSAGE * passage
        start = span.start
        if query.years:
            met, start = _year_met(query, document, span)
            score += _YEAR * met
        if query.wants_figure:
            has_figure = bool(find_numerals(_YEAR_PHRASE.sub("", text)))
            score = score + _FIGURE if has_figure else score * _NO_FIGURE
        yield Unit(document, start, span.end, score * factor)


def _document_factor(query: Query, document: Document) -> float:
    """Less than 1 for another place than asked, another language, a brief beside its original."""
    asked = {place.name for place in query.places}
    factor = 1.0 if not asked or asked & places_of(document) else _OTHER_PLACE
    if document.language != query.language:
        factor *= _OTHER_LANGUAGE
    return factor * _BRIEF if document.kind == "brief" else factor


def _spans(query: Query, document: Document, start: int, end: int) -> Iterator[Span]:
    """What may be quoted: sentences, and for facts and comparisons the clauses of long ones.

    A page reference that follows a full stop is a sentence of its own, and left out.
    """
    for part in _between_headings(document, start, end):
        for whole in _shifted(split_sentences(document.text[part.start : part.end]), part):
            sentence = _trimmed(document, whole)
            if query.kind in ("list", "scope") or _length(sentence) <= _SHORT_SENTENCE:
                yield from [sentence] if _length(sentence) else []
            else:
                inside = document.text[sentence.start : sentence.end]
                yield from _shifted(split_clauses(inside), sentence)


def _between_headings(document: Document, start: int, end: int) -> Iterator[Span]:
    """The runs of body text in [start, end): headings are left out, and never run across."""
    at = start
    for section in document.sections:
        if section.start < end and start < section.body:
            if section.start > at:
                yield Span(at, section.start)
            at = max(at, min(section.body, end))
    if at < end:
        yield Span(at, end)


def _trimmed(document: Document, span: Span) -> Span:
    """Without the mark of a list item before and, in a brief, the page reference after."""
    text = document.text[span.start : span.end]
    mark = _ITEM_MARK.match(text)
    start = span.start + (mark.end() if mark else 0)
    reference = _PAGE_REFERENCE.search(text) if document.kind == "brief" else None
    return Span(start, span.start + reference.start() if reference else span.end)


def _shifted(spans: Iterable[Span], base: Span) -> Iterator[Span]:
    return (Span(span.start + base.start, span.end + base.start) for span in spans)


def _length(span: Span) -> int:
    return span.end - span.start


def _word_weights(query: Query, text: str, rarity: Callable[[str], float]) -> dict[str, float]:
    """Rarity of each word of the text asked, places left out, as shares of their sum."""
    place_words = set(chain.from_iterable(tokenize(place.name) for place in query.places))
    rarities = {w: rarity(w) for w in tokenize(text) if w not in place_words}
    whole = sum(rarities.values()) or 1.0
    return {word: value / whole for word, value in rarities.items()}


def _coverage(weights: dict[str, float], text: str) -> float:
    """Share of the question's vocabulary that the text holds, 0 to 1."""
    found = set(tokenize(text))
    return sum(weight for word, weight in weights.items() if word in found)


def _year_met(query: Query, document: Document, span: Span) -> tuple[float, int]:
    """How well the unit's year fits, -1 to 1, and where to quote from so that it is seen.

    A clause without a year of its own has that of the clauses before it in its sentence or section.
    """
    text = document.text[span.start : span.end]
    own = _years_in(text)
    if own:
        met = len(own & set(query.years)) / len(query.years)
        return met or -1.0, span.start
    floor = max(span.start - _YEAR_BEFORE, _body_start(document, span.start))
    before = [m for m in _YEAR_PHRASE.finditer(document.text, floor, span.start) if m.group(1)]
    if not before:
        return 0.0, span.start
    years = _years_in(before[-1].group())
    near = span.start - before[-1].start() <= _YEAR_JOINED
    if not years & set(query.years):
        return -1.0, span.start
    return 1.0, before[-1].start() if near else span.start


def _years_in(text: str) -> set[int]:
    """The years for which a text states something; those of baselines and peaking left out."""
    return {int(year) for year in re.findall(_A_YEAR, _OTHER_YEAR.sub("", text))}


def _body_start(document: Document, offset: int) -> int:
    """Where the body of the innermost section around `offset` begins."""
    around = document.sections_at(offset)
    return around[-1].body if around and around[-1].body <= offset else 0
