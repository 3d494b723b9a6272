"""The values that flow through the program; all frozen, all plain.

document -> section -> chunk -> hit -> citation -> answer. Offsets count Unicode code points of
`Document.text` from 0, end excluded; pages are numbers as printed in the source.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Ids = NDArray[np.int64]
Progress = Callable[[str, int, int], None]  # what is being done, how many are done, of how many
LEVELS = ("national", "ministry", "province", "city", "district")  # of who issued a document
STATUSES = ("final", "draft")


class PageSpan(NamedTuple):
    """`text[start:end]` stands on `page`; spans may overlap where a text is printed twice."""

    page: int
    start: int
    end: int


class Section(NamedTuple):
    """One node of the outline. `text[start:body]` is the heading, `text[body:end]` its content.

    level: 1 is the outermost; a section ends where the next of its own or a lower level begins.
    """

    title: str
    level: int
    start: int
    body: int
    end: int


class Place(NamedTuple):
    """name: its main Chinese name. level: as in Document. within: the name of the place around."""

    name: str
    level: str
    within: str


@dataclass(frozen=True)
class Document:
    """One text as read: what is quoted is always a slice of `text`.

    id:     unique in an index.
    work:   the id shared by the versions of one work, a plan's full text and its briefs; its own
            id where none is given.
    kind:   "original", or "brief" for a summary that cites pages of the original.
    level:  one of `LEVELS`, or "" if not known.
    status: one of `STATUSES`, or "" if not known.
    source: the file it was read from, as an absolute path.
    """

    id: str
    title: str
    text: str
    source: str
    region: str = ""
    level: str = ""
    status: str = ""
    url: str = ""
    language: str = ""
    kind: str = "original"
    work: str = ""
    aliases: tuple[str, ...] = ()
    page_spans: tuple[PageSpan, ...] = ()
    sections: tuple[Section, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "work", self.work or self.id)

    @cached_property
    def pages(self) -> tuple[int, ...]:
        """Every page the document stands on, ascending; empty for a source without pages."""
        return tuple(sorted({span.page for span in self.page_spans}))

    def pages_of(self, start: int, end: int) -> tuple[int, ...]:
        """The pages that hold any of `text[start:end]`, ascending."""
        found = {s.page for s in self.page_spans if s.start < max(end, start + 1) and start < s.end}
        return tuple(sorted(found))

    def section_path(self, offset: int) -> tuple[str, ...]:
        """Titles of the sections around `offset`, outermost first; the document's own left out."""
        titles = (section.title for section in self.sections_at(offset))
        return tuple(title for title in titles if title != self.title)

    def sections_at(self, offset: int) -> tuple[Section, ...]:
        """The sections around `offset`, outermost first."""
        found: list[Section] = []
        number = bisect_right(self._section_starts, offset) - 1
        while number >= 0:
            if offset < self.sections[number].end:
                found.append(self.sections[number])
            number = self._sections_around[number]
        return tuple(reversed(found))

    @cached_property
    def _section_starts(self) -> tuple[int, ...]:
        return tuple(section.start for section in self.sections)

    @cached_property
    def _sections_around(self) -> tuple[int, ...]:
        """For each section the last one before it that is open where it starts; -1 for none.

        Without it the outline would be searched from its begin for each of a book's chunks.
        """
        around: list[int] = []
        is_open: list[int] = []
        for number, section in enumerate(self.sections):
            while is_open and self.sections[is_open[-1]].end <= section.start:
                is_open.pop()
            around.append(is_open[-1] if is_open else -1)
            is_open.append(number)
        return tuple(around)


@dataclass(frozen=True)
class Chunk:
    """A run of a document, `document.text[start:end]`; the chunks of a document tile its text."""

    document: Document = field(repr=False)
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.document.text[self.start : self.end]

    @cached_property
    def section(self) -> tuple[str, ...]:
        return self.document.section_path(self.start)

    @cached_property
    def pages(self) -> tuple[int, ...]:
        return self.document.pages_of(self.start, self.end)

    @property
    def context(self) -> str:
        """Title, region and section path: searched and embedded with the text, never quoted."""
        document = self.document
        return " ".join((document.title, document.region, *document.aliases, *self.section)).strip()


@dataclass(frozen=True)
class Hit:
    """A chunk found for a query. score: higher is better, comparable within one search only.

    also: chunks folded into this one because they say the same, best first.
    """

    chunk: Chunk
    score: float
    also: tuple[Chunk, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A chunk that may become a hit, and what the searches said of it.

    fused: the score of the search. coverage: of the question's words by chunk and context, as BM25
    weighs them. cosine: of the embedder. place: 1 where the document is of a place asked for, -1
    where it is of another, 0 where none is asked for.
    """

    chunk: Chunk
    fused: float
    coverage: float
    cosine: float
    place: float


@dataclass(frozen=True)
class Target:
    """One quantified aim of a plan, as the table of targets holds it.

    plan:      the work it stands in, e.g. "p027". page: as printed.
    indicator: its main Chinese name; scope narrows it ("城镇新建建筑"), "" for the whole region.
    year:      "2030", a span "2021-2025", or "" where the plan names none.
    value:     as printed: a number, a range "2-3", or "" where there are words only (see note).
    qualifier: 左右, 以上, 以下, 力争, 达到, 降至 or "".
    origin:    "curated" by hand, or "extracted" by rule from a newly indexed text.
    """

    plan: str
    page: int
    indicator: str
    indicator_en: str = ""
    scope: str = ""
    year: str = ""
    value: str = ""
    unit: str = ""
    qualifier: str = ""
    baseline_year: str = ""
    note: str = ""
    origin: str = "curated"


Kind = Literal["fact", "list", "scope", "compare"]


@dataclass(frozen=True)
class Query:
    """A question understood.

    everywhere: whether it is asked of all places: 各省, 哪些省, which provinces.
    document_kinds: kinds of documents named, as `rag.kinds` has them: 实施方案, 意见, 草案.
    years:  every year named, and the last year of a five-year plan named.
    chinese: what of a question in another language the glossary says in Chinese, with its places
        and years; "" for a Chinese question, or where the glossary knows nothing of it.
    """

    question: str
    language: str
    kind: Kind
    places: tuple[Place, ...]
    years: tuple[int, ...]
    wants_figure: bool
    chinese: str = ""
    everywhere: bool = False
    document_kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """`document.text[start:end]` supports a statement; score as in Hit."""

    document: Document = field(repr=False)
    start: int
    end: int
    score: float

    @property
    def quote(self) -> str:
        return self.document.text[self.start : self.end]

    @property
    def pages(self) -> tuple[int, ...]:
        return self.document.pages_of(self.start, self.end)


@dataclass(frozen=True)
class Statement:
    """One line of an answer, without markers, and what it rests on.

    gap: what separates it from the statement before.
    """

    text: str
    evidence: tuple[Evidence, ...]
    gap: str = "\n\n"


class ClaimPart(NamedTuple):
    """A run of a claim up to its markers; passages: which of those given they name, from 0."""

    text: str
    passages: tuple[int, ...]


@dataclass(frozen=True)
class Claim:
    """A statement as a language model wrote it, its markers taken out: not verified yet.

    parts: the text cut at its markers. gap: as in Statement. cut: the text broke off within it.
    """

    text: str
    parts: tuple[ClaimPart, ...]
    gap: str = "\n\n"
    cut: bool = False


@dataclass(frozen=True)
class Draft:
    """What a generator proposes; without statements, it found nothing that answers."""

    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Citation:
    """What a marker [n] in an answer stands for; `document.text[start:end] == quote` always."""

    marker: int
    quote: str
    document: Document = field(repr=False)
    section: tuple[str, ...]
    pages: tuple[int, ...]
    start: int
    end: int
    score: float


@dataclass(frozen=True)
class Answer:
    """text: with markers like [1], each with its Citation in `citations`, in order of first use.

    refused: the documents don't answer; `text` then says so and names the nearest they hold.
    answerable: probability that the documents answer, as estimated before anything was written.
    language: ISO 639-1 code of the question. timings_s: seconds per step, and their sum "total".
    resolved: what a follow-up was taken to ask; "" for a question that stands by itself.
    left_out: how many drafted statements were dropped since no passage bears them out.
    """

    question: str
    text: str
    refused: bool
    citations: tuple[Citation, ...]
    language: str
    generator: str
    timings_s: dict[str, float] = field(default_factory=dict, compare=False)
    resolved: str = ""
    left_out: int = 0
    answerable: float = 1.0
