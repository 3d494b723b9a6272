"""What kind of figure a question asks for: its unit, its year, the words right before it."""

import json
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from rag.types import Query
from rag.words import normalize

# A baseline (比2020年), or the peak that every plan aims at (2030年前碳达峰): no year of a target.
_A_YEAR = r"(?<!\d)(?<!\d[.,])20\d\d(?:(?=[年、和至到前])|(?![\d%A-Za-z\u3400-\u9fff]|[.,]\d))"
_OTHER_YEAR = re.compile(r"[比较以]20\d\d年|20\d\d年前\S{0,6}?(?:达峰|峰值)|20\d\d年的?基础上")
YEAR_PHRASE = re.compile(rf"{_OTHER_YEAR.pattern}|[到至]?({_A_YEAR})(?:[、和]{_A_YEAR})*年?前?")
_PERIODS = {
    year: re.compile(
        rf"“?十{digit}五”?(?:期间|时期|期?末|(?:要|将|力争|拟|累计|新增))|1{nth}th Five-Year"
    )
    for year, digit, nth in ((2025, "四", 4), (2030, "五", 5))
}
_HOW_MUCH = re.compile("(?:百分之)?(?:多少|几)")
_FOCUS_CHARS, _FRAME_CHARS = 4, 40
_TABLE = Path(__file__).with_name("asked.json")


class FigureUnit(NamedTuple):
    """A kind of unit: `asked` finds it in a question, `stated` a figure that has it."""

    asked: re.Pattern[str]
    stated: re.Pattern[str]


def asked_unit(query: Query) -> FigureUnit | None:
    """The unit that the figure asked for must have; None if the question leaves it open."""
    question = normalize(query.question)
    return next((unit for unit in _units() if unit.asked.search(question)), None)


def focus(query: Query) -> str:
    """The last words of a Chinese question before its 多少 or 几: what the figure is of."""
    before, *after = _HOW_MUCH.split(normalize(query.question), maxsplit=1)
    if not after or query.language != "zh":
        return ""
    return _pattern("frame").sub("", before[-_FRAME_CHARS:])[-_FOCUS_CHARS:]


def years_in(text: str) -> set[int]:
    """The years for which a text states something; those of baselines and peaking left out.

    What is for the time of a five-year plan is for its last year.
    """
    years = {int(year) for year in re.findall(_A_YEAR, _OTHER_YEAR.sub("", text))}
    return years | {year for year, period in _PERIODS.items() if period.search(text)}


def content_of(query: Query) -> str:
    """The question without the words that only ask: 多少, how many; whole if it has no others."""
    pattern = _asking().get(query.language)
    left = pattern.sub(" ", query.question) if pattern else query.question
    return left if any(char.isalnum() for char in left) else query.question


def asks_when(query: Query) -> bool:
    """Whether it asks for a year or a date."""
    return bool(_pattern("when").search(normalize(query.question)))


def asks_who(query: Query) -> bool:
    """Whether it asks who is to do something."""
    return bool(_pattern("who").search(normalize(query.question)))


def names_body(text: str) -> bool:
    """Whether a text speaks of somebody who can be charged with something, a bureau, a group."""
    return bool(_pattern("bodies").search(text))


@cache
def _pattern(entry: str) -> re.Pattern[str]:
    return re.compile(json.loads(_TABLE.read_text(encoding="utf-8"))[entry], re.IGNORECASE)


@cache
def _asking() -> dict[str, re.Pattern[str]]:
    words = json.loads(_TABLE.read_text(encoding="utf-8"))["asking"]
    return {language: re.compile(each, re.IGNORECASE) for language, each in words.items()}


@cache
def _units() -> tuple[FigureUnit, ...]:
    rows = json.loads(_TABLE.read_text(encoding="utf-8"))["units"]
    return tuple(
        FigureUnit(re.compile(row["asked"], re.IGNORECASE), re.compile(row["stated"]))
        for row in rows
    )
