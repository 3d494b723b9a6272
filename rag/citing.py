"""Draft -> text with markers and the citations they stand for, each checked.

A statement stays only if every numeral in it stands in its quotes, in their documents' titles,
regions or pages, or in the question; so no figure is shown that its citation lacks.
"""

from collections.abc import Sequence
from typing import NamedTuple

from rag.types import Citation, Draft, Evidence, Query, Statement
from rag.words import find_numerals


class Cited(NamedTuple):
    """lines: the statements kept, with markers. left_out: how many were dropped."""

    lines: tuple[str, ...]
    citations: tuple[Citation, ...]
    left_out: int


def cite(query: Query, draft: Draft) -> Cited:
    """Check each statement and number its evidence in order of first use, from 1.

    The same slice of the same document has one marker however often it is cited.
    """
    markers: dict[tuple[str, int, int], Citation] = {}
    lines = []
    gap = "" if query.language in ("zh", "ja") else " "
    for statement in draft.statements:
        if not _is_borne_out(query, statement):
            continue
        used = [_numbered(markers, evidence) for evidence in statement.evidence]
        markers_text = "".join(f"[{citation.marker}]" for citation in used)
        lines.append(f"{statement.text}{gap if markers_text else ''}{markers_text}")
    return Cited(tuple(lines), tuple(markers.values()), len(draft.statements) - len(lines))


def _numbered(markers: dict[tuple[str, int, int], Citation], evidence: Evidence) -> Citation:
    key = (evidence.document.id, evidence.start, evidence.end)
    if key not in markers:
        markers[key] = Citation(
            marker=len(markers) + 1,
            quote=evidence.quote,
            document=evidence.document,
            section=evidence.document.section_path(evidence.start),
            pages=evidence.pages,
            start=evidence.start,
            end=evidence.end,
            score=evidence.score,
        )
    return markers[key]


def _is_borne_out(query: Query, statement: Statement) -> bool:
    if not all(e.quote.strip() for e in statement.evidence):
        return False
    return find_numerals(statement.text) <= _known_numerals(query, statement.evidence)


def _known_numerals(query: Query, evidence: Sequence[Evidence]) -> frozenset[str]:
    known = find_numerals(query.question)
    for piece in evidence:
        known |= find_numerals(piece.quote) | find_numerals(piece.document.title)
        known |= find_numerals(piece.document.region)
        known |= frozenset(map(str, piece.pages))
    return known
