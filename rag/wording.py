"""The few words that an answer adds to its quotes, in the language of the question."""

import json
from functools import cache
from pathlib import Path

from rag.places import find_places, region_in
from rag.types import Document, Evidence

_TABLE = Path(__file__).with_name("wording.json")


def say(language: str, phrase: str, **values: object) -> str:
    """A phrase of `wording.json` with its values filled in; English where a language lacks it."""
    phrases = _phrases()
    return phrases.get(language, phrases["en"]).get(phrase, phrases["en"][phrase]).format(**values)


def lead(language: str, evidence: Evidence) -> str:
    """Whose words follow, e.g. `《江苏省碳达峰实施方案》(第343页):`."""
    return say(language, "lead", place=cited_place(language, evidence))


def cited_place(language: str, evidence: Evidence) -> str:
    """Plan, draft or not, page of a piece of evidence: `《江苏省碳达峰实施方案》(第343页)`.

    In another language than Chinese, also that what follows is in Chinese.
    """
    document = evidence.document
    details = [say(language, "brief")] if document.kind == "brief" else []
    if document.status == "draft":
        details.append(say(language, "draft"))
    if evidence.pages:
        details.append(say_pages(language, evidence.pages))
    if language != "zh" and document.language == "zh":
        details.append(say(language, "in_chinese"))
    bracket = say(language, "details", details=say(language, "comma").join(details))
    return _spoken_name(language, document) + (bracket if details else "")


def _spoken_name(language: str, document: Document) -> str:
    """The title; a Chinese one after its region's name in the language of who asks."""
    if document.language != "zh" or language == "zh" or len(find_places(document.region)) != 1:
        return name(language, document)
    region = region_in(language, document.region)
    return say(language, "title_of", title=document.title, region=region)


def name(language: str, document: Document) -> str:
    """The title, with its region where the title doesn't say it."""
    region, named = document.region, find_places(document.title)
    if not region or region in document.title or region in {place.name for place in named}:
        return say(language, "title", title=document.title)
    return say(language, "title_of", title=document.title, region=region_in(language, region))


def say_pages(language: str, pages: tuple[int, ...]) -> str:
    numbers = say(language, "comma").join(map(str, pages))
    return say(language, "page" if len(pages) == 1 else "pages", pages=numbers)


@cache
def _phrases() -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return table
