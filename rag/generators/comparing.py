"""Targets of several plans -> a draft with a row each: region, figure, plan and page.

A row is shown only with words of a document that hold its figure; a region asked for that has no
row is named as such.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rag.places import places_of
from rag.types import Document, Draft, Evidence, Place, Query, Statement, Target
from rag.wording import say, say_pages
from rag.words import find_numerals, split_clauses, tokenize

MAX_ROWS = 12  # a longer table is for `rag targets`
_BEFORE = 200  # characters of the page before in which a clause cut by the page break begins
_LOWEST = re.compile(r"最[低少小早]|更[低少小早严]|lowest|lower|least|earliest", re.IGNORECASE)


Quote = Callable[[Place], Statement | None]


class _Row(NamedTuple):
    target: Target
    document: Document
    evidence: Evidence
    figure: str


def compare_targets(
    query: Query,
    targets: Sequence[Target],
    works: Mapping[str, Sequence[Document]],
    quote: Quote,
) -> Draft:
    """One statement a row, largest figure first; then what is known of the places without a row.

    targets: of one indicator, in the order of the table. works: the documents of each plan id.
    quote: what the passages say of a place; a place of which they give no figure is named as such.
    Empty without a row, or where there is nothing to compare it with.
    """
    rows = list(_rows(query, targets, works))[:MAX_ROWS]
    missing = [place for place in query.places if not _has_row(place, rows)]
    if not rows or len(rows) + len(missing) < 2:
        return Draft(())
    if _LOWEST.search(query.question):
        rows.reverse()
    head = Statement(say(query.language, "compared", indicator=rows[0].target.indicator), ())
    quotes = {place: quote(place) for place in missing}
    told = [statement for statement in quotes.values() if statement]
    untold = [place.name for place, statement in quotes.items() if not statement]
    statements = [head, *(_statement(query, row) for row in rows), *told]
    if untold:
        names = say(query.language, "comma").join(untold)
        statements.append(Statement(say(query.language, "no_figure", places=names), ()))
    return Draft(tuple(statements))


def _rows(
    query: Query, targets: Sequence[Target], works: Mapping[str, Sequence[Document]]
) -> Iterator[_Row]:
    """The targets that words of a document bear out, those of the years asked where there are."""
    years = {str(year) for year in query.years}
    for target in targets:
        if (years and target.year not in years) or not target.value:
            continue
        documents = sorted(works.get(target.plan, ()), key=_preference(query))
        found = next(filter(None, (_evidence(target, d) for d in documents)), None)
        if found:
            evidence, figure = found
            if query.everywhere and _of_other_level(query, evidence.document):
                continue
            yield _Row(target, evidence.document, evidence, figure)


def _of_other_level(query: Query, document: Document) -> bool:
    """各省 asks for provinces, 各市 for cities; a question that says neither asks for all."""
    if re.search(r"省|provinc", query.question):
        return document.level != "province"
    return "市" in query.question and document.level not in ("city", "district")


def _preference(query: Query) -> Callable[[Document], tuple[bool, bool]]:
    """The asker's language first, then the original before its brief."""
    return lambda document: (document.language != query.language, document.kind == "brief")


def _evidence(target: Target, document: Document) -> tuple[Evidence, str] | None:
    """The clause on the target's page that holds its figure and most of its indicator's words."""
    wanted = set(tokenize(f"{target.indicator} {target.scope} {target.indicator_en}"))
    best: tuple[float, Evidence, str] | None = None
    for start, end in _page_clauses(document, target.page):
        text = document.text[start:end]
        figure = _printed(target.value, text)
        if figure:
            score = len(wanted & set(tokenize(text))) / len(wanted)
            if best is None or score > best[0]:
                best = (score, Evidence(document, start, end, score), figure)
    return best and (best[1], best[2])


def _page_clauses(document: Document, page: int) -> Iterator[tuple[int, int]]:
    for span in document.page_spans:
        if span.page == page:
            begin = max(0, span.start - _BEFORE)
            for clause in split_clauses(document.text[begin : span.end + _BEFORE]):
                if clause.end + begin > span.start and clause.start + begin < span.end:
                    yield clause.start + begin, clause.end + begin


def _printed(value: str, text: str) -> str:
    """The figure as the text prints it (27.40 for 27.4), a range where both ends stand; or ""."""
    numerals = {float(n): n for n in find_numerals(text) if n.count(".") < 2 and "," not in n}
    ends = [numerals.get(float(n)) for n in find_numerals(value) if n.count(".") < 2]
    if not ends or None in ends:
        return ""
    return value if len(ends) > 1 else str(ends[0])


def _statement(query: Query, row: _Row) -> Statement:
    target, document = row.target, row.document
    year = "" if not target.year or target.year in map(str, query.years) else target.year
    details = [year, target.scope, say_pages(query.language, row.evidence.pages)]
    if document.status == "draft":
        details.append(say(query.language, "draft"))
    text = say(
        query.language,
        "row",
        region=document.region,
        figure=f"{row.figure}{target.unit}{_shown(target.qualifier)}",
        details=say(query.language, "comma").join(filter(None, details)),
    )
    return Statement(text, (row.evidence,))


def _shown(qualifier: str) -> str:
    """以上, 以下 and 左右 follow a figure; 达到, 力争 and 降至 say nothing that the quote doesn't."""
    return qualifier if qualifier in ("以上", "以下", "左右") else ""


def _has_row(place: Place, rows: Sequence[_Row]) -> bool:
    return any(place.name in places_of(row.document) for row in rows)
