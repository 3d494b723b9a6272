"""Chinese outline numbering in running text -> sections.

Policy texts number 第一章, 一、 (一) 1. (1) and 专栏1; extraction often drops the line breaks, so a
heading is glued to what precedes and follows: `…目标。一、总体要求(一)指导思想。以…`.
"""

import re
from itertools import pairwise
from typing import NamedTuple

from rag.readers.headings import Heading, nest
from rag.types import Section

_NUMERAL = "[一二三四五六七八九十百]{1,4}"
_OPEN, _CLOSE = "[(（]", "[)）]"
# Rank in the outline, and the numbering that opens a heading of that rank.
_NUMBERINGS: tuple[tuple[int, str], ...] = (
    (1, rf"第{_NUMERAL}[章编]\s*"),
    (2, rf"{_NUMERAL}、"),
    (3, rf"{_OPEN}{_NUMERAL}{_CLOSE}"),
    (4, r"\d{1,2}[.．](?!\d)\s*"),
    (5, rf"{_OPEN}\d{{1,2}}{_CLOSE}"),
    (6, r"专栏\s*[\d一二三四五六七八九十]{1,2}[:：\s]?"),
    (6, rf"第{_NUMERAL}条\s*"),
)
_KINDS = "|".join(f"(?P<r{i}>{p})" for i, (_, p) in enumerate(_NUMBERINGS))
# The look-ahead decides most positions on one character: a 50 MB line takes 1 s instead of 5.
_MARK = re.compile(rf"(?=[第一二三四五六七八九十百(（\d专])(?:{_KINDS})")
# A number opens a heading only after the end of a sentence, a bracket, a heading or a line.
_MAY_PRECEDE = '。;；!！?？)）]］】:：\n\r\t 　”"》.…'
_REFERRING = "式表图第"  # 按式(1)计算 refers to a number and doesn't open one
_ENUMERATED = re.compile(r"[一二三四五六七八九十](?:[、次级线类产期季])")  # 二、三产业; 三、四级
_TITLE_END = re.compile(r"[。\n;；:：]")
# Where the full stop after a heading is lost too, the noun that such headings end in. No other is
# looked for as far as 行动: names of actions are long, and the word seldom stands in a sentence.
_TITLE_NOUN = re.compile(
    r"[^,，。]{0,14}?(?:要求|思想|原则|目标|任务|举措|措施|保障|路径|安排|背景|形势|组织领导"
    r"|实施(?![一二三四五六七八九十\d方意细])|基础(?:设施(?!领域)|(?![前性研设]))|行动(?:计划|方案)?)"
    r"|[^,，。]{15,24}?行动(?:计划|方案)?"
)
_FIGURE = re.compile(r"\d{2}|\d%")
_CLAUSE = re.compile(r"[^,，。;；:：(（]{0,20}")
_SECTION_RANK = 3
MAX_TITLE_CHARS = 40  # printed headings of the compilation: 99.5 % are shorter


class _Mark(NamedTuple):
    rank: int
    start: int
    after: int
    ordinal: int


def find_sections(text: str) -> tuple[Section, ...]:
    """Find the numbered headings of `text` and nest them; in order of start, () if none.

    A number counts as a heading if it stands where one may begin and continues a count: 1 opens
    a level, n+1 must follow n of the same numbering under the same parent.
    """
    marks = _counted(_marks(text))
    headings = []
    end = _Mark(rank=0, start=len(text), after=len(text), ordinal=0)
    for mark, following in pairwise([*marks, end]):
        body = _title_end(text, mark, following.start)
        title = _title(text, mark, body, following.start)
        if body == following.start and following.rank <= mark.rank:
            body = mark.after  # nothing stands under it: a short item is what is said, no heading
        headings.append(Heading(title, mark.rank, mark.start, body))
    return nest(headings, len(text))


def _marks(text: str) -> list[_Mark]:
    found: list[_Mark] = []
    heading_end = 0  # a mark may follow directly on a short heading: 一、总体要求(一)指导思想
    for match in _MARK.finditer(text):
        kind = int(str(match.lastgroup)[1:])
        rank = _NUMBERINGS[kind][0]
        start = match.start()
        opens = start == 0 or text[start - 1] in _MAY_PRECEDE
        glued = bool(found) and found[-1].rank < rank and start - heading_end <= MAX_TITLE_CHARS
        if glued and (text[start - 1] in _REFERRING or _TITLE_END.search(text, heading_end, start)):
            glued = False
        if opens or glued or (rank == 2 and _after_lost_break(text, match)):
            found.append(_Mark(rank, start, match.end(), _ordinal(match.group())))
            heading_end = match.end()
    return found


def _after_lost_break(text: str, match: re.Match[str]) -> bool:
    """True where a line break was lost before 二、; 统一、 and 二、三产业 stand in a sentence."""
    before = text[match.start() - 1]
    return (
        _ordinal(match.group()) > 1
        and before not in "，,、第 "
        and not before.isdigit()
        and not _ENUMERATED.match(text, match.end())
    )


def _counted(marks: list[_Mark]) -> list[_Mark]:
    """Keep the marks that continue a count; the rest are numbers inside sentences.

    Some plans count (一) to (三十七) through all their chapters, so a count outlives its parent;
    a text whose beginning is lost may open with any number.
    """
    kept: list[_Mark] = []
    last: dict[int, int] = {}
    for mark in marks:
        expected = last.get(mark.rank, 0) + 1
        beheaded = not kept or kept[0].ordinal > 1
        opens = beheaded and mark.rank not in last and mark.rank <= _SECTION_RANK
        if mark.ordinal in (1, expected) or opens or _skips_one(mark, expected):
            kept.append(mark)
            last[mark.rank] = mark.ordinal
    return kept


def _skips_one(mark: _Mark, expected: int) -> bool:
    """Sources misnumber now and then; one lost heading must not hide those after it."""
    return expected > 1 and mark.ordinal == expected + 1


def _title_end(text: str, mark: _Mark, following: int) -> int:
    """Where the heading ends: at its full stop, else before the next mark, if near enough.

    With a figure in it, it is a sentence, and only its noun a heading: 主要目标|到2030年达到25%。
    """
    limit = min(mark.after + MAX_TITLE_CHARS, following)
    stop = _TITLE_END.search(text, mark.after, limit)
    end = stop.end() if stop else following
    near = end <= mark.after + MAX_TITLE_CHARS
    if near and not _FIGURE.search(text, mark.after, end):
        return end
    noun = _TITLE_NOUN.match(text, mark.after, limit)
    if near and noun and _TITLE_END.match(text, noun.end()):
        return end
    return noun.end() if noun else mark.after


def _title(text: str, mark: _Mark, body: int, following: int) -> str:
    """The heading in one line; for an item that has none, the first words of its sentence."""
    clause = _CLAUSE.match(text, mark.after, following)
    end = body if body > mark.after or not clause else clause.end()
    return " ".join(text[mark.start : end].split()).rstrip("。;；:： ")


_DIGITS = {c: i for i, c in enumerate("一二三四五六七八九", 1)}


def _ordinal(mark: str) -> int:
    """The number in a numbering: 十二、 -> 12, (3) -> 3, 第一条 -> 1."""
    digits = re.search(r"\d+", mark)
    if digits:
        return int(digits.group())
    numeral = "".join(c for c in mark if c in _DIGITS or c in "十百")
    hundreds, hundred, rest = numeral.rpartition("百")
    tens, ten, ones = rest.rpartition("十")
    return (
        (_DIGITS.get(hundreds, 1) * 100 if hundred else 0)
        + (_DIGITS.get(tens, 1) * 10 if ten else 0)
        + _DIGITS.get(ones, 0)
    )
