"""Policy text -> its quantified targets, by rule; the rules are data, `rag/indicators.json`.

A rule says how plans write an indicator. Between that mention and a number only glue may stand
(达到, 不低于, 比2020年下降 …), so what isn't understood is left out: precision before recall.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from rag.figures import Figure, drop_years, find_figures, find_years
from rag.indicators import Indicator, load_indicators
from rag.types import Document, Section, Target

_GLUE_TEXT = (
    r"(?:[(](?:PUE值?|EUE|不?含[^()]{1,12})[)]|[,“”]|达到|达|为|约|力争|争取|确保|提升|提高|提|增加"
    r"|上升|增长|扩大|至|到|降至|下降|降低|降|减少|减|累计|控制|稳定|保持|维持|在|于|不低于|不高于"
    r"|不小于|不少于|不超过|不大于|不得[高低]于|突破|超过|超|大于|高于|低于|原则上|应|将|均|普遍"
    r"|分别|平均|年均|总体|整体|实现|要|至少|接近|逐步|稳步|持续|继续|努力|增至|压减|须|应当|预计|大幅|完成|可|水平|指标|进一步|左右|以上|基本|现有|总量|幅度|率"
    r"|[比较与在]20\d\d年[底末]?(?:相比|基础上|水平)*|[比较]当前)*"
)
_GLUE = re.compile(f"{_GLUE_TEXT}$")
_ELIDED = re.compile(f"[;、和及与]*{_GLUE_TEXT}")
_AMONG = re.compile(rf"[,;、(]*其中[,:]?(?P<scope>[^,;。]{{2,24}}?)(?:占比|比例)?{_GLUE_TEXT}")
_BASELINE = re.compile(r"[比较与在](20\d\d)年")
_ONLY_CHANGES = re.compile("(?:提高|提升|增加|增长|下降|降低|减少)(?!到|至|约?到)")
_SENTENCE = re.compile(r"[。!?\n]|[(](?:责任单位|牵头|省|市|区|自治区|国家)[^()]{6,}[)]")
_GOALS = re.compile("目标|总体要求|总要求")
_REPORTS = re.compile("成就|成效|现状|回顾|发展基础|工作基础|取得|形势|面临")
_LIST_MARK = re.compile("[、和及与]")
_LIST_END = re.compile("[、和及与]$")
_THRESHOLD = re.compile("的(?:煤电|机组|企业|项目|地区|园区|设备)")  # 300克以上的煤电机组
_PERCENT_LOST = re.compile("[。,;)]|$")  # two plans print 达到8 for 达到8%
_CLAUSE_START = re.compile(r"[,;:。()“”—]")
_NO_SCOPE = re.compile(
    "^(?:力争|争取|确保|努力|基本|实现|使|其中|到|底|前|分别|当年)*(?:[我全本](?:省|市|区|自治区|国)|[国省市]内|全国)?"
)
_TASK_WORDS = re.compile("建设|推进|推动|加强|完善|提高|实施|开展|促进|新增|完成|形成|加快")
# Years of others: what the nation has promised, what a sector helps with.
_NOT_OWN = re.compile("习近平|党中央|国务院|精神|《")
_FOR_ANOTHER = re.compile("为|助力|支撑|支持|服务|石油|部分|有条件|率先|试点|基础|围绕|抢占|相适应")
_SECTOR = re.compile("(?:城乡建设|有色金属|[一-鿿]{2})(?:领域|行业)")
_ANY_YEAR = re.compile(r"20\d\d(?=年)")
_SCOPE_CHARS = 24
_MAX_SENTENCE_CHARS = 2000  # the longest of the 114 plans has 458
_WINDOW_CHARS = 80  # a mention and its glue are shorter
_LAST_PAST_YEAR = "2021"  # the plans date from 2021 to 2023; a figure for 2021 is a report
# The unit a rule asks for -> the units that count as it.
_UNITS = {
    "下降": "%|个百分点", "提升": "%", "增长": "%", "千瓦": "[亿万百]*千瓦|MW|GW|兆瓦",
    "立方米": "[亿万]*立方米|亿方", "吨": "[亿万]*吨(?:/年)?", "个": "万?[个家座台户]",
    "亩": "[万百千]*亩|万?公顷|平方公里", "克标准煤/千瓦时": "克(?:标准煤)?/千瓦时",
    "PUE": "", "比值": "",
}  # fmt: skip
_EVENT = "年"  # the unit of a rule that tells a year, not a number
_CHANGES = {"下降": "下降|降低|减少|降幅", "提升": "提升|提高", "增长": "增长"}
# What a number stands behind or before tells how it is meant, the first that fits.
_QUALIFIERS = {
    "以上": "以上|不低于|不少于|不小于|(?<!不)(?:超|大于|高于)|不得低于|突破",
    "以下": "以下|以内|不高于|不超过|不大于|不得高于|(?<!不)(?<!得)低于",
    "左右": "左右|约", "力争": "力争|争取", "降至": "降至|降到|下降到|下降至", "达到": "达",
}  # fmt: skip


_UNKNOWN = Indicator(name="", unit=_EVENT)


class _Subject(NamedTuple):
    rule: Indicator
    scope: str


@dataclass
class _State:
    """What a sentence has said so far. spread: its years or subjects are shared out among the
    numbers of a list, of which the `nth` stands next.
    """

    years: tuple[str, ...]
    subjects: tuple[_Subject, ...] = ()
    glue: str = ""
    spread: bool = False
    nth: int = 0
    start: int = 0


def extract_targets(document: Document) -> tuple[Target, ...]:
    """The targets that the text states plainly, in order, each once; `plan` is the work.

    A year holds to the end of its sentence, under a heading of goals until the next year.
    `page` is the first that holds any of the mention and its number. Sections that report on
    the past are left out.
    """
    found: dict[Target, None] = {}
    years: tuple[str, ...] = ("",)
    inside: tuple[Section, ...] = ()
    for start, end in pairwise(_cuts(document)):
        around = document.sections_at(start)
        titles = " ".join(section.title for section in around)
        in_goals = bool(_GOALS.search(titles))
        state = _State(years if in_goals and around[-1:] == inside else ("",))
        if not _REPORTS.search(titles):
            for first, last, target in _read(document.text[start:end], state, in_goals=in_goals):
                page = (*document.pages_of(start + first, start + last), 0)[0]
                found.setdefault(replace(target, plan=document.work or document.id, page=page))
        own = not _NOT_OWN.search(document.text, start, end)
        years, inside = state.years if own else ("",), around[-1:]
    return tuple(found)


def _cuts(document: Document) -> list[int]:
    """Where sentences begin and end; headings and the departments in charge stand alone.

    What goes on for too long is no sentence, and is cut, for each figure in it is compared with
    all that stands around.
    """
    cuts = {0, len(document.text)}
    cuts |= {cut for section in document.sections for cut in (section.start, section.body)}
    cuts |= {match.end() for match in _SENTENCE.finditer(document.text)}
    spans = pairwise(sorted(cuts))
    return [
        *(cut for span in spans for cut in range(*span, _MAX_SENTENCE_CHARS)),
        len(document.text),
    ]


def _read(text: str, state: _State, *, in_goals: bool) -> Iterator[tuple[int, int, Target]]:
    """(start, end, target) for each target of a sentence; `state` is left as at its end."""
    for figure in find_figures(text):
        if figure.years:
            state.years, state.nth = figure.years, 0
        state.subjects = _subjects(text, figure, state)
        state.spread = "分别" in state.glue or figure.listed
        shared = state.spread and len(state.subjects) > 1
        for subject in state.subjects[state.nth :][:1] if shared else state.subjects:
            target = _target(figure, subject, state)
            past = "" < target.year[-4:] <= _LAST_PAST_YEAR
            if not past and _fits(figure, subject.rule, state.glue, text[figure.end :]):
                yield state.start, figure.end, target
    years = find_years(text)
    state.years = years[-1][1] if years else state.years
    if in_goals:
        yield from _events(text, state)


def _subjects(text: str, figure: Figure, state: _State) -> tuple[_Subject, ...]:
    """What the number is of; () if that isn't plain. Updates glue, nth and start of `state`."""
    before = text[figure.since : figure.start]
    if state.subjects and before and _continues(before, figure, state):
        state.nth += 0 if figure.years else 1
        state.glue += before
        return state.subjects
    among = _AMONG.fullmatch(drop_years(before)) if state.subjects else None
    if among:
        return tuple(subject._replace(scope=among["scope"]) for subject in state.subjects)
    state.nth, state.glue, state.start = 0, "", figure.start
    window = before[-_WINDOW_CHARS:]
    mention = _mention(window)
    if mention:
        rule, start, end = mention
        state.glue, state.start = window[end:], figure.start - len(window) + start
        return _named(text[: state.start], window[start:end], rule, state.glue)
    rest = text[figure.end :]
    behind = (rule for rule in load_indicators() if not rule.said and re.match(rule.after, rest))
    return tuple(_Subject(rule, "") for rule in behind)


def _continues(before: str, figure: Figure, state: _State) -> bool:
    """Whether only a year, or the next place of a list, parts a number from the one before it."""
    if not _ELIDED.fullmatch(drop_years(before)):
        return False
    in_list = state.spread and re.fullmatch("[、和及,]+", before)
    return bool(figure.years or "力争" in before or in_list)


def _mention(window: str) -> tuple[Indicator, int, int] | None:
    """The indicator said last in the window with only glue behind; of two the longer said."""
    glue = _GLUE.search(window)
    behind = glue.start() if glue else len(window)
    found = [
        (match.end(), -match.start(), rule)
        for rule in load_indicators()
        if rule.said
        for match in rule.pattern.finditer(window)
        if match.end() >= behind
    ]
    if not found:
        return None
    end, start, rule = max(found, key=lambda each: each[:2])
    return rule, -start, end


def _named(before: str, mention: str, rule: Indicator, glue: str) -> tuple[_Subject, ...]:
    """The subjects of a mention: a list's, if it ends one that 分别 or 均 takes up."""
    parts = _LIST_MARK.split(_NO_SCOPE.sub("", _last_clause(before + mention)))
    if "分别" in glue and len(parts) > 1:
        return tuple(_in_list(part, parts[-1], rule) for part in parts)
    alone = _Subject(rule, _scope(before))
    joined = _LIST_END.search(before)
    earlier = before[: joined.start()][-_WINDOW_CHARS:] if joined else ""
    other = _mention(earlier)
    if other and other[2] == len(earlier):
        return _Subject(other[0], ""), alone
    return (alone,)


def _in_list(part: str, last: str, rule: Indicator) -> _Subject:
    """光伏 in a list that ends 风电装机容量 is 光伏装机容量, 水泥 in one that ends
    陶瓷行业产能比例 a scope like 陶瓷行业; of neither kind, it is nothing known.
    """
    for at in range(len(last), 0, -1):
        for candidate in load_indicators():
            if candidate.said and candidate.pattern.fullmatch(part + last[at:]):
                return _Subject(candidate, "")
    scoped = not rule.pattern.fullmatch(last)
    return _Subject(rule if scoped else _UNKNOWN, _scope(rule.pattern.sub("", part)))


def _scope(before: str) -> str:
    """The words right before a mention that narrow it, "" for the whole region or for none."""
    scope = _NO_SCOPE.sub("", _last_clause(before)).removesuffix("的")
    plain = 1 < len(scope) <= _SCOPE_CHARS and not _TASK_WORDS.search(scope)
    return scope if plain else ""


def _last_clause(text: str) -> str:
    years = find_years(text)
    begin = years[-1][0] if years else 0
    return _CLAUSE_START.split(drop_years(text[begin:]))[-1].strip()


def _fits(figure: Figure, rule: Indicator, glue: str, rest: str) -> bool:
    """Whether unit, direction and what follows are such as the rule asks for."""
    if rule.unit == _EVENT or not re.match(rule.after, rest) or _THRESHOLD.match(rest):
        return False
    unit = _UNITS.get(rule.unit, re.escape(rule.unit))
    lost = rule.unit in ("%", "下降") and not figure.unit and _PERCENT_LOST.match(rest)
    if lost:
        return float(figure.value.split("-")[0]) <= 100 and bool(re.search("达|下降|超过", glue))
    if rule.unit == "PUE" and not re.fullmatch(r"[12]\.\d+", figure.value):
        return False
    change = _CHANGES.get(rule.unit)
    directed = re.search(change, glue) if change else not _ONLY_CHANGES.search(glue)
    return bool(re.fullmatch(unit, figure.unit) and directed)


def _target(figure: Figure, subject: _Subject, state: _State) -> Target:
    shared = state.spread and len(state.years) > 1
    baseline = _BASELINE.search(state.glue)
    return Target(
        plan="",
        page=0,
        indicator=subject.rule.name,
        indicator_en=subject.rule.en,
        scope=subject.scope,
        year=state.years[min(state.nth, len(state.years) - 1)] if shared else state.years[-1],
        value=figure.value,
        unit=figure.unit,
        qualifier=_qualifier(figure.bound) or _qualifier(state.glue),
        baseline_year=baseline[1] if baseline else "",
        origin="extracted",
    )


def _events(text: str, state: _State) -> Iterator[tuple[int, int, Target]]:
    """Years by which something is to happen; not where the text says it for another's sake."""
    for rule in load_indicators():
        for match in rule.pattern.finditer(text) if rule.unit == _EVENT else ():
            clause = _CLAUSE_START.split(text[: match.start()])[-1] + match[0]
            year = (_ANY_YEAR.findall(match[0]) or state.years)[-1]
            own = not (_FOR_ANOTHER.search(clause) or _NOT_OWN.search(text))
            if own and re.fullmatch(r"20\d\d", year) and year > _LAST_PAST_YEAR:
                sector = _SECTOR.search(drop_years(clause))
                subject = _Subject(rule, sector[0] if sector else "")
                figure = Figure(year, _EVENT, "", (), 0, match.start(), match.end())
                target = _target(figure, subject, _State((year,)))
                yield match.start(), match.end(), target


def _qualifier(words: str) -> str:
    found = (name for name, pattern in _QUALIFIERS.items() if re.search(pattern, words))
    return next(found, "")
