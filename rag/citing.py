"""Statements -> text with markers and the citations they stand for, each checked.

A statement stays only if every figure and year in it stands in its quotes, with the same unit and
for the same year, or in their documents' titles, regions, headings or pages, or in the question; so
no figure is shown that its citation lacks. The words around a quote are the program's own; what a
language model writes was verified before, word by word: `rag.verifying`.
"""

from rag.checking import find_false_figures
from rag.types import Citation, Document, Evidence, Query, Statement


class Citer:
    """Numbers the evidence of one answer in order of first use, from 1, as statements come.

    The same slice of the same document has one marker however often it is cited.
    """

    def __init__(self, query: Query) -> None:
        self._query = query
        self._markers: dict[tuple[str, int, int], Citation] = {}
        self.left_out = 0

    @property
    def citations(self) -> tuple[Citation, ...]:
        return tuple(self._markers.values())

    def add(self, statement: Statement | None) -> str:
        """The statement with its markers; "" if it isn't borne out, or None, which counts so."""
        if statement is None or not is_borne_out(self._query, statement):
            self.left_out += 1
            return ""
        used = dict.fromkeys(self._numbered(evidence).marker for evidence in statement.evidence)
        gap = "" if self._query.language in ("zh", "ja") or not used else " "
        return f"{statement.text}{gap}{''.join(f'[{marker}]' for marker in used)}"

    def _numbered(self, evidence: Evidence) -> Citation:
        key = (evidence.document.id, evidence.start, evidence.end)
        if key not in self._markers:
            self._markers[key] = Citation(
                marker=len(self._markers) + 1,
                quote=evidence.quote,
                document=evidence.document,
                section=evidence.document.section_path(evidence.start),
                pages=evidence.pages,
                start=evidence.start,
                end=evidence.end,
                score=evidence.score,
            )
        return self._markers[key]


def is_borne_out(query: Query, statement: Statement) -> bool:
    """Whether the quotes are not empty and hold the statement's figures."""
    if not all(e.quote.strip() for e in statement.evidence):
        return False
    sources = [query.question]
    for evidence in statement.evidence:
        sources += [evidence.quote, *context_of(evidence.document, evidence.start)]
        sources.append(", ".join(map(str, evidence.pages)))
    return not find_false_figures(statement.text, sources)


def context_of(document: Document, offset: int) -> tuple[str, ...]:
    """What a reader of a quote sees beside it: title, region and headings around `offset`."""
    named = (document.title, document.region, *document.aliases, *document.section_path(offset))
    return tuple(filter(None, named))
