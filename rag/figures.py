"""Numbers of policy text with their units and the years they are for; units -> base units."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rag.types import Target

_NUMBER = r"\d+(?:\.\d+)?"
_UNIT = (
    r"%|[亿万]*千瓦时|[亿万百]*千瓦|MW|GW|兆瓦|[亿万]*立方米|亿方|个百分点"
    r"|[亿万]*吨(?:标准煤|/万平方米|/年|/日)?|[亿万]*平方公里|[亿万]*平方?米|万?公顷|[千百万]*亩"
    r"|万人/平方公里|公里/平方公里|克标准煤/千瓦时|克/千瓦时|公里|万?[个家座台户辆]"
)
_VALUE = re.compile(
    rf"(?<![\d.\-—~])(?P<value>{_NUMBER}(?:%?[-—~～至]{_NUMBER})?)(?P<unit>{_UNIT})?"
    r"(?P<bound>及?以上|以下|以内|左右)?(?![\d.]*[年月日])"
)
_LISTED_UNIT = re.compile(rf"(?:、{_NUMBER})+(?P<unit>{_UNIT})")
_RANGE = re.compile("%?[-—~～至]")
_BASELINE = re.compile(r"(?:比|较|与|在|以|按)“?(?:20\d\d年|十三五”?)[底末]?(?:相比|水平|基础上)?")
# A year that the text only looks back on, or that a slogan carries (2030年前碳达峰), sets nothing.
_YEAR = re.compile(
    r"(?<!\d)(?P<years>20\d\d年?(?:[、和及]20\d\d年?)*)(?<=年)[底末]?+(?:以?前)?+"
    r"(?!\d|以来|度|远景|水平|(?:,?(?:如期|顺利|全面)?实现)?碳达峰)"
    r"|“?(?P<plans>十[三四五]五(?:[”“、和与]+十[四五]五)?)”?(?:规划)?(?P<part>期间|时期|期?末)"
)
_PLANS = {"十三五": "2016-2020", "十四五": "2021-2025", "十五五": "2026-2030"}
_SCALES = {"亿": 1e8, "万": 1e4, "千": 1e3, "百": 1e2}
# One unit a dimension, and how much of it one of another is.
_BASES = {
    "千瓦": ("千瓦", 1.0), "兆瓦": ("千瓦", 1e3), "MW": ("千瓦", 1e3), "GW": ("千瓦", 1e6),
    "立方米": ("立方米", 1.0), "方": ("立方米", 1.0), "吨标煤": ("吨标准煤", 1.0),
    "公顷": ("平方米", 1e4), "亩": ("平方米", 1e4 / 15), "平方公里": ("平方米", 1e6),
    "平米": ("平方米", 1.0), "公里": ("米", 1e3), "克/千瓦时": ("克标准煤/千瓦时", 1.0),
    "t/d": ("吨/日", 1.0),
}  # fmt: skip


class Figure(NamedTuple):
    """`text[start:end]` is a number with its unit and bound (以上, 左右 …); each of them may be "".

    value: as printed, a range as "2-3". since: where the number before it ends.
    years: those named since, for a list of numbers one each; () if none.
    listed: it stands in a list of bare numbers with one unit, like 260、500万千瓦.
    """

    value: str
    unit: str
    bound: str
    years: tuple[str, ...]
    since: int
    start: int
    end: int
    listed: bool = False


def find_figures(text: str) -> Iterator[Figure]:
    """The numbers of a sentence in order, save years, dates and numbers compared with.

    In a list with one unit each number has it.
    """
    years = list(_year_matches(text))
    taken = [match.span() for match in (*years, *_BASELINE.finditer(text))]
    at = 0
    for match in _VALUE.finditer(text):
        if any(start <= match.start() < end for start, end in taken):
            continue
        named = [year for year in years if at <= year.start() < match.start()]
        listed = _LISTED_UNIT.match(text, match.end("value"))
        yield Figure(
            value=_RANGE.sub("-", match["value"]),
            unit=match["unit"] or (listed["unit"] if listed else ""),
            bound=match["bound"] or "",
            years=_years(named[-1]) if named else (),
            since=at,
            start=match.start(),
            end=match.end(),
            listed=bool(listed) or text[at : match.start()] == "、",
        )
        at = match.end()


def find_years(text: str) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """(offset, years) of each naming of years aimed at: "2030", or "2021-2025" for a plan's."""
    return tuple((match.start(), _years(match)) for match in _year_matches(text))


def drop_years(text: str) -> str:
    """The text without the years aimed at."""
    return _YEAR.sub("", text)


def parse_number(value: str) -> float | None:
    """A printed value as a number; the middle of a range, None for words.

    >>> parse_number("2-3"), parse_number("1/3"), parse_number("-26"), parse_number("")
    (2.5, 0.3333333333333333, -26.0, None)
    """
    ends = re.fullmatch(rf"({_NUMBER})-({_NUMBER})", value)
    if ends:
        return (float(ends[1]) + float(ends[2])) / 2
    parts = re.fullmatch(rf"({_NUMBER})/({_NUMBER})", value)
    if parts and float(parts[2]):
        return float(parts[1]) / float(parts[2])
    return float(value) if re.fullmatch(rf"-?{_NUMBER}", value) else None


def to_base_unit(unit: str) -> tuple[float, str]:
    """(factor, base): one `unit` is `factor` of `base`; 万千瓦 is (1e4, "千瓦"), % (1, "%").

    Bases: 千瓦, 千瓦时, 吨, 吨标准煤, 立方米, 平方米, 米, 元; any other unit is its own.
    """
    factor, rest = 1.0, unit
    while len(rest) > 1 and rest[0] in _SCALES and rest[1] not in "人" and rest not in _BASES:
        if rest[0] == "千" and rest[1] in "瓦克":
            break
        factor, rest = factor * _SCALES[rest[0]], rest[1:]
    base, share = _BASES.get(rest, (rest, 1.0))
    return factor * share, base


def value_number(target: Target) -> float | None:
    """The value in the base unit of its dimension (see `to_base_unit`), so that rows
    compare: 1.2亿千瓦 and 12000万千瓦 are 1.2e8. The middle of a range; None for words only.
    """
    number = parse_number(target.value)
    return None if number is None else number * to_base_unit(target.unit)[0]


def _year_matches(text: str) -> Iterator[re.Match[str]]:
    baselines = [match.span() for match in _BASELINE.finditer(text)]
    for match in _YEAR.finditer(text):
        if not any(start <= match.start() < end for start, end in baselines):
            yield match


def _years(match: re.Match[str]) -> tuple[str, ...]:
    if match["years"]:
        return tuple(re.findall(r"20\d\d", match["years"]))
    spans = [_PLANS[plan] for plan in re.findall("十[三四五]五", match["plans"])]
    return tuple(span[-4:] if match["part"].endswith("末") else span for span in spans)
