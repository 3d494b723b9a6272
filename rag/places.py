"""Places and public bodies named in a text, in ten languages; the table is `corpus/places.tsv`."""

import csv
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import NamedTuple

from rag.settings import data_file
from rag.types import Document, Place

_NAME_COLUMNS = ("zh", "aliases_zh", "en", "ja", "ko", "fr", "de", "es", "ru", "ar", "pt")
# What follows a name that is none: 教育部门 is no 教育部, 科技部署 no 科技部, 黄河北岸 no 河北.
_NOT_BEFORE = {"部": "门署", **dict.fromkeys("东南西北", "岸侧坡麓畔")}
# Words that begin before a name and end in it, or hold it whole, each with where it was met or is
# to be expected: 健全|国土空间, 发展中国家, 复合肥, 巩固|原生林, 建|成都市圈, 最大|连续出力.
_DECOYS = (
    *("健全", "安全", "完全", "保全", "其中", "集中", "发展中国家", "中央空调", "中央公园"),
    *("中央厨房", "中央商务区", "中央活动区", "复合肥", "混合肥", "巩固", "稳固", "平安", "东西"),
    *("最大", "重大", "大连接", "成都市圈", "成都市型", "南通道", "网上", "沿海"),
    *("渤海", "黄海", "东海", "南海", "出海口", "入海口", "海口岸", "太湖", "洞庭湖", "鄱阳湖"),
    *("黄河", "淮河", "长江", "珠江", "cantons"),
)


_NATION = "中国"
_SUFFIX = re.compile(r"(?:s|er|ern)(?![^\W\d_])")  # Pekings Ziele, der Tianjiner Hafen


class Mention(NamedTuple):
    """`text[start:end]` names `place`."""

    place: Place
    start: int
    end: int


def find_places(text: str) -> tuple[Place, ...]:
    """The places that `text` names, in order of first mention, each once.

    The longest name wins; one name of two places (산시성: 山西, 陕西) gives both.
    """
    return tuple(dict.fromkeys(mention.place for mention in find_mentions(text)))


def find_mentions(text: str) -> tuple[Mention, ...]:
    """Every mention of a place, in order; offsets count characters of `text`."""
    names, lengths = _names()
    folded = fold(text)
    mentions: list[Mention] = []
    at = taken = 0
    while at < len(folded):
        for length in lengths.get(folded[at : at + 2], ()):
            name = folded[at : at + length]
            places = names.get(name) if len(name) == length else None
            if places is not None and _stands_alone(folded, at, at + length, taken):
                mentions += [Mention(place, at, at + length) for place in places]
                taken = at + length
                at += length - 1
                break
        at += 1
    return tuple(mentions)


def without_places(text: str) -> str:
    """The text with a space for each name of a place, or of several: 川渝."""
    for start, end in sorted({(m.start, m.end) for m in find_mentions(text)}, reverse=True):
        text = f"{text[:start]} {text[end:]}"
    return text


def places_of(document: Document) -> frozenset[str]:
    """Names of the places and bodies a document is of: its region, and those its titles name.

    What is of the nation is of the bodies that speak for all of it: 中共中央, 国务院.
    """
    return _places_in(document.region, " ".join((document.title, *document.aliases)))


@cache
def _places_in(region: str, titles: str) -> frozenset[str]:
    named = {place.name for place in find_places(f"{region} {titles}")}
    if any(place.name == _NATION for place in find_places(region)):
        named |= {place.name for place in load_places() if place.level == "national"}
    return frozenset({region, *named} - {""})


def fold(text: str) -> str:
    """Lower-case, accents dropped, one character for one character, so that offsets hold."""
    return "".join(_fold_char(c) for c in text)


@cache
def _fold_char(char: str) -> str:
    if char in "’‘`´":
        return "'"
    if not ("A" <= char <= "Z" or "\u00c0" <= char <= "\u024f" or "\u0400" <= char <= "\u04ff"):
        return char.lower() if len(char.lower()) == 1 else char
    base = unicodedata.normalize("NFD", char.lower())[0]
    return "й" if char in "йЙ" else base


def name_in(language: str, place: Place) -> str:
    """The main name of a place in a language; English where the table lacks the language."""
    if language == "zh":
        return place.name
    row = next(row for row in _rows() if row["zh"] == place.name)
    return (row.get(language) or row["en"]).split("|")[0]


def region_in(language: str, region: str) -> str:
    """A region by its name in a language; as it is where that is no place, or several."""
    places = find_places(region) if language != "zh" else ()
    return name_in(language, places[0]) if len(places) == 1 else region


@cache
def load_places() -> tuple[Place, ...]:
    """Every place of the table, in its order."""
    return tuple(Place(row["zh"], row["level"], row["within"]) for row in _rows())


@cache
def _rows() -> tuple[dict[str, str], ...]:
    path: Path = data_file("places.tsv")
    with path.open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines, delimiter="\t"))


@cache
def _names() -> tuple[dict[str, list[Place]], dict[str, list[int]]]:
    """Folded name -> its places, none for a decoy; two first letters -> lengths, longest first."""
    names: dict[str, list[Place]] = {decoy: [] for decoy in _DECOYS}
    for row, place in zip(_rows(), load_places(), strict=True):
        for column in _NAME_COLUMNS:
            for name in filter(None, map(str.strip, row[column].split("|"))):
                same = names.setdefault(fold(name), [])
                if place not in same:
                    same.append(place)
    lengths: dict[str, set[int]] = {}
    for name in names:
        lengths.setdefault(name[:2], set()).add(len(name))
    return names, {start: sorted(found, reverse=True) for start, found in lengths.items()}


def _stands_alone(text: str, start: int, end: int, taken: int) -> bool:
    """Whether `text[start:end]` is a whole word, as far as its script parts words.

    taken: where the last mention ends; a name may follow directly on another.
    """
    last, after = text[end - 1], text[end : end + 1]
    if after and after in _NOT_BEFORE.get(last, ""):
        return False
    if start > taken and _joins(text[start - 1], text[start]) and not _prefixed(text, start):
        return False
    declined = _SUFFIX.match(text, end)
    return bool(declined) or _hangul(last) or not _joins(last, after)  # Korean appends particles


def _prefixed(text: str, start: int) -> bool:
    """True where one of Arabic's joined words stands before: and, in, for, so, like."""
    return text[start - 1] in "وبلفك" and not (start > 1 and _alphabetic(text[start - 2]))


def _joins(left: str, right: str) -> bool:
    """True where two neighbours belong to one word of a script that parts words."""
    return any(is_of(left) and is_of(right) for is_of in (_alphabetic, _hangul, _katakana))


def _alphabetic(char: str) -> bool:
    return char.isalpha() and char < "\u0700"


def _hangul(char: str) -> bool:
    return "\uac00" <= char <= "\ud7a3"


def _katakana(char: str) -> bool:
    return "\u30a1" <= char <= "\u30fa" or char == "ー"
