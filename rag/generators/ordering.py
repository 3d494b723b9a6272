"""What a question asks of rows of figures: which come first, and above or below what.

The wording is `ordering.json`, regular expressions for all languages together.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from rag.figures import find_figures, parse_number, to_base_unit, value_number
from rag.types import Target
from rag.words import normalize

_TABLE = Path(__file__).with_name("ordering.json")
_BOUNDS = ("at_least", "at_most", "above", "below")  # 不低于 is no 低于: in this order
_AFTER = {"以上": "at_least", "及以上": "at_least", "以下": "at_most", "以内": "at_most"}
_PERCENT = re.compile(r"\s*(?:percent|per cent)\b")
_ENGLISH = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_BETWEEN = 4  # characters that may part 超过 and its number: 超过了、more than about


class Limit(NamedTuple):
    """bound: one of the four. number, unit: in a base unit of `rag.figures.to_base_unit`."""

    bound: str
    number: float
    unit: str


def lowest_first(question: str) -> bool:
    return bool(_pattern("lowest").search(question))


def asks_rank(question: str) -> bool:
    """Whether it asks for the first or the last of many: the highest, 最低."""
    return lowest_first(question) or bool(_pattern("highest").search(question))


def find_top(question: str) -> int | None:
    """How many of the first or last are asked for, the top 3, 最低的三个省; None if not said."""
    for entry, values in (("top", "一二三四五六七八九十"), ("top_en", _ENGLISH)):
        found = _pattern(entry).search(normalize(question).lower())
        if found:
            said = found[1].replace("两", "二")
            return int(said) if said.isdigit() else values.index(said) + 1
    return None


def find_limit(question: str) -> Limit | None:
    """The limit that rows are to keep, 超过30%, above 30%; None without one."""
    text = re.sub(r"(?<=\d)\s+(?=[%A-Z])", "", _PERCENT.sub("%", normalize(question)))
    for figure in find_figures(text):
        number = parse_number(figure.value)
        bound = _AFTER.get(figure.bound) or _before(text, figure.start)
        if number is not None and bound:
            factor, unit = to_base_unit(figure.unit)
            return Limit(bound, number * factor, unit)
    return None


def keeps(target: Target, limit: Limit) -> bool:
    """Whether a row keeps a limit; never if it is of another dimension."""
    number = value_number(target)
    if number is None or to_base_unit(target.unit)[1] != limit.unit:
        return False
    return {
        "above": number > limit.number,
        "below": number < limit.number,
        "at_least": number >= limit.number,
        "at_most": number <= limit.number,
    }[limit.bound]


def _before(text: str, at: int) -> str:
    """The bound whose words stand right before the number at `at`, "" without one."""
    for bound in _BOUNDS:
        ends = [match.end() for match in _pattern(bound).finditer(text, 0, at)]
        if ends and at - ends[-1] < _BETWEEN:
            return bound
    return ""


@cache
def _pattern(entry: str) -> re.Pattern[str]:
    words = json.loads(_TABLE.read_text(encoding="utf-8"))[entry]
    return re.compile(words, re.IGNORECASE)
