"""The number of items that a question speaks of: 十大行动, the ten actions, zehn Maßnahmen.

The wording is `counted.json`: there the numbers are 2 to 12 in order, parted by spaces; `between`
is what may stand between number and noun; each noun is a regular expression with the noun of a
Chinese heading, "" for its own characters.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from rag.types import Query
from rag.words import normalize

_TABLE = Path(__file__).with_name("counted.json")
_UNPARTED = ("zh", "ja", "ko")  # a number may follow a letter there, but not 第, "the n-th"


class _Counted(NamedTuple):
    """numbers, nouns: each in a group of its own, in this order."""

    pattern: re.Pattern[str]
    numbers: dict[str, int]
    nouns: dict[str, str]


def find_counts(query: Query) -> dict[int, str]:
    """How many items are spoken of -> the noun that they have in Chinese; {} if none are."""
    text = normalize(query.question).lower()
    found: dict[int, str] = {}
    for counted in (_table()[name] for name in {query.language, "zh"} if name in _table()):
        for match in counted.pattern.finditer(text):
            noun = next(zh for each, zh in counted.nouns.items() if re.fullmatch(each, match[2]))
            found.setdefault(_number(match[1], counted.numbers), noun or match[2])
    return {number: noun for number, noun in found.items() if number > 1}


def _number(text: str, numbers: dict[str, int]) -> int:
    if text.isdigit():
        return int(text)
    return next(n for each, n in numbers.items() if re.fullmatch(each, text))


@cache
def _table() -> dict[str, _Counted]:
    rows = json.loads(_TABLE.read_text(encoding="utf-8"))
    return {language: _read(language, **row) for language, row in rows.items()}


def _read(language: str, numbers: str, between: str, nouns: dict[str, str]) -> _Counted:
    edges = (r"(?<![第之十\d])", "") if language in _UNPARTED else (r"(?<!\w)", r"(?!\w)")
    worth = {each: number for number, each in enumerate(numbers.split(), 2)}
    number = "|".join([*reversed(worth), r"\d{1,2}"])  # 十二 before 十
    pattern = rf"{edges[0]}({number}){between}({'|'.join(nouns)}){edges[1]}"
    return _Counted(re.compile(pattern), worth, nouns)
