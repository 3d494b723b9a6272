"""Question -> what is asked: language, kind of answer, places, years, whether a figure.

The words that tell are `query.json`, as regular expressions, alternatives of an entry for all
languages together; a language without any is read as asking for a fact. `base_year`: a year that
the figure is compared with. `nation_beside`: 国家 beside a place, where it is the nation.
`which`: of all places, unless a region is named (江苏哪几个市). `quantity`: what is to be so much
by a year. `asks`: what no mere key words hold.
"""

import json
import re
import unicodedata
from functools import cache
from itertools import pairwise
from pathlib import Path

from rag.errors import BadRequest
from rag.glossary import expand
from rag.kinds import find_kinds
from rag.language import detect_language
from rag.places import Mention, find_mentions, find_places
from rag.types import Kind, Place, Query
from rag.words import normalize

_UNSEEN = "Cf"  # zero-width and direction marks, which come along when a text is copied
MAX_QUESTION_CHARS = 4000  # a long paragraph; above it is a pasted document, not a question
_TABLE = Path(__file__).with_name("query.json")
_YEAR = re.compile(r"(?<!\d)(20[0-9]{2})(?!\d)")
_PLAN_YEARS = {"十四五": 2025, "十五五": 2030, "14th five-year": 2025, "15th five-year": 2030}
_KEYWORDS_CHARS, _KEYWORDS = 12, 4  # at most, of key words in one of these scripts, and of others
_HAN = re.compile(r"[\u3040-\u9fff\uac00-\ud7a3]")
# Of the shares that non-fossil energy has, plans and people mean that in consumption.
_SHARE = re.compile("非化石(?:能源)?的?(?:占比|比重|比例)")


def understand(question: str, *, language: str = "") -> Query:
    """Read a question; raises BadRequest if it is empty or longer than MAX_QUESTION_CHARS.

    language: in which it is to be answered; told from it if "".
    """
    whole = question.encode("utf-8", "replace").decode("utf-8")  # half characters: ?
    text = "".join(char for char in whole if unicodedata.category(char) != _UNSEEN).strip()
    text = _SHARE.sub("非化石能源消费比重", text)
    if not any(char.isalnum() for char in text):
        raise BadRequest(
            'the question is empty; type one, e.g. `rag ask "江苏2030年非化石能源消费比重?"`.'
        )
    if len(text) > MAX_QUESTION_CHARS:
        raise BadRequest(
            f"the question has {len(text):,} characters, the limit is {MAX_QUESTION_CHARS:,}; "
            "ask it shorter, or index a text of your own: `rag index FILE`."
        )
    plain, language = _with_nation(normalize(text)), language or detect_language(text)
    found, years = find_places(plain), _years(plain)
    regional = any(place.level != "national" for place in found)
    everywhere = _tells("everywhere", plain) or (not regional and _tells("which", plain))
    places = tuple(p for p in found if not (everywhere and p.level == "national"))
    return Query(
        question=text,
        language=language,
        kind=_kind(plain),
        places=places,
        years=years,
        wants_figure=_tells("figure", plain) or (bool(years) and _tells("quantity", plain)),
        everywhere=everywhere,
        document_kinds=find_kinds(plain, language),
        chinese=_in_chinese(text, language, places, years) if language != "zh" else "",
    )


def _in_chinese(text: str, language: str, places: tuple[Place, ...], years: tuple[int, ...]) -> str:
    terms = expand(text, language)
    if not terms:
        return ""
    return " ".join([*terms, *(place.name for place in places), *(f"{year}年" for year in years)])


def _with_nation(text: str) -> str:
    """国家 beside a place, as the table of places knows it."""
    return _words("nation_beside").sub("全国", text) if find_places(text) else text


def _mentioned_apart(text: str) -> list[Mention]:
    """The mentions of places save those around another: 上海徐汇区 is one, 上海与徐汇区 are two."""
    mentions = find_mentions(text)
    joined: set[Mention] = set()
    for one, other in pairwise(mentions):
        if _words("joined").fullmatch(text, one.end, max(one.end, other.start)):
            joined |= {one, other}
    around = {mention.place.within for mention in mentions}
    return [m for m in mentions if m.place.name not in around or m in joined]


def _kind(text: str) -> Kind:
    apart = _mentioned_apart(text)
    several = len({mention.place for mention in apart}) > 1
    # 川渝 is two places by one name, and mostly asks of what they do together.
    one_name = len({mention.start for mention in apart}) == 1
    if several and (not one_name or _tells("rank", text)):
        return "compare"
    if _tells("compare", text) and _tells("two", text):
        return "compare"
    if _tells("list", text):
        return "list"
    if _tells("figure", text):
        return "fact"
    return "scope" if _tells("scope", text) or _is_keywords(text) else "fact"


def _is_keywords(text: str) -> bool:
    """Whether it asks nothing, and names what is sought: 浙江光伏, green hydrogen Ningxia."""
    short = len(text) <= _KEYWORDS_CHARS if _HAN.search(text) else len(text.split()) <= _KEYWORDS
    return short and not _tells("asks", text)


def _years(text: str) -> tuple[int, ...]:
    named = [int(year) for year in _YEAR.findall(_words("base_year").sub(" ", text))]
    lowered = text.lower().replace("five year", "five-year")
    named += [year for words, year in _PLAN_YEARS.items() if words in lowered]
    return tuple(sorted(set(named)))


def _tells(entry: str, text: str) -> bool:
    return bool(_words(entry).search(text))


@cache
def _words(entry: str) -> re.Pattern[str]:
    """Any of the alternatives of an entry."""
    alternatives = json.loads(_TABLE.read_text(encoding="utf-8"))[entry]
    return re.compile("|".join(alternatives), re.IGNORECASE)
