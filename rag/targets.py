"""The table of quantified targets: read, checked, written, and asked by indicator, place, year."""

import csv
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from functools import cache, cached_property
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from rag.errors import BadRequest, ReadError
from rag.figures import to_base_unit, value_number
from rag.indicator_names import IndicatorNames
from rag.indicators import same_indicators
from rag.places import find_places, load_places
from rag.types import Target

_COLUMNS = {"plan": "plan_id"}  # field of Target -> column, where they differ
_OPTIONAL = ("origin",)
_YEAR = re.compile(r"20\d\d")
_NO_REGIONS: Mapping[str, str] = MappingProxyType({})


class _Column(NamedTuple):
    """What a column must hold, as a pattern and in words."""

    pattern: str
    words: str


_CHECKED = {
    "plan": _Column(r".+", "a plan's id, like p027"),
    "page": _Column(r"\d+", "a page number"),
    "indicator": _Column(r".+", "an indicator's name"),
    "year": _Column(r"(20\d\d(-20\d\d)?)?", "a year, a span like 2021-2025, or nothing"),
    "value": _Column(r"(-?[\d.]+|[\d.]+-[\d.]+|\d+/\d+)?", "a number, 2-3, 1/3, or nothing"),
    "baseline_year": _Column(r"(20\d\d)?", "a year or nothing"),
    "origin": _Column("curated|extracted", "curated or extracted"),
}


class TargetTable:
    """Targets in the order given. regions: plan -> the name of the place it is for.

    A plan without a region is found by every question that names no place.
    """

    def __init__(self, rows: Iterable[Target], regions: Mapping[str, str] = _NO_REGIONS) -> None:
        self.rows = tuple(rows)
        self.regions = dict(regions)

    @classmethod
    def read(cls, path: Path, regions: Mapping[str, str] = _NO_REGIONS) -> "TargetTable":
        """Read a CSV as `write` makes it; raises ReadError with the line of a malformed row."""
        try:
            with path.open(encoding="utf-8-sig", newline="") as lines:
                reader = csv.DictReader(lines)
                _check_header(path, reader.fieldnames or ())
                return cls((_row(path, reader.line_num, line) for line in reader), regions)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise ReadError(
                f"{path} can't be read as a table of targets ({error}); "
                "name a CSV in UTF-8, as `corpus/targets.csv` is."
            ) from error

    def write(self, path: Path) -> None:
        """Write a CSV that `read` reads back equal, save for the regions."""
        with path.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.writer(lines, lineterminator="\n")
            writer.writerow(_columns().values())
            writer.writerows(map(attrgetter(*_columns()), self.rows))

    def find(
        self,
        indicator: str | None = None,
        region: str | None = None,
        *,
        year: int | str | None = None,
        plan: str | Collection[str] | None = None,
        within: bool = False,
    ) -> tuple[Target, ...]:
        """The rows that fit all that is given, by year, then highest first, then plan.

        indicator: its name, or words for it in any language (the best of `resolve_indicators`);
        rows that name the same otherwise are found too.
        region: a place in any language; only its own plans, with `within` those of places in it
        too. year: a span of years counts for its last. Heights compare within one dimension
        (千瓦, 吨, % …); rows without a number or a year come last. Raises BadRequest if `region`
        names no place known.
        """
        frame = self._frame
        if indicator is not None:
            frame = frame[frame["indicator"].isin(self._meant(indicator))]
        if region is not None:
            frame = frame[frame["plan"].isin(self._plans_of(region, within=within))]
        if year is not None:
            frame = frame[(frame["year"] == str(year)) | (frame["last"] == str(year))]
        if plan is not None:
            frame = frame[frame["plan"].isin([plan] if isinstance(plan, str) else list(plan))]
        return tuple(self.rows[row] for row in frame.index)

    def resolve_indicators(self, text: str) -> tuple[str, ...]:
        """The table's indicators that a name, phrase or question means, best first; () if none.

        Those with a row for a place and year named in the text come before equals.
        """
        return self._names.resolve(text, likely=self._likely(text))

    @cached_property
    def _names(self) -> IndicatorNames:
        return IndicatorNames(self.rows)

    @cached_property
    def _frame(self) -> Any:  # noqa: ANN401 - pandas is imported where it is needed
        """One row a target, in the order of `find`; the index is its place in `rows`."""
        import pandas as pd  # slow to load

        frame = pd.DataFrame(map(attrgetter(*_columns()), self.rows), columns=list(_columns()))
        frame["last"] = [row.year[-4:] or "9999" for row in self.rows]
        frame["base"] = [to_base_unit(row.unit)[1] for row in self.rows]
        frame["number"] = [value_number(row) for row in self.rows]
        return frame.sort_values(
            ["last", "base", "number", "plan"],
            ascending=[True, True, False, True],
            kind="stable",
            na_position="last",
        )

    def _meant(self, indicator: str) -> frozenset[str]:
        best = self.resolve_indicators(indicator)[:1]
        return same_indicators(best[0]) if best else frozenset()

    def _plans_of(self, region: str, *, within: bool) -> set[str]:
        asked = {place.name for place in find_places(region)}
        if not asked:
            raise BadRequest(
                f"no place known in {region!r}; "
                "name one of `corpus/places.tsv`, such as 浙江 or Hunan."
            )
        return {
            plan
            for plan, around in self._places.items()
            if asked & set(around if within else around[:1])
        }

    @cached_property
    def _places(self) -> dict[str, tuple[str, ...]]:
        """Plan -> its place and those around it, innermost first."""
        around = {place.name: place.within for place in load_places()}
        chains: dict[str, tuple[str, ...]] = {}
        for plan, region in self.regions.items():
            chain = [place.name for place in find_places(region)[:1]]
            while chain and around.get(chain[-1]):
                chain.append(around[chain[-1]])
            chains[plan] = tuple(chain)
        return chains

    def _likely(self, text: str) -> set[str]:
        """Indicators with a row of the places, and if they have any, of the years in the text."""
        asked = {place.name for place in find_places(text)}
        near = [row for row in self.rows if asked & set(self._places.get(row.plan, ())[:1])]
        years = set(_YEAR.findall(text))
        dated = [row for row in near if row.year[-4:] in years]
        return {row.indicator for row in dated or near}


@cache
def _columns() -> dict[str, str]:
    """Field of Target -> its column."""
    return {field.name: _COLUMNS.get(field.name, field.name) for field in fields(Target)}


def _check_header(path: Path, header: Iterable[str]) -> None:
    names = _columns().values()
    missing = [name for name in names if name not in header and name not in _OPTIONAL]
    if missing:
        raise ReadError(
            f"{path}:1 lacks the column {', '.join(missing)}; a table of targets needs "
            f"{','.join(names)} (origin may be left out)."
        )


def _row(path: Path, line: int, cells: Mapping[str, str | None]) -> Target:
    values = {name: cells.get(column) for name, column in _columns().items()}
    values["origin"] = values["origin"] or "curated"
    for name, value in values.items():
        needed = _CHECKED.get(name)
        if value is None or (needed and not re.fullmatch(needed.pattern, value)):
            found = "no cell" if value is None else repr(value)
            raise ReadError(
                f"{path}:{line} has {found} as {_columns()[name]}, needed is "
                f"{needed.words if needed else 'a cell for each column'}; correct that line."
            )
    kept = {name: value for name, value in values.items() if value is not None}
    return Target(**(kept | {"page": int(kept["page"])}))  # type: ignore[arg-type]
