"""Places and public bodies named in a text, in ten languages; the table is `corpus/places.tsv`."""

import csv
import unicodedata
from functools import cache
from pathlib import Path
from typing import NamedTuple

from rag.settings import data_file
from rag.types import Document, Place

_NAME_COLUMNS = ("zh", "aliases_zh", "en", "ja", "ko", "fr", "de", "es", "ru", "ar", "pt")
_CJK_FOLLOWERS = {"部": "门"}  # 教育部 is a body, 教育部门 is not


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
    names, longest = _names()
    folded = fold(text)
    mentions: list[Mention] = []
    at = 0
    while at < len(folded):
        for length in range(min(longest, len(folded) - at), 1, -1):
            places = names.get(folded[at : at + length])
            if places and _stands_alone(folded, at, at + length):
                mentions += [Mention(place, at, at + length) for place in places]
                at += length - 1
                break
        at += 1
    return tuple(mentions)


def places_of(document: Document) -> frozenset[str]:
    """Names of the places and bodies a document is of: its region, and those its titles name."""
    return _places_in(document.region, " ".join((document.title, *document.aliases)))


@cache
def _places_in(region: str, titles: str) -> frozenset[str]:
    named = find_places(f"{region} {titles}")
    return frozenset({region, *(place.name for place in named)} - {""})


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
def _names() -> tuple[dict[str, list[Place]], int]:
    names: dict[str, list[Place]] = {}
    for row, place in zip(_rows(), load_places(), strict=True):
        for column in _NAME_COLUMNS:
            for name in row[column].split("|"):
                same = names.setdefault(fold(name.strip()), [])
                if len(name) > 1 and place not in same:
                    same.append(place)
    return names, max(map(len, names))


def _stands_alone(text: str, start: int, end: int) -> bool:
    """A Latin, Cyrillic or Arabic name is a whole word; a Chinese body is not part of a longer."""
    last = text[end - 1]
    after = text[end] if end < len(text) else ""
    if _CJK_FOLLOWERS.get(last, "\0") == after:
        return False
    before = text[start - 1] if start else ""
    return not (_joins(before, text[start]) or _joins(last, after))


def _joins(left: str, right: str) -> bool:
    """True where two neighbouring letters belong to one word of an alphabetic script."""
    return bool(left and right) and _alphabetic(left) and _alphabetic(right)


def _alphabetic(char: str) -> bool:
    return char.isalpha() and char < "\u0700"
