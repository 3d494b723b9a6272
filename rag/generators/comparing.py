"""Targets of several plans -> a draft with a row each: region, figure, plan and page.

A row is shown only with words of a document that hold its figure; a region asked for that has no
row is named as such.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple, Protocol

from rag.figures import find_figures, find_years, to_base_unit, value_number
from rag.generators.ordering import Limit, asks_rank, find_limit, find_top, keeps, lowest_first
from rag.places import find_places, name_in, places_of, region_in, without_places
from rag.types import Document, Draft, Evidence, Hit, Place, Query, Statement, Target
from rag.wording import lead, name, say, say_pages
from rag.words import find_numerals, normalize, split_clauses, to_number, tokenize

MAX_ROWS = 12  # a longer table is for `rag targets`
_BEFORE = 200  # characters of the page before in which a clause cut by the page break begins
# What a figure's bound is called, in the table or in the text -> phrase.
_QUALIFIERS = {
    "以上": "at_least", "及以上": "at_least", "左右": "about", "以下": "at_most", "以内": "at_most",
}  # fmt: skip
_AIMED = "力争"
_NEAREST = 3  # rows that are shown where none keeps a limit
_SOURCE = re.compile("核电|水电|火电|煤电|气电|风电|光伏|生物质|抽水蓄能|储能")
_LEVELS = {
    "province": re.compile(r"省|provinc|provín|provinz|провинци|المقاطع", re.IGNORECASE),
    "district": re.compile(r"区县|各区|各县|(?:哪[些个])[区县]|\bdistricts?\b", re.IGNORECASE),
    "city": re.compile(
        r"市|\bcit(?:y|ies)\b|städt|stadt|ville|ciudad|cidade|città|город|都市|도시"
    ),
}
_YEAR = re.compile(r"20\d\d")
_QUESTION_END = re.compile("[?？]")
_NEAR_YEAR = 160  # characters before a clause in which its year stands, quoted along with it


class _Row(NamedTuple):
    target: Target
    document: Document
    evidence: Evidence
    figure: str


class Table(Protocol):
    """What is needed of a table of targets; see `rag.targets.TargetTable.find`."""

    def find(self, indicator: str) -> tuple[Target, ...]: ...


class Writer(Protocol):
    """What is needed of a generator, for the places of which the table has no row."""

    def generate(self, query: Query, hits: Sequence[Hit]) -> Draft: ...


class Comparer:
    """Answers a question that compares figures from the table of targets."""

    def __init__(self, table: Table, writer: Writer) -> None:
        self._table = table
        self._writer = writer

    def generate(self, query: Query, hits: Sequence[Hit], documents: Sequence[Document]) -> Draft:
        """One statement a row, largest figure first; then what is known of the places without one.

        documents: those that may be cited. A place of which neither the table nor the hits give a
        figure is named as such, after what they say of it. Empty for another kind of question,
        without a row, or where there is nothing to compare it with.
        """
        of_figures = len(query.places) > 1 and (query.wants_figure or query.years)
        if not (query.everywhere or (query.kind == "compare" and of_figures)):
            return Draft(())
        rows = self._rows(query, documents)
        around = frozenset().union(*(_around(row.document) for row in rows if query.everywhere))
        inside = any(place.name in around for place in query.places)
        missing = [] if inside else [place for place in query.places if not _has_row(place, rows)]
        limit = find_limit(query.question) if query.everywhere else None
        if not rows or (len(rows) + len(missing) < 2 and not (limit or inside)):
            return Draft(())
        head = Statement(say(query.language, "compared", indicator=_named(query, rows[0])), ())
        if limit:
            return Draft((head, *_within(query, rows, limit)))
        quotes = {place: self._quote(query, place, hits) for place in missing}
        told = [statement for statement in quotes.values() if statement]
        top = find_top(query.question)
        shown = _shown(query, rows, top) if top else _shown(query, rows)
        statements = [head, *shown, *self._further(query, rows, documents), *told]
        untold = [name_in(query.language, p) for p, said in quotes.items() if not _has_figure(said)]
        if untold:
            names = say(query.language, "comma").join(untold)
            statements.append(Statement(say(query.language, "no_figure", places=names), ()))
        return Draft(tuple(statements))

    def _further(
        self, query: Query, told: Sequence[_Row], documents: Sequence[Document]
    ) -> Iterator[Statement]:
        """The rows of the indicators that the question asks for after its first question mark."""
        known = {row.target.indicator for row in told}
        for part in filter(str.strip, _QUESTION_END.split(query.question)[1:]):
            rows = self._rows(replace(query, question=part), documents)
            if rows and rows[0].target.indicator not in known:
                known |= {row.target.indicator for row in rows}
                indicator = _named(query, rows[0])
                yield Statement(say(query.language, "compared", indicator=indicator), ())
                yield from _shown(query, rows)

    def _rows(self, query: Query, documents: Sequence[Document]) -> list[_Row]:
        asked = {place.name for place in query.places}
        works: dict[str, list[Document]] = defaultdict(list)
        for document in sorted(documents, key=_preference(query)):
            inside = query.everywhere and asked & _around(document)
            if not asked or inside or asked & places_of(document):
                works[document.work].append(document)
        rows = list(_rows(query, self._table.find(query.question), works))
        if rows and _of_other_source(query, rows[0].target):
            return []
        rows = rows if query.years else _dated(rows)
        if asks_rank(query.question):
            rows.sort(key=_height)
        if lowest_first(query.question):
            rows.reverse()
        return rows

    def _quote(self, query: Query, place: Place, hits: Sequence[Hit]) -> Statement | None:
        """What the passages of a place say, with a figure if any of it has one."""
        of_place = [hit for hit in hits if place.name in places_of(hit.chunk.document)]
        draft = self._writer.generate(replace(query, kind="fact", places=(place,)), of_place)
        best_first = sorted(draft.statements, key=lambda s: not _has_figure(s))
        for evidence in (e for said in best_first for e in said.evidence):
            # With its plan, which the writer names with the first of its quotes alone.
            text = f"{lead(query.language, evidence)}{evidence.quote}"
            return Statement(text, (evidence,))
        return None


def _rows(
    query: Query, targets: Sequence[Target], works: Mapping[str, Sequence[Document]]
) -> Iterator[_Row]:
    """The targets that words of a document bear out, those of the years asked where there are."""
    years = {str(year) for year in query.years}
    seen: set[tuple[str, int, str]] = set()  # two rows of the table may rest on one clause
    for target in targets:
        if (years and target.year not in years) or not target.value:
            continue
        evidences = (find_evidence(target, document) for document in works.get(target.plan, ()))
        found = next(filter(None, evidences), None)
        if found:
            evidence, figure = found
            same = (evidence.document.id, evidence.start, f"{figure} {target.year} {target.scope}")
            if same in seen or (query.everywhere and _of_other_level(query, evidence.document)):
                continue
            seen.add(same)
            yield _Row(target, evidence.document, evidence, figure)


def _within(query: Query, rows: Sequence[_Row], limit: Limit) -> Iterator[Statement]:
    """The rows that keep a limit; that there are none, and the nearest to it."""
    kept = [row for row in rows if keeps(row.target, limit)]
    if kept:
        yield from _shown(query, kept)
        return
    yield Statement(say(query.language, "none_within"), ())
    nearest = sorted(rows, key=_height, reverse=limit.bound in ("below", "at_most"))
    yield from _shown(query, nearest, _NEAREST)


def _of_other_source(query: Query, target: Target) -> bool:
    """Whether the question is of one source of power and the indicator of another."""
    asked, found = (set(_SOURCE.findall(t)) for t in (query.question, target.indicator))
    return bool(asked and found) and not asked & found


def _dated(rows: Sequence[_Row]) -> list[_Row]:
    """The rows, less those whose quote names no year where another gives a region's same figure."""
    named = {(r.document.region, r.figure): _names_year(r) for r in sorted(rows, key=_names_year)}
    return [r for r in rows if _names_year(r) or not named[r.document.region, r.figure]]


def _names_year(row: _Row) -> bool:
    return bool(row.target.year) and row.target.year in row.evidence.quote


def _height(row: _Row) -> tuple[str, float]:
    """Sorts by dimension, there the highest first; what has no number last."""
    number = value_number(row.target)
    return to_base_unit(row.target.unit)[1], math.inf if number is None else -number


def _around(document: Document) -> frozenset[str]:
    """The place in which that of a document lies: of 浙江各市, each lies in 浙江省."""
    return frozenset(place.within for place in find_places(document.region)[-1:])


def _of_other_level(query: Query, document: Document) -> bool:
    """各省 asks for provinces, 各市 for cities; a question that says neither asks for all."""
    question = without_places(query.question)
    asked = next((level for level, words in _LEVELS.items() if words.search(question)), "")
    is_city = document.level == "city" or document.region in _municipalities()
    return bool(asked) and not (is_city if asked == "city" else document.level == asked)


@cache
def _municipalities() -> frozenset[str]:
    """The provinces that are cities."""
    return frozenset(place.name for place in find_places("直辖市"))


def _preference(query: Query) -> Callable[[Document], tuple[bool, bool]]:
    """The asker's language first, then the original before its brief."""
    return lambda document: (document.language != query.language, document.kind == "brief")


def find_evidence(target: Target, document: Document) -> tuple[Evidence, str] | None:
    """The clause on the target's page that holds its figure and most of its indicator's words."""
    wanted = set(tokenize(f"{target.indicator} {target.scope} {target.indicator_en}"))
    best: tuple[float, Evidence, str] | None = None
    for start, end in _page_clauses(document, target.page):
        text = document.text[start:end]
        figure = _printed(target.value, text)
        if figure:
            score = len(wanted & set(tokenize(text))) / len(wanted)
            if best is None or score > best[0]:
                dated = _from_year(target.year, document, start)
                best = (score, Evidence(document, dated, end, score), figure)
    return best and (best[1], best[2])


def _from_year(year: str, document: Document, start: int) -> int:
    """Where to quote from so that the year of a clause at `start` is seen, if it stands near."""
    bodies = (section.body for section in document.sections_at(start) if section.body <= start)
    floor = max(start - _NEAR_YEAR, document.text.rfind("\n", 0, start) + 1, *bodies)
    before = find_years(document.text[floor:start])
    if not before or year not in before[-1][1]:
        return start
    at = floor + before[-1][0]
    return at - (document.text[floor:at][-1:] in tuple("到至"))


def _page_clauses(document: Document, page: int) -> Iterator[tuple[int, int]]:
    for span in document.page_spans:
        if span.page == page:
            begin = max(0, span.start - _BEFORE)
            for clause in split_clauses(document.text[begin : span.end + _BEFORE]):
                if clause.end + begin > span.start and clause.start + begin < span.end:
                    yield clause.start + begin, clause.end + begin


def _printed(value: str, text: str) -> str:
    """The figure as the text prints it (27.40 for 27.4), a range where both ends stand; or ""."""
    numerals = {to_number(n): n for n in find_numerals(text)}
    numbers = map(to_number, find_numerals(value))
    ends = [numerals.get(number) for number in numbers if number is not None]
    if not ends or None in ends:
        return ""
    return value if len(ends) > 1 else str(ends[0])


def _has_figure(statement: Statement | None) -> bool:
    """Whether it quotes a figure other than a year."""
    if statement is None:
        return False
    return any(find_numerals(_YEAR.sub("", e.quote)) for e in statement.evidence)


def _grouped(rows: Sequence[_Row]) -> list[list[_Row]]:
    """The rows of plans of one region that give the same figure go together, in order."""
    groups: dict[tuple[str, ...], list[_Row]] = {}
    for row in rows:
        of = row.target
        key = (row.document.region, row.figure, of.unit, of.qualifier, of.year, of.scope)
        groups.setdefault((*key, row.document.status), []).append(row)
    return list(groups.values())


def _named(query: Query, row: _Row) -> str:
    """The indicator, in Chinese or in English."""
    target = row.target
    return target.indicator if query.language == "zh" else target.indicator_en or target.indicator


def _shown(query: Query, rows: Sequence[_Row], most: int = MAX_ROWS) -> Iterator[Statement]:
    """The first rows as a table, those that agree as one; that there are more than it can hold."""
    groups = _grouped(rows)
    for same in groups[: min(most, MAX_ROWS)]:
        yield _statement(query, same, _label(query, same, rows))
    if len(groups) > MAX_ROWS <= most:
        yield Statement(say(query.language, "more_rows"), ())


def _label(query: Query, same: Sequence[_Row], rows: Sequence[_Row]) -> str:
    """The region; the plans themselves where another one of the region gives another figure."""
    region, works = same[0].document.region, {row.document.work for row in same}
    if any(r.document.region == region and r.document.work not in works for r in rows):
        names = dict.fromkeys(name(query.language, row.document) for row in same)
        return say(query.language, "comma").join(names)
    return region_in(query.language, region)


def _statement(query: Query, same: Sequence[_Row], label: str) -> Statement:
    row, target, document = same[0], same[0].target, same[0].document
    known = find_numerals(query.question) | find_numerals(row.evidence.quote)
    year = "" if target.year in (row.figure, *map(str, query.years)) else target.year
    details = [part for part in (year, target.scope) if find_numerals(part) <= known]
    pages = sorted({page for each in same for page in each.evidence.pages})
    details.append(say_pages(query.language, tuple(pages)))
    if document.status == "draft":
        details.append(say(query.language, "draft"))
    text = say(
        query.language,
        "row",
        region=label,
        figure=_qualified(query.language, row),
        details=say(query.language, "comma").join(filter(None, details)),
    )
    return Statement(text, tuple(each.evidence for each in same))


def _qualified(language: str, row: _Row) -> str:
    """The figure with the bound that the table or its clause gives it, and whether it is aimed at.

    达到, 降至 say nothing that the quote doesn't.
    """
    target, quote = row.target, row.evidence.quote
    figure = f"{row.figure}{target.unit}"
    printed = [f.bound for f in find_figures(normalize(quote)) if f.value == row.figure]
    noted = [bound for bound in _QUALIFIERS if bound in target.note]
    bounds = (target.qualifier, *printed, *noted)
    phrase = next((_QUALIFIERS[bound] for bound in bounds if bound in _QUALIFIERS), "")
    figure = say(language, phrase, figure=figure) if phrase else figure
    return say(language, "aimed", figure=figure) if target.qualifier == _AIMED else figure


def _has_row(place: Place, rows: Sequence[_Row]) -> bool:
    return any(place.name in places_of(row.document) for row in rows)
