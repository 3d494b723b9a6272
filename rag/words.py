"""Text -> search words and sentences, for Chinese, figures and alphabetic scripts.

A Chinese run gives its characters and its overlapping pairs of characters. On these plans that
finds everyday paraphrases better than dictionary words (page recall@5 0.65 against 0.51 on the
training questions, see `evals/LOG.md`): 公交 and 公共交通 share a character, not a word.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_CJK_PAIRS = f"{_HAN}\u3040-\u30ff\uac00-\ud7af"  # kana and hangul are cut the same way
_TOKEN = re.compile(
    rf"(?P<figure>\d+(?:[.,]\d+)*(?:[%‰℃]|[{_HAN}]|[a-z]+)?)"
    rf"|(?P<pairs>[{_CJK_PAIRS}]+)"
    rf"|(?P<word>[^\W\d_{_CJK_PAIRS}]+)"
)


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
            number = piece.rstrip("%‰℃").replace(",", "")
            tokens += dict.fromkeys((re.sub(r"[^\d.]", "", number), piece.replace(",", "")))
            if piece[-1] >= "\u3400" and piece[-1] <= "\u9fff":
                tokens.append(piece[-1])
        else:
            tokens.append(_stem(piece))
    return tokens


@cache
def _stem(word: str) -> str:
    """English stem; a word of another language loses at most a plural."""
    return str(_stemmer().stemWord(word)) if word.isascii() else word


@cache
def _stemmer() -> Any:  # noqa: ANN401 - Stemmer has no types
    import Stemmer

    return Stemmer.Stemmer("english")


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).lower()
    if folded.isascii():
        return folded
    return "".join(
        unicodedata.normalize("NFD", c)[0] if "\u00e0" <= c <= "\u024f" else c for c in folded
    )


class Span(NamedTuple):
    """`text[start:end]` of some text."""

    start: int
    end: int


_SENTENCE_END = re.compile(r"[。!?!?]+[”’」』))]*|(?<=[a-z)\]])\.(?=\s+[A-Z(“\"]|\s*$)|\n+")
_CLAUSE_END = re.compile(rf"{_SENTENCE_END.pattern}|[;;]")


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


def find_numerals(text: str) -> frozenset[str]:
    """Every numeral of a text, width folded and thousands commas dropped: ４,000 -> 4000."""
    folded = unicodedata.normalize("NFKC", text)
    return frozenset(re.sub(r",(?=\d{3}(?!\d))", "", n) for n in _NUMERAL.findall(folded))
