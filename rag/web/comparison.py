"""Quantified targets side by side: what can be compared, the rows chosen, and where each stands."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

from rag.assistant import Assistant
from rag.figures import parse_number, to_base_unit, value_number
from rag.generators.comparing import find_evidence
from rag.indicators import same_indicators
from rag.rendering import target_row
from rag.types import Document, Evidence, Target

MAX_ROWS = 80  # as many as a picture holds: rag/charts.py


class Offer(NamedTuple):
    """An indicator that can be compared. plans: how many have a figure for it."""

    name: str
    english: str
    plans: int


class Row(NamedTuple):
    """evidence: the words of `document` that hold the figure; None where they can't be told."""

    target: Target
    document: Document
    evidence: Evidence | None


class Bar(NamedTuple):
    """A row with a figure. start, end: shares of the widest bar, 0 to 1."""

    number: int
    row: Row
    start: float
    end: float


class Comparison(NamedTuple):
    """rows: best first within a year. bars: those of one dimension, numbered by their row from 1.

    unit: in which the bars compare. left: how many rows fit and are not among `rows`.
    """

    indicator: str
    rows: tuple[Row, ...]
    bars: tuple[Bar, ...]
    unit: str
    left: int


def offer_indicators(assistant: Assistant) -> tuple[Offer, ...]:
    """Indicators with a figure, names for one taken together, those of most plans first.

    Years by which something happens come last: they are all alike.
    """
    plans: dict[frozenset[str], set[str]] = {}
    dated: set[str] = set()
    names: dict[frozenset[str], Counter[tuple[str, str]]] = {}
    for row in assistant.index.targets.rows:
        if row.value:
            dated |= {row.indicator} if row.unit == "年" else set()
            same = same_indicators(row.indicator)
            plans.setdefault(same, set()).add(row.plan)
            names.setdefault(same, Counter())[row.indicator, row.indicator_en] += 1
    offers = (Offer(*names[same].most_common(1)[0][0], len(plans[same])) for same in plans)
    return tuple(sorted(offers, key=lambda o: (o.name in dated, -o.plans, o.name)))


def offer_limits(assistant: Assistant, indicator: str) -> tuple[list[str], list[str]]:
    """The years and the regions that an indicator has rows of; years ascending."""
    rows = assistant.targets(indicator) if indicator else ()
    regions = {d.work: d.region for d in assistant.documents}
    named = Counter(regions.get(row.plan, "") for row in rows)
    return sorted({row.year for row in rows if row.year}), sorted(filter(None, named))


def usual_years(assistant: Assistant, indicator: str) -> list[str]:
    """The year that most plans set the indicator for, in a list; none if there is no year."""
    rows = assistant.targets(indicator) if indicator else ()
    years = Counter(row.year for row in rows if row.year and row.value)
    return [years.most_common(1)[0][0]] if years else []


def compare(
    assistant: Assistant,
    indicator: str,
    *,
    years: Sequence[str],
    regions: Sequence[str],
    language: str,
) -> Comparison:
    """The rows of an indicator in these years and regions, or in all where none is given.

    language: of the versions of a work to quote, where there are several.
    """
    documents: dict[str, list[Document]] = {}
    for document in sorted(
        assistant.documents, key=lambda d: (d.kind == "brief", d.language != language)
    ):
        documents.setdefault(document.work, []).append(document)
    found = [
        target
        for target in (assistant.targets(indicator) if indicator else ())
        if target.plan in documents
        and (not years or target.year in years)
        and (not regions or documents[target.plan][0].region in regions)
    ]
    rows = tuple(_row(target, documents[target.plan]) for target in found[:MAX_ROWS])
    unit, bars = _bars(rows)
    return Comparison(indicator, rows, bars, unit, len(found) - len(rows))


def table_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """A CSV's rows: those of `rag targets --csv`, with the link and the words they rest on."""
    return [
        target_row(row.target, row.document)
        | {"url": row.document.url, "quote": row.evidence.quote if row.evidence else ""}
        for row in comparison.rows
    ]


def _row(target: Target, documents: Sequence[Document]) -> Row:
    """With the first of a plan's documents that bears the figure out, else the first of all."""
    found = ((document, find_evidence(target, document)) for document in documents)
    document, evidence = next(((d, e) for d, e in found if e), (documents[0], None))
    return Row(target, document, evidence[0] if evidence else None)


def _bars(rows: Sequence[Row]) -> tuple[str, tuple[Bar, ...]]:
    """Rows of the commonest dimension as bars, in its commonest unit."""
    drawn = [(n, row) for n, row in enumerate(rows, 1) if value_number(row.target) is not None]
    units = Counter(row.target.unit for _, row in drawn)
    bases = Counter(to_base_unit(row.target.unit)[1] for _, row in drawn)
    if not drawn:
        return "", ()
    base = bases.most_common(1)[0][0]
    unit = next(unit for unit, _ in units.most_common() if to_base_unit(unit)[1] == base)
    ends = [
        (n, row, *_ends(row.target)) for n, row in drawn if to_base_unit(row.target.unit)[1] == base
    ]
    values = list(chain.from_iterable(each[2:] for each in ends))
    low = min(values) - 1 if unit == "年" else min(*values, 0.0)
    width = max(*values, 0.0) - low or 1.0
    zero = low if unit == "年" else 0.0
    return unit, tuple(
        Bar(n, row, (min(left, right) - low) / width, (max(left, right) - low) / width)
        for n, row, left, right in ((n, row, *_from(a, b, zero)) for n, row, a, b in ends)
    )


def _from(low: float, high: float, zero: float) -> tuple[float, float]:
    """A single figure's bar begins at zero, a range's at its lower end."""
    return (zero, high) if low == high else (low, high)


def _ends(target: Target) -> tuple[float, float]:
    """The ends of a range, or twice the figure, in the base unit."""
    factor = to_base_unit(target.unit)[0]
    parts = target.value.split("-")
    if len(parts) == 2 and all(part.replace(".", "", 1).isdigit() for part in parts):
        return float(parts[0]) * factor, float(parts[1]) * factor
    number = value_number(target) or parse_number(target.value) or 0.0
    return number, number
