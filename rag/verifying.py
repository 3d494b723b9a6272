"""Claims of a language model + the hits it read -> statements with the quotes that bear them out.

Figures, years, units and names of a claim must stand in the passages it cites, and a judge decides
on the rest. A claim that its own passages don't bear out is cited anew where other hits do, else
dropped. Markers that add nothing are dropped as well: ALCE's measure of an irrelevant citation.
source: Gao et al. 2023, "Enabling Large Language Models to Generate Text with Citations", 4.2.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from rag.checking import find_faults, find_instructions
from rag.judging import Judge
from rag.places import find_places
from rag.types import Claim, Document, Evidence, Hit, Query, Statement
from rag.words import Span, find_numerals, split_sentences, tokenize

_MAX_PICKED = 3  # sentences that a quote is made of; more is the whole passage
_WORTH = 0.2  # share of a claim's words that a further sentence must add to be quoted
_COMMAS = re.compile(r"[,，;；]\s*")
_FRAME = re.compile(r"[:：]\s*$|^\s*(?:#|\|)|^[\s\-|:*_]*$")


class Passage(NamedTuple):
    """A hit as evidence. spans: what of its document may be quoted: no instructions in it.

    sources: the texts in which a claim's figures and names may stand.
    """

    hit: Hit
    spans: tuple[Span, ...]
    text: str
    sources: tuple[str, ...]


class Verifier:
    """Verifies the claims of one answer in order.

    The claims of an answer may build on each other: what the one before cites is tried too.
    """

    def __init__(self, query: Query, hits: Sequence[Hit], judge: Judge) -> None:
        self._query = query
        self._hits = hits
        self._judge = judge

    @cached_property
    def _passages(self) -> tuple[Passage, ...]:
        return tuple(map(_passage, self._hits))

    def verify(self, claims: Iterable[Claim]) -> Iterator[Statement | None]:
        """A statement a claim, or None for one that nothing bears out.

        Lead-ins, headings and empty rows of tables state nothing and go without a trace.
        """
        before: tuple[int, ...] = ()
        for claim in claims:
            rows = self._rows(claim, before)
            if rows:
                before = rows
                yield self._statement(claim, rows)
            elif claim.cut or not _FRAME.search(claim.text):
                yield None

    def _rows(self, claim: Claim, before: tuple[int, ...]) -> tuple[int, ...]:
        """The fewest passages that bear a claim out, its own first; () if none do."""
        if claim.cut or not claim.text.strip():
            return ()
        own = self._own(claim)
        others = [(row,) for row in range(len(self._passages)) if (row,) != own]
        joined = tuple(dict.fromkeys((*own, *before)))
        for rows in (own, *others, *([joined] if len(joined) > 1 else [])):
            if rows and self._holds(claim.text, rows):
                return self._needed(claim.text, rows)
        return ()

    def _own(self, claim: Claim) -> tuple[int, ...]:
        """Passages for the parts of a claim: those cited, or the first other that has its words."""
        rows: list[int] = []
        for part in claim.parts:
            cited = [row for row in part.passages if row < len(self._passages)]
            if cited and self._faults(part.text, cited):
                every = range(len(self._passages))
                cited = [row for row in every if not self._faults(part.text, [row])][:1]
            rows += cited
        return tuple(dict.fromkeys(rows))

    def _holds(self, text: str, rows: Sequence[int]) -> bool:
        if self._faults(text, rows) or not self._holds_by_place(text, rows):
            return False
        return self._judge.supports(text, [self._passages[row].text for row in rows])

    def _holds_by_place(self, text: str, rows: Sequence[int]) -> bool:
        """Whether the figures given to one place stand together in a passage with that place."""
        if len(rows) < 2:
            return True
        pieces = [p for p in _COMMAS.split(text) if len(find_places(p)) == 1 and find_numerals(p)]
        return all(any(not self._faults(piece, [row]) for row in rows) for piece in pieces)

    def _needed(self, text: str, rows: tuple[int, ...]) -> tuple[int, ...]:
        """Without the passages that the others can do without; the last ones go first."""
        for row in reversed(rows):
            rest = tuple(other for other in rows if other != row)
            if rest and self._holds(text, rest):
                rows = rest
        return rows

    def _faults(self, text: str, rows: Sequence[int]) -> tuple[str, ...]:
        return find_faults(text, [s for row in rows for s in self._passages[row].sources])

    def _statement(self, claim: Claim, rows: tuple[int, ...]) -> Statement:
        """With the sentences of each passage that bear the claim out, or else all it may quote."""
        passages = [self._passages[row] for row in rows]
        short = tuple(e for p in passages for e in _evidence(p, _picked(claim.text, p)))
        sources = [e.quote for e in short] + [s for p in passages for s in p.sources[1:]]
        if short and not find_faults(claim.text, sources):
            return Statement(claim.text, short, claim.gap)
        whole = tuple(e for p in passages for e in _evidence(p, p.spans))
        return Statement(claim.text, whole, claim.gap)


def _passage(hit: Hit) -> Passage:
    chunk, document = hit.chunk, hit.chunk.document
    tainted = find_instructions(chunk.text)
    bounds = [0, *(offset for run in tainted for offset in run), len(chunk.text)]
    spans = tuple(
        Span(start + chunk.start, end + chunk.start)
        for start, end in zip(bounds[::2], bounds[1::2], strict=True)
        if chunk.text[start:end].strip()
    )
    text = "\n".join(document.text[span.start : span.end] for span in spans)
    context = (document.title, document.region, *document.aliases, *chunk.section)
    clean = (part for part in context if part and not find_instructions(part))
    return Passage(hit, spans, text, (text, *clean, ", ".join(map(str, chunk.pages))))


def _picked(text: str, passage: Passage) -> list[Span]:
    """The sentences of a passage that say what a claim says, in order, its figures first."""
    document = passage.hit.chunk.document
    sentences = list(_sentences(document, passage.spans))
    words = {span: set(tokenize(document.text[span.start : span.end])) for span in sentences}
    wanted, figures = set(tokenize(text)), find_numerals(text) & find_numerals(passage.text)
    picked: list[Span] = []
    while sentences and len(picked) < _MAX_PICKED:
        best = max(sentences, key=lambda s: (len(words[s] & figures), len(words[s] & wanted)))
        gain = len(words[best] & wanted) / max(len(set(tokenize(text))), 1)
        if picked and not words[best] & figures and gain < _WORTH:
            break
        picked.append(best)
        sentences.remove(best)
        wanted, figures = wanted - words[best], figures - words[best]
    return sorted(picked)


def _sentences(document: Document, spans: Iterable[Span]) -> Iterator[Span]:
    for span in spans:
        for sentence in split_sentences(document.text[span.start : span.end]):
            yield Span(sentence.start + span.start, sentence.end + span.start)


def _evidence(passage: Passage, spans: Iterable[Span]) -> Iterator[Evidence]:
    """One piece of evidence a run of spans that nothing but white space parts."""
    document = passage.hit.chunk.document
    runs: list[Span] = []
    for span in spans:
        if runs and not document.text[runs[-1].end : span.start].strip():
            runs[-1] = Span(runs[-1].start, span.end)
        else:
            runs.append(span)
    for start, end in runs:
        yield Evidence(document, start, end, passage.hit.score)
