"""Question -> what is asked: language, kind of answer, places, years, and whether a figure is wanted."""

import re

from rag.errors import BadRequest
from rag.language import detect_language
from rag.places import Place, find_places
from rag.types import Kind, Query

MAX_QUESTION_CHARS = 4000  # a long paragraph; above it is a pasted document, not a question

_YEAR = re.compile(r"(?<!\d)(20[0-9]{2})(?!\d)")
_PLAN_YEARS = {"十四五": 2025, "十五五": 2030, "14th five-year": 2025, "15th five-year": 2030}
_COMPARE = re.compile(
    r"谁|哪个(?:更|最)?[高低大小多少早晚]|更[高低大小多少早晚]|最[高低大小多少早晚]|分别|各(?:是|要|有|自|提|用|给|定)|相比"
    r"|对比|比较|\bcompare|\bversus\b|\bvs\b|which .*(?:higher|lower|more|earlier)",
    re.IGNORECASE,
)
_LIST = re.compile(
    r"哪些|哪几|有什么|什么样的.{0,6}(?:措施|任务)|包括|列举|几(?:大|个|项|类|方面)|\blist\b|\bwhich\b.*s\b|what .*(?:measures|actions|areas)",
    re.IGNORECASE,
)
_SCOPE = re.compile(r"怎么|怎样|如何|有没有|有什么部署|哪几方面|方面|\bhow (?:does|do|will|is|are)\b", re.IGNORECASE)
_FIGURE = re.compile(
    r"多少|几(?!乎)|多[大高长快]|比例|比重|占比|率|目标值|数值|规模|how (?:many|much|large|high|long)|what (?:share|percentage|proportion|target)"
    r"|何|いくつ|どのくらい|割合|얼마|몇|비율|combien|quelle part|wie viel|wie hoch|anteil|cu[aá]nt|qu[eé] porcentaje|сколько|какая доля|quant|كم|نسبة",
    re.IGNORECASE,
)


def understand(question: str) -> Query:
    """Read a question; raises BadRequest if it is empty or longer than MAX_QUESTION_CHARS."""
    text = question.strip()
    if not any(char.isalnum() for char in text):
        raise BadRequest("the question is empty; type one, e.g. `rag ask \"江苏2030年非化石能源消费比重?\"`.")
    if len(text) > MAX_QUESTION_CHARS:
        raise BadRequest(
            f"the question has {len(text):,} characters; at most {MAX_QUESTION_CHARS:,} can be asked. "
            "To search in a text of your own, index it: `rag index FILE`."
        )
    places = find_places(text)
    return Query(
        question=text,
        language=detect_language(text),
        kind=_kind(text, places),
        places=places,
        years=_years(text),
        wants_figure=bool(_FIGURE.search(text)),
    )


def _kind(text: str, places: tuple[Place, ...]) -> Kind:
    if len(places) > 1 and _COMPARE.search(text):
        return "compare"
    if _LIST.search(text):
        return "list"
    return "scope" if _SCOPE.search(text) and not _FIGURE.search(text) else "fact"


def _years(text: str) -> tuple[int, ...]:
    named = [int(year) for year in _YEAR.findall(text)]
    lowered = text.lower()
    named += [year for words, year in _PLAN_YEARS.items() if words in lowered]
    return tuple(sorted(set(named)))
