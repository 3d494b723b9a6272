"""Question -> what is asked: language, kind of answer, places, years, whether a figure."""

import re
import unicodedata
from itertools import pairwise

from rag.errors import BadRequest
from rag.glossary import expand
from rag.kinds import find_kinds
from rag.language import detect_language
from rag.places import Mention, find_mentions, find_places
from rag.types import Kind, Place, Query
from rag.words import normalize

_UNSEEN = "Cf"  # zero-width and direction marks, which come along when a text is copied
MAX_QUESTION_CHARS = 4000  # a long paragraph; above it is a pasted document, not a question


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_YEAR = re.compile(r"(?<!\d)(20[0-9]{2})(?!\d)")
# A year that the figure is compared with: no year that it is asked for.
_BASE_YEAR = _any_of(
    r"(?:比|较|与|和|跟|以|相比|相对于?|对比|在)\s*20\d\d\s*年(?:底|末)?(?:的?水平|的?基础上|相比|为基准)",
    r"(?:比|较|相比于?|相对于?|对比)\s*20\d\d\s*年?",
    r"20\d\d年(?:比(?!\s*20)|と比べ|に比べ|対比|を基準)|20\d\d년 ?(?:대비|보다|에 비해)",
    r"(?:compared? (?:to|with)|relative to|than(?: in)?|versus|vs\.?|over|from|below|above|against)"
    r" (?:the )?20\d\d(?: levels?| baseline)?(?! to)",
    r"(?:par rapport (?:à|au niveau de)|gegenüber(?: dem jahr)?|respecto (?:a|de|al)|frente a"
    r"|em relação a|rispetto al|по сравнению с|к уровню|относительно|مقارنة ب(?:عام )?) ?20\d\d",
)
_PLAN_YEARS = {"十四五": 2025, "十五五": 2030, "14th five-year": 2025, "15th five-year": 2030}
# What marks a kind of question, as alternatives; languages without a line are read as "fact".
_COMPARE = _any_of(
    r"谁|[更最][高低大小多少早晚]|哪个[高低大小多少早晚]|分别|各[是要有自提用给定]|相比|对比|比较"
    r"|[不相]同|一[致样]|差[别异多]|区别|排[名序]",
    r"\bcompare|\bversus\b|\bvs\b|which .*(?:higher|lower|more|earlier)",
)
_RANK = _any_of(r"谁|[更最][高低大小多少早晚]|排[名序]|相比|对比")
_TWO = _any_of(r"[与和跟同、,].*(?:方案|意见|决定|规划|计划|措施)|两[份个省市]", r"\band\b|\bvs\b")
_JOINED = _any_of(r"(?:全?[省市区])?\s*(?:[与和跟同及比、]|\b(?:and|with|than|vs)\b)\s*")
# 国家 alone begins the names of many bodies; beside a place it is the nation.
_NATION_BESIDE = _any_of(
    r"(?:^|(?<=[与和跟同及比、]))国家(?=(?:层面|总体)?(?:[的与和跟同及比、,]|20|相比|$))"
)
_EVERYWHERE = _any_of(
    r"各省|各地|各市|各区|全国各|所有省|哪[些个几](?:地级|区县|区|县|省|市|地区|地方|城市)",
    r"\b(?:which|all|every|each|across) (?:\w+ )?(?:provinces?|regions?|cities|city)\b",
    r"\b(?:do|should|will|must) (?:the )?(?:provinces|regions|cities)\b",
)
# The same, where no region is named: 江苏哪几个市 is asked of Jiangsu.
_WHICH = _any_of(
    r"哪(?:一个|几个)(?:省|市|地区|地方|城市)|(?:省份?|城市|地区)(?:是|为)(?:哪|谁)",
    r"谁[^,。]{0,12}最[高低大小多少早晚]",
    r"最[高低大小多少早晚]的?(?:[前后]?[一二两三四五六七八九十\d]+个)?(?:省|市|城市|地区)",
    r"[前后][一二两三四五六七八九十\d]+(?:名|位)?的?(?:省|城市|地区)|(?:省份?|城市|地区)排[名序行]",
    r"(?:低于|高于|超过|大于|小于|不[低高]于|以[上下])[^,。]{0,8}的(?:省|市|城市|地区)",
    r"\brank (?:the )?(?:provinces|regions|cities)\b|\btop (?:\w+ )?(?:provinces|regions|cities)\b",
    r"(?:provinces?|regions?|cities|city) with the (?:\w+ )?(?:high|low|most|least|larg|small)",
    r"最も[^。、]{0,12}(?:省|市|都市)|가장 \S+ (?:성|도시)|أي (?:مقاطعة|المقاطعات)",
    r"\bquelles? (?:est la )?(?:province|région|ville)|\bwelche[rs]? (?:provinz|region|stadt)",
    r"\b(?:qué|cuál(?:es)?|qual|quais|qual[ei])(?: es la| é a| è la)? (?:prov|regi|cid|ciu|citt)",
    r"как(?:ая|ие|ой) (?:провинци|регион|город)|どの(?:省|都市|市|地域)|어느 (?:성|도시|지역)",
)
_LIST = _any_of(
    r"(?:重点|主要|具体|基本|保障)(?:任务|措施|举措|原则|工程|行动)(?:是什么|是啥|呢)?[?。!]*$",
    r"哪些|哪几|有什么|什么样的.{0,6}(?:措施|任务)|包括|列举|几[大个项类]",
    r"\blist\b|what (?:[\w-]+ ){0,4}(?:measures|actions|areas|tasks|principles)\b",
    r"\bwhich \w*[^\Ws]s\b",
    r"\bwhich (?:[\w-]+ ){1,4}?(?!does)\w*[^\Ws]s (?:are|do|does|will|must|should)\b",
)
_SCOPE = _any_of(r"怎么|怎样|如何|有没有|方面", r"\bhow (?:does|do|will|is|are)\b")
_HAN, _KEYWORDS_CHARS, _KEYWORDS = re.compile(r"[\u3040-\u9fff\uac00-\ud7a3]"), 12, 4
_ASKS = _any_of(
    r"[?؟\d]|谁|什么|哪|吗|何|是|怎|多|呢|目标|时间|负责|誰|どこ|いつ",
    r"\b(?:who|what|when|where|which|how|why|is|are|does|do|target)\b",
)
_FIGURE = _any_of(
    r"多少|几(?!乎)|多[大高长快]|比例|比重|占比|(?<!效)率(?!先)|目标值|数值|规模",
    r"how (?:many|much|large|high|long)|what (?:share|percentage|proportion|target)",
    r"いくつ|どのくらい|割合|何[%年人か]|얼마|몇|비율",
    r"combien|quelle part|wie viel|wie hoch|anteil|cu[aá]nt|qu[eé] porcentaje",
    r"сколько|какая доля|quant|\bكم\b|نسبة",
)


# Of the shares that non-fossil energy has, plans and people mean that in consumption.
_SHARE = re.compile("非化石(?:能源)?的?(?:占比|比重|比例)")
# With a year, what is to be so much by then: 2025年新型储能装机目标.
_QUANTITY = _any_of(
    r"(?:装机(?:容量|规模)?|容量|产能|产量|面积|蓄积量?|消费量|排放量|总量|里程|数量)(?:的?目标)?"
    r"(?:是什么|如何|呢)?[?。]*$",
    r"\b20\d\d\b.*\btarget|\btarget\b.*\b20\d\d\b",
)


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
    everywhere = bool(_EVERYWHERE.search(plain) or (not regional and _WHICH.search(plain)))
    places = tuple(p for p in found if not (everywhere and p.level == "national"))
    return Query(
        question=text,
        language=language,
        kind=_kind(plain),
        places=places,
        years=years,
        wants_figure=bool(_FIGURE.search(plain) or (years and _QUANTITY.search(plain))),
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
    return _NATION_BESIDE.sub("全国", text) if find_places(text) else text


def _mentioned_apart(text: str) -> list[Mention]:
    """The mentions of places save those around another: 上海徐汇区 is one, 上海与徐汇区 are two."""
    mentions = find_mentions(text)
    joined: set[Mention] = set()
    for one, other in pairwise(mentions):
        if _JOINED.fullmatch(text, one.end, max(one.end, other.start)):
            joined |= {one, other}
    around = {mention.place.within for mention in mentions}
    return [m for m in mentions if m.place.name not in around or m in joined]


def _kind(text: str) -> Kind:
    apart = _mentioned_apart(text)
    several = len({mention.place for mention in apart}) > 1
    # 川渝 is two places by one name, and mostly asks of what they do together.
    one_name = len({mention.start for mention in apart}) == 1
    if several and (not one_name or _RANK.search(text)):
        return "compare"
    if _COMPARE.search(text) and _TWO.search(text):
        return "compare"
    if _LIST.search(text):
        return "list"
    if _FIGURE.search(text):
        return "fact"
    return "scope" if _SCOPE.search(text) or _is_keywords(text) else "fact"


def _is_keywords(text: str) -> bool:
    """Whether it asks nothing, and names what is sought: 浙江光伏, green hydrogen Ningxia."""
    short = len(text) <= _KEYWORDS_CHARS if _HAN.search(text) else len(text.split()) <= _KEYWORDS
    return short and not _ASKS.search(text)


def _years(text: str) -> tuple[int, ...]:
    named = [int(year) for year in _YEAR.findall(_BASE_YEAR.sub(" ", text))]
    lowered = text.lower().replace("five year", "five-year")
    named += [year for words, year in _PLAN_YEARS.items() if words in lowered]
    return tuple(sorted(set(named)))
