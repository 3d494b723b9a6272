"""Whether documents mention what a question asks about: 提到海上风电了吗?, does it mention CCUS?

That nothing is said can be quoted from nowhere, but it can be looked up: a word is in the texts of
a place or it is not.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from rag.glossary import find_terms
from rag.places import without_places
from rag.types import Document, Query
from rag.words import normalize

_NOT_SAID = "到及过高升出供前质取效倡炼速标级"  # after 提: 提高, 提出
_MENTIONS = rf"(?:提[到及过]|说[到过]|谈到|写到|讲到|涉及|提(?![{_NOT_SAID}]))(?:过|了)?"
# What is asked about, in a question that asks yes or no.
_ASKED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:有没有|有无|是否|是不是|会不会){_MENTIONS}([^,，。?？]{{2,12}})",
        r"提没提(?:到|及|过)?([^,，。?？]{2,12})",
        rf"{_MENTIONS}([^,，。?？]{{2,12}}?)(?:了?吗|了?没有?|了么|么)[?？]?$",
        r"\b(?:does|do|did|is|are)\b[^?]* (?:mention|refer to|speak of|talk about) ([^?,.]{2,40})",
    )
)
_QUOTES = re.compile("[“”\"'‘’「」]")
_KEPT = 64  # questions; one is looked at several times on its way to an answer
_ARTICLE = re.compile(r"^(?:the|any|a|an) ", re.IGNORECASE)


def find_unmentioned(query: Query, documents: Sequence[Document]) -> str:
    """What the question asks about, if no document holds it; "" if one does.

    documents: those of the places that the question names. "" as well without any, or where it
    asks about no mention.
    """
    asked = mentioned_in(query)
    held = any(is_mentioned(asked, query.language, document.text) for document in documents)
    return "" if held or not documents else asked


def find_unmentioned_years(query: Query, documents: Sequence[Document]) -> tuple[int, ...]:
    """The years asked for in figures, if no document names any of them. documents: as above."""
    years = tuple(year for year in query.years if str(year) in query.question)
    named = any(str(year) in document.text for document in documents for year in years)
    return () if named or not documents else years


@lru_cache(_KEPT)
def mentioned_in(query: Query) -> str:
    """The words whose mention is asked about; "" if that isn't asked."""
    text = without_places(normalize(query.question)).strip()
    found = next(filter(None, (pattern.search(text) for pattern in _ASKED)), None)
    return _ARTICLE.sub("", found[1].strip()) if found else ""


def is_mentioned(asked: str, language: str, text: str, *, whole: bool = False) -> bool:
    """Whether a text holds it in its own words, or those that the glossary gives for them.

    whole: for all of them together, not for a part: 碳关税 is no 关税.
    """
    plain = _QUOTES.sub("", text).lower()
    return any(words in plain for words in _names(asked, language, whole=whole))


@lru_cache(_KEPT)
def _names(asked: str, language: str, *, whole: bool) -> frozenset[str]:
    terms = find_terms(asked, language)
    if whole:
        terms = tuple(t for t in terms if t.end - t.start == len(asked))
    return frozenset(n.lower() for n in (asked, *(n for term in terms for n in term.names)))
