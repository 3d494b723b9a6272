"""What a statement names that its sources don't: figures, units, years, places, titles, links.

Strict on purpose: a figure in another unit than printed, or moved to another year, is a fault even
if a person could work it out. Names are compared only where statement and source share a script.
"""

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from rag.figures import find_figures, find_years, to_base_unit
from rag.language import detect_language
from rag.places import find_places
from rag.words import find_numerals, normalize, split_clauses, split_sentences, to_number, tokenize

_TABLE = Path(__file__).with_name("checking.json")
_TAINT_CHARS = 300  # after an instruction, in its paragraph: it says there what to answer
_TITLE = re.compile(r"《([^《》]+)》")
_LINK = re.compile(r"(?:https?://|www\.)[^\s)\]>，。；]+|[\w.+-]+@[\w-]+\.[\w.-]+", re.IGNORECASE)
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9'’-]*")
_HAN = re.compile(r"[\u3400-\u9fff]")
# Numbers in Chinese characters; one character alone is part of too many words (一些, 十分).
_HAN_NUMBER = re.compile(
    r"百分之[零〇一二两三四五六七八九十百千点]+"
    r"|(?<![\d.〇一二两三四五六七八九十百千万亿])[〇一二两三四五六七八九十百千万亿]{2,}"
    r"|[一二三四五六七八九]成"
)
_PLANS = {"十二五": "12", "十三五": "13", "十四五": "14", "十五五": "15"}  # the 14th Five-Year Plan
_ENGLISH_YEAR = re.compile(r"(?<![\d.,])(20\d\d)(?![\d%]|[.,]\d)")
_ENGLISH_FIGURE = re.compile(
    r"(?<![\d.,\-])(\d+(?:[.,]\d+)*)\s*(%|[A-Za-z\u00b3\u00b2-]+(?:\s+[A-Za-z]+){0,2})?"
)
_FOLLOWING_YEAR = re.compile(
    r"^[^\d;.]{0,40}?\b(?:by|in|before|until|for)\s+(?:the year\s+)?(20\d\d)(?!\d)"
)


class Stated(NamedTuple):
    """A figure as text states it. size: in the base unit, or None where no unit is known.

    years: those it is for; empty where the text doesn't say.
    """

    numeral: str
    size: float | None
    unit: str
    years: frozenset[str]


def find_faults(text: str, sources: Sequence[str]) -> tuple[str, ...]:
    """What `text` names that stands in none of `sources`, one word or phrase each; () if nothing.

    sources: what is cited with its title, region and headings; joined, order is kept.
    """
    source = "\n".join(sources)
    plans = " ".join(number for name, number in _PLANS.items() if name in source)
    places, names = _stray_places(text, source), _stray_names(text, source)
    return (*find_false_figures(text, [*sources, plans]), *places, *names)


def find_false_figures(text: str, sources: Sequence[str]) -> tuple[str, ...]:
    """The figures and years among the faults: not in the sources, or there with another unit or
    for another year.
    """
    source = "\n".join(sources)
    return (*_stray_numerals(text, source), *_moved_figures(text, source))


def find_instructions(text: str) -> tuple[tuple[int, int], ...]:
    """The runs [start, end) of a passage that tell a language model what to do, in order.

    Each goes on to the end of its paragraph, 300 characters at most: what follows an instruction
    is what it wants said. Such runs are no evidence.
    """
    runs: list[tuple[int, int]] = []
    pattern = _instructions()
    for sentence in split_sentences(text.replace("[", "(")):  # a sentence may begin with either
        if sentence.start < (runs[-1][1] if runs else 0):
            continue
        if pattern.search(normalize(text[sentence.start : sentence.end])):
            paragraph = text.find("\n", sentence.start)
            end = paragraph if paragraph >= 0 else len(text)
            runs.append((sentence.start, max(sentence.end, min(end, sentence.end + _TAINT_CHARS))))
    return tuple(runs)


def find_stated(text: str) -> tuple[Stated, ...]:
    """The figures of a text with their sizes and years, in order; years alone are no figures."""
    found: list[Stated] = []
    for clause in split_clauses(text):
        piece = normalize(text[clause.start : clause.end])
        chinese = len(_HAN.findall(piece)) * 3 > len(_LATIN.findall(piece))
        before = found[-1].years if found else frozenset[str]()
        found += _stated_chinese(piece, before) if chinese else _stated_english(piece)
    return tuple(found)


def _stray_numerals(text: str, source: str) -> Iterator[str]:
    known = find_numerals(source)
    yield from sorted(find_numerals(text) - known)
    plain = _squeezed(source)
    yield from (n for n in _HAN_NUMBER.findall(normalize(text)) if n not in plain)
    numbers = _table()["numbers"]
    for word in _LATIN.findall(text.lower()):
        parts = word.split("-")
        if all(part in numbers for part in parts):
            number = str(sum(numbers[part] for part in parts))
            if number not in known and word not in plain:
                yield word


def _moved_figures(text: str, source: str) -> Iterator[str]:
    """Figures that the source gives in another unit alone, or for other years alone."""
    printed = find_stated(source)
    for figure in find_stated(text):
        same = [other for other in printed if other.numeral == figure.numeral]
        if same and not any(_agrees(figure, other) for other in same):
            yield f"{figure.numeral} {figure.unit} {'/'.join(sorted(figure.years))}".strip()


def _agrees(figure: Stated, other: Stated) -> bool:
    known = figure.size is not None and other.size is not None
    if known and (figure.unit != other.unit or not _close(figure.size, other.size)):
        return False
    return not (figure.years and other.years) or bool(figure.years & other.years)


def _close(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= 1e-6 * max(one, other)


def _stray_places(text: str, source: str) -> Iterator[str]:
    known = {place.name for place in find_places(source)}
    for place in find_places(text):
        if place.level != "national" and place.name not in known:
            yield place.name


def _stray_names(text: str, source: str) -> Iterator[str]:
    plain = _squeezed(source)
    yield from (link for link in _LINK.findall(text) if _squeezed(link) not in plain)
    yield from (title for title in _TITLE.findall(text) if _squeezed(title) not in plain)
    chinese = detect_language(text) == "zh"  # an English sentence may hold 2800万千瓦 as printed
    if chinese or not _HAN.search(source):
        words = set(tokenize(source))
        for name in _names_in(_LINK.sub(" ", text), chinese=chinese):
            if not set(tokenize(name)) <= words and _squeezed(name) not in plain:
                yield name


def _names_in(text: str, *, chinese: bool) -> Iterator[str]:
    """Latin words of a Chinese text; in another, words with a capital inside a sentence."""
    if chinese:
        yield from (w for w in _LATIN.findall(text) if len(w) > 1)
        return
    for sentence in split_sentences(text):
        words = _LATIN.findall(text[sentence.start : sentence.end])
        yield from (w for i, w in enumerate(words) if w[0].isupper() and (i or w[1:].isupper()))


def _stated_chinese(clause: str, before: frozenset[str]) -> Iterator[Stated]:
    """years: the last named before a figure in its clause; those before if it names none."""
    named = [(at, frozenset(_last_years(years))) for at, years in find_years(clause)]
    for figure in find_figures(clause):
        earlier = [years for at, years in named if at < figure.start]
        years = earlier[-1] if earlier else frozenset() if named else before
        unit = figure.unit
        factor, base = to_base_unit(unit)
        for value in figure.value.split("-"):
            size = float(value) * factor if unit else None
            yield Stated(_numeral(value), size, base, years)


def _last_years(years: Sequence[str]) -> Iterator[str]:
    """A plan's span stands for its last year as well: 2021-2025 and 2025."""
    for year in years:
        yield from (year, year[-4:])


def _stated_english(clause: str) -> Iterator[Stated]:
    """years: of "by 2030" right after the figure, else the last year before it in the clause."""
    years = [(m.start(), m[1]) for m in _ENGLISH_YEAR.finditer(clause)]
    taken = {start for start, _ in years}
    for match in _ENGLISH_FIGURE.finditer(clause):
        if match.start() in taken:
            continue
        after = _FOLLOWING_YEAR.match(clause[match.end(1) :])
        earlier = [year for start, year in years if start < match.start()]
        year = after[1] if after else earlier[-1] if earlier else ""
        factor, base = _english_unit(match[2] or "")
        numeral = _numeral(match[1])
        number = to_number(numeral)
        size = number * factor if base and number is not None else None
        yield Stated(numeral, size, base, frozenset({year} - {""}))


def _english_unit(words: str) -> tuple[float, str]:
    """(factor, base unit) of "million kW", "percent", "tce"; base "" for words that are no unit."""
    table = _table()
    factor = 1.0
    for word in re.findall(r"%|[A-Za-z\u00b2\u00b3]+", words):
        folded = word.lower()
        if folded in table["scales"]:
            factor *= table["scales"][folded]
            continue
        unit = table["units"].get(word) or table["units"].get(folded)
        return (factor * unit[0], unit[1]) if unit else (1.0, "")
    return 1.0, ""


def _numeral(value: str) -> str:
    return next(iter(find_numerals(value)), value)


def _squeezed(text: str) -> str:
    return "".join(normalize(text).lower().split())


@cache
def _instructions() -> re.Pattern[str]:
    return re.compile("|".join(_table()["instructions"]), re.IGNORECASE)


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return table
