"""Hits -> units that may be quoted: sentences and clauses, cut at headings.

So a quote never begins in one section and ends in another.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from rag.evidence.asked import YEAR_PHRASE, asks_who, years_in
from rag.places import without_places
from rag.types import Document, Hit, Query, Vectors
from rag.words import Span, split_clauses, split_sentences

_SHORT_SENTENCE = 120  # quoted whole; a longer one is cut to its clauses
_YEAR_BEFORE = 400  # characters before a clause in which its year may stand
_YEAR_JOINED = 160  # the clause is quoted from its year on if that stands no further away
_ITEM_MARK = re.compile(r"\s*[-*+]\s+")
Embed = Callable[[Sequence[str]], Vectors]  # texts -> rows of length 1, (n, dim)
# (省发展改革委负责), or the names of bodies alone: (市交通委、市规划自然资源委).
_NAME = r"[^()（）〔〕、，,。;；\d]"
NOTE = re.compile(
    r"([(（〔](?:[^()（）〔〕]{0,300}(?:负责|牵头|配合|单位)[^()（）〔〕]{0,300}"
    rf"|{_NAME}{{1,30}}[委局厅部办司院府](?:[、，,]{_NAME}{{1,40}})+)[)）〕])\s*"
)
_PAGE_REFERENCE = re.compile(r"\s*(?:[(（]第[^)）]*页[)）]|\(pp?\.[^)]*\))\s*$")


class Unit(NamedTuple):
    """A candidate quote, `document.text[start:end]`.

    clause: where its own words begin; from `start` to there stands the year that it is for.
    year_met: how well its year fits those asked, -1 to 1. hit: rank of its hit, from 0.
    cosine: of its own words and the question's. score: probability that it answers, 0 to 1.
    """

    document: Document
    start: int
    end: int
    clause: int
    year_met: float
    hit: int
    cosine: float = 0.0
    score: float = 0.0

    @property
    def text(self) -> str:
        return self.document.text[self.start : self.end]

    @property
    def own_text(self) -> str:
        return self.document.text[self.clause : self.end]


def cut_units(query: Query, hits: Sequence[Hit], embed: Embed) -> list[Unit]:
    """The units of all hits, in the order of hits and text; each once.

    embed: by the model that ships with the program, whatever the index is searched with: what is
    fitted on these cosines holds for its vectors alone.
    """
    units: dict[tuple[str, int, int], Unit] = {}
    for rank, hit in enumerate(hits):
        document = hit.chunk.document
        for span in _spans(query, document, hit.chunk.start, hit.chunk.end):
            if document.kind == "brief" and not document.pages_of(span.start, span.end):
                continue  # its introduction stands on no page of the plan
            met, start = _year_met(query, document, span) if query.years else (0.0, span.start)
            unit = Unit(document, start, span.end, span.start, met, rank)
            units.setdefault((document.id, span.start, span.end), unit)
    return _with_cosines(query, list(units.values()), embed)


def _with_cosines(query: Query, units: Sequence[Unit], embed: Embed) -> list[Unit]:
    """Names of places are left out of the question: a passage of a plan seldom repeats them."""
    left = without_places(query.question)
    asked = left if any(char.isalnum() for char in left) else query.question
    vectors = embed([asked, *(unit.own_text for unit in units)])
    cosines = (vectors[1:] @ vectors[0]).tolist()
    return [unit._replace(cosine=cosine) for unit, cosine in zip(units, cosines, strict=True)]


def _spans(query: Query, document: Document, start: int, end: int) -> Iterator[Span]:
    """What may be quoted: sentences, and for facts and comparisons the clauses of long ones.

    A page reference that follows a full stop is a sentence of its own, and left out.
    """
    for part in _between_headings(document, start, end):
        sentences = _shifted(split_sentences(document.text[part.start : part.end]), part)
        for whole in _with_notes(query, document, sentences):
            sentence = _trimmed(document, whole)
            if query.kind in ("list", "scope") or _length(sentence) <= _SHORT_SENTENCE:
                yield from [sentence] if _length(sentence) else []
            else:
                inside = document.text[sentence.start : sentence.end]
                yield from _joined(document, _shifted(split_clauses(inside), sentence))


def _with_notes(query: Query, document: Document, sentences: Iterable[Span]) -> Iterator[Span]:
    """The sentences without the notes of who is responsible, (省发展改革委负责).

    Where that is asked, the sentence before such a note ends with it; by itself it says nothing.
    """
    before: Span | None = None
    for sentence in sentences:
        note = NOTE.match(document.text, sentence.start, sentence.end)
        if note and before and asks_who(query):
            before = before._replace(end=note.end(1))
        rest = sentence._replace(start=note.end()) if note else sentence
        if document.text[rest.start : rest.end].strip():
            if before:
                yield before
            before = rest
    if before:
        yield before


def _joined(document: Document, clauses: Iterable[Span]) -> Iterator[Span]:
    """The clauses, a note with the one before it."""
    before: Span | None = None
    for clause in clauses:
        if before and NOTE.fullmatch(document.text, clause.start, clause.end):
            before = before._replace(end=clause.end)
            continue
        if before:
            yield before
        before = clause
    if before:
        yield before


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


def _year_met(query: Query, document: Document, span: Span) -> tuple[float, int]:
    """How well the unit's year fits, -1 to 1, and where to quote from so that it is seen.

    A clause without a year of its own has that of the clauses before it in its sentence or section.
    """
    text = document.text[span.start : span.end]
    own = years_in(text)
    if own:
        met = len(own & set(query.years)) / len(query.years)
        return met or -1.0, span.start
    floor = max(span.start - _YEAR_BEFORE, _body_start(document, span.start))
    if document.kind == "brief":  # each line of one stands by itself
        floor = max(floor, document.text.rfind("\n", 0, span.start) + 1)
    before = [m for m in YEAR_PHRASE.finditer(document.text, floor, span.start) if m.group(1)]
    if not before:
        return 0.0, span.start
    years = years_in(before[-1].group())
    near = span.start - before[-1].start() <= _YEAR_JOINED
    if not years & set(query.years):
        return -1.0, span.start
    return 1.0, before[-1].start() if near else span.start


def _body_start(document: Document, offset: int) -> int:
    """Where the body of the innermost section around `offset` begins."""
    around = document.sections_at(offset)
    return around[-1].body if around and around[-1].body <= offset else 0
