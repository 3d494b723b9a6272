"""The trade's terms named in a text, in eleven languages.

Ten languages stand in `corpus/glossary.tsv`, Italian in `rag/glossary_it.json` beside this file.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from rag.language import detect_language
from rag.places import fold
from rag.settings import data_file

# A word of an alphabetic script is one symbol, a Han character, kana or syllable another. White
# space, hyphens, apostrophes and middle dots part nothing; any other mark ends a term.
_PIECE = re.compile(
    r"[^\W_\u0700-\uffff]+(?:[.,]\d+)*|[\u3040-\u9fff\uac00-\ud7af]"
    r"|[^\w\s'\-\u2010-\u2013\u00b7\u30fb]"
)
_SAME_CHARS = str.maketrans(
    {full: full - 0xFEE0 for full in range(0xFF01, 0xFF5F)}
    | {0x2080 + digit: 0x30 + digit for digit in range(10)}
)
_STEMMERS = {
    "en": "english", "fr": "french", "de": "german", "es": "spanish",
    "ru": "russian", "pt": "portuguese", "it": "italian",
}  # fmt: skip
_LATIN = ("en", "fr", "de", "es", "pt", "it")
# Articles and prepositions, left out on both sides: "part de l'énergie" is "part des énergies".
_LINKS = {
    "en": "a an the of in for to on",
    "fr": "l d le la les un une de du des en à au aux",
    "de": "der die das den dem des ein eine einer von vom zu zur im in",
    "es": "el la los las un una de del en a al",
    "pt": "o a os as um uma de do da dos das em no na nos nas",
    "it": "il lo la l gli le i un uno una di d del dello della dell dei degli delle da in nel"
    " nella al",
    "ru": "в на и по",
}
_ARABIC_ARTICLE = re.compile(r"^[وف]?(?:[بك]?ال|لل)(?=\w{3})")
_ARABIC_ENDING = re.compile(r"(?<=\w{3})(?:ات|ية|ة|ه)$")
_MARK = "|"
_KEYS_KEPT = 1 << 13  # of each language; the glossary has 2,804 in one at most
_SHORT_WORD = 3  # GES, PUE and "non" are left as they are


class Term(NamedTuple):
    """`text[start:end]` names `zh`; `names` are all its Chinese names, `zh` the first of them."""

    zh: str
    names: tuple[str, ...]
    start: int
    end: int


class _Symbol(NamedTuple):
    """What a piece of text is compared by: a stem, a Han character, or _MARK."""

    key: str
    start: int
    end: int


class _Index(NamedTuple):
    """rows: those of each name, its symbols joined. longest: symbols of the longest name a
    first symbol begins.
    """

    rows: dict[str, list[int]]
    longest: dict[str, int]


def find_terms(text: str, language: str = "") -> tuple[Term, ...]:
    """The terms that `text` names, in order; the longest name at a place wins.

    language: of the text, told from it if "". A name of several terms gives each of them.
    Words match by their stems, Chinese, Japanese and Korean names anywhere in a run; width,
    case and accents don't count.
    """
    spoken = language or detect_language(text) or "zh"
    symbols = _symbols(text, spoken)
    indexes = [_index(column) for column in _columns(symbols, spoken)]
    terms: list[Term] = []
    at = 0
    while at < len(symbols):
        length, rows = _longest(indexes, symbols, at)
        for row in rows:
            names = _chinese_names()[row]
            terms.append(Term(names[0], names, symbols[at].start, symbols[at + length - 1].end))
        at += max(length, 1)
    return tuple(terms)


def expand(text: str, language: str = "") -> tuple[str, ...]:
    """The main Chinese names of the terms of a foreign text, in order, each once.

    To be searched beside its own words. The other names of a term would find less: see
    `evals/LOG.md`. None for a Chinese text.
    """
    spoken = language or detect_language(text)
    if spoken == "zh":
        return ()
    return tuple(dict.fromkeys(term.zh for term in find_terms(text, spoken)))


def known_share(text: str, language: str) -> float:
    """Share of a text's letters that belong to terms of the glossary, 0 to 1; 0 if it has none."""
    letters = [i for i, char in enumerate(text) if char.isalpha()]
    known: set[int] = set()
    for term in find_terms(text, language):
        known.update(range(term.start, term.end))
    return sum(i in known for i in letters) / len(letters) if letters else 0.0


def name_term(zh: str, language: str, *, like: str = "") -> str:
    """The first name in a language of the term whose main Chinese name is `zh`; else that.

    like: a name of the term in any language. Names that mean different things (solar, wind
    capacity) stand in one order in each language, so the one in its place is taken, if any.
    """
    cells = (cell for row, cell in _cells(language) if _chinese_names()[row][0] == zh)
    names = next(cells, "").split("|")
    at = _place_of(zh, like) if like else 0
    return names[at if at < len(names) else 0] or zh


def _place_of(zh: str, name: str) -> int:
    """Which of its row's names a name is, 0 if none."""
    folded = name.strip().casefold()
    rows = (
        line for line, names in zip(_table()[1:], _chinese_names(), strict=True) if names[0] == zh
    )
    listed = (cell.casefold().split("|") for cell in next(rows, ()))
    return next((names.index(folded) for names in listed if folded in names), 0)


def stem_words(text: str, language: str) -> tuple[str, ...]:
    """What `find_terms` compares: stems of words, single Han characters; links left out."""
    return tuple(symbol.key for symbol in _symbols(text, language) if symbol.key != _MARK)


def _columns(symbols: list[_Symbol], spoken: str) -> tuple[str, ...]:
    """Names are looked for in the language, and in Chinese or English if such words stand by."""
    firsts = {symbol.key[0] for symbol in symbols}
    han = any("\u3400" <= first <= "\u9fff" for first in firsts)
    latin = spoken not in _LATIN and any("a" <= first <= "z" for first in firsts)
    return tuple(dict.fromkeys((spoken, *("zh",) * han, *("en",) * latin)))


def _longest(indexes: list[_Index], symbols: list[_Symbol], at: int) -> tuple[int, list[int]]:
    """How many symbols from `at` the longest name takes, 0 if none, and the rows that bear it."""
    most = max(index.longest.get(symbols[at].key, 0) for index in indexes)
    keys = [symbol.key for symbol in symbols[at : at + most]]
    for length in range(len(keys), 0, -1):
        name = " ".join(keys[:length])
        rows = [row for index in indexes for row in index.rows.get(name, ())]
        if rows:
            return length, list(dict.fromkeys(rows))
    return 0, []


def _symbols(text: str, language: str) -> list[_Symbol]:
    key = _key(language)
    found = (_Symbol(key(m.group()), *m.span()) for m in _PIECE.finditer(_folded(text)))
    return [symbol for symbol in found if symbol.key]


@cache
def _index(column: str) -> _Index:
    index = _Index({}, {})
    _add(index, _cells(column), _key(column))
    return index


def _add(index: _Index, cells: Iterable[tuple[int, str]], key: Callable[[str], str]) -> None:
    for row, cell in cells:
        for name in cell.split("|"):
            keys = map(key, _PIECE.findall(_folded(name)))
            _add_name(index, [k for k in keys if k], row)


def _add_name(index: _Index, keys: list[str], row: int) -> None:
    if keys:
        rows = index.rows.setdefault(" ".join(keys), [])
        if row not in rows:
            rows.append(row)
        index.longest[keys[0]] = max(index.longest.get(keys[0], 0), len(keys))


def _folded(text: str) -> str:
    """One character for one; `fold` is slow on what is plain already, as most names are."""
    return text.lower() if text.isascii() else fold(text.translate(_SAME_CHARS))


def _cells(column: str) -> Iterator[tuple[int, str]]:
    """(row, names parted by |) of one language; none for one the glossary doesn't hold."""
    header, *lines = _table()
    if column == "it":
        rows = {names[0]: row for row, names in enumerate(_chinese_names())}
        yield from ((rows[zh], cell) for zh, cell in _italian().items())
    elif column in header:
        place = header.index(column)
        yield from ((row, line[place]) for row, line in enumerate(lines))


@cache
def _key(language: str) -> Callable[[str], str]:
    """Folded piece -> what it is compared by: _MARK for a mark, "" for a link."""
    stem = _stem(language)
    links = frozenset(fold(_LINKS.get(language, "")).split())

    @lru_cache(_KEYS_KEPT)
    def key(piece: str) -> str:
        if not piece[0].isalnum():
            return _MARK
        return "" if piece in links else stem(piece)

    return key


@cache
def _stem(language: str) -> Callable[[str], str]:
    """Stem a folded word: Cyrillic and Arabic by their script, Latin by the language."""
    import Stemmer

    latin = Stemmer.Stemmer(_STEMMERS[language if language in _LATIN else "en"])
    cyrillic = Stemmer.Stemmer(_STEMMERS["ru"])

    def stem(word: str) -> str:
        if word[0] < "\u0400":
            return str(latin.stemWord(word)) if len(word) > _SHORT_WORD else word
        if word[0] < "\u0530":
            return str(cyrillic.stemWord(word))
        return _ARABIC_ENDING.sub("", _ARABIC_ARTICLE.sub("", word))

    return stem


@cache
def _chinese_names() -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(line[0].split("|")) for line in _table()[1:])


@cache
def _table() -> tuple[tuple[str, ...], ...]:
    path: Path = data_file("glossary.tsv")
    with path.open(encoding="utf-8", newline="") as lines:
        return tuple(tuple(row) for row in csv.reader(lines, delimiter="\t"))


def _italian() -> dict[str, str]:
    path = Path(__file__).with_name("glossary_it.json")
    names: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return names
