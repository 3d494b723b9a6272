"""Text -> search words and sentences, for Chinese, figures and alphabetic scripts.

A Chinese run gives its characters and its overlapping pairs of characters. On these plans that
finds everyday paraphrases better than dictionary words (page recall@5 0.65 against 0.51 on the
training questions, see `evals/LOG.md`): 公交 and 公共交通 share a character, not a word.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, NamedTuple

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_CJK_PAIRS = f"{_HAN}\u3040-\u30ff\uac00-\ud7af"  # kana and hangul are cut the same way
_TOKEN = re.compile(
    rf"(?P<figure>\d+(?:[.,]\d+)*(?:[%‰]|[{_HAN}]|[a-z]+)?)"
    rf"|(?P<pairs>[{_CJK_PAIRS}]+)"
    rf"|(?P<word>[^\W\d_{_CJK_PAIRS}]+)"
)
_STEMS_KEPT = 1 << 15  # more words than a library of plans has in letters; 5 MB
_FOREIGN_DIGIT = re.compile(r"[^\D0-9]")


def tokenize(text: str) -> list[str]:
    """Cut text into search tokens, in order of appearance; width, case and accents folded.

    A figure gives itself and itself with its unit's first character: 2030年 -> 2030, 2030年.
    """
    tokens: list[str] = []
    for match in _TOKEN.finditer(_folded(text)):
        piece = match.group()
        if match.lastgroup == "pairs":
            tokens += piece
            tokens += [piece[i : i + 2] for i in range(len(piece) - 1)]
        elif match.lastgroup == "figure":
            whole = piece.replace(",", "")
            tokens += dict.fromkeys((re.sub(r"[^\d.]", "", whole), whole))
            if "\u3400" <= piece[-1] <= "\u9fff":
                tokens.append(piece[-1])
        else:
            tokens.append(_stem(piece))
    return tokens


@lru_cache(_STEMS_KEPT)
def _stem(word: str) -> str:
    """English stem of a word in plain letters, whatever its language; others stay whole."""
    return str(_stemmer().stemWord(word)) if word.isascii() else word


@cache
def _stemmer() -> Any:  # noqa: ANN401 - Stemmer has no types
    import Stemmer

    return Stemmer.Stemmer("english")


def normalize(text: str) -> str:
    """Width folded, letters composed, the digits of every script as 0-9: ２０３０, ٢٠٣٠ -> 2030."""
    return _FOREIGN_DIGIT.sub(
        lambda digit: str(unicodedata.decimal(digit.group())), unicodedata.normalize("NFKC", text)
    )


def _folded(text: str) -> str:
    folded = normalize(text).lower()
    return folded if folded.isascii() else folded.translate(_plain_letters())


@cache
def _plain_letters() -> dict[int, str]:
    """Each accented Latin letter -> the letter without its accent."""
    return {code: unicodedata.normalize("NFD", chr(code))[0] for code in range(0xE0, 0x250)}


class Span(NamedTuple):
    """`text[start:end]` of some text."""

    start: int
    end: int


# A full stop ends a sentence after two letters (not after U.S., e.g., г.), a bracket, a share or a
# year, and before a capital, a letter of a script without capitals, an opening mark or the end.
_SENTENCE_END = re.compile(
    r"[。!?！？؟]+[”’」』)）]*"
    r"|(?:(?<=[^\W\dA-Z_]{2})|(?<=[)\]%])|(?<=\d{4}))\.(?=\s+(?:[^\W\da-z_]|[(“\"«¿¡])|\s*$)"
    r"|\n+"
)
_CLAUSE_END = re.compile(rf"{_SENTENCE_END.pattern}|[;；؛]")


def split_sentences(text: str) -> tuple[Span, ...]:
    """The sentences of a text, in order, without white space around; empty ones left out."""
    return tuple(_spans(text, _SENTENCE_END))


def split_clauses(text: str) -> tuple[Span, ...]:
    """Sentences cut at semicolons too: the runs that state one thing each."""
    return tuple(_spans(text, _CLAUSE_END))


def _spans(text: str, ends: re.Pattern[str]) -> Iterator[Span]:
    begin = 0
    for end in [*(match.end() for match in ends.finditer(text)), len(text)]:
        piece = text[begin:end]
        kept = piece.strip()
        if kept:
            start = begin + len(piece) - len(piece.lstrip())
            yield Span(start, start + len(kept))
        begin = end


_NUMERAL = re.compile(r"\d+(?:[.,]\d+)*")
_DECIMAL = re.compile(r"\d+(?:\.\d+)?")


def find_numerals(text: str) -> frozenset[str]:
    """Every numeral of a text, normalized and thousands commas dropped: ４,000 -> 4000."""
    found = _NUMERAL.findall(normalize(text))
    return frozenset(re.sub(r",(?=\d{3}(?!\d))", "", numeral) for numeral in found)


def to_number(numeral: str) -> float | None:
    """What a numeral is worth; None for 1.2.3, and for the 45,44 of other countries."""
    return float(numeral) if _DECIMAL.fullmatch(numeral) else None
