"""What a file that says nothing of itself is called: id, title, place, status, language."""

import re
from pathlib import Path
from unicodedata import normalize

from rag.language import detect_language
from rag.places import find_places
from rag.readers.headings import Heading, nest
from rag.readers.outline import find_sections
from rag.types import Document, PageSpan, Place, Section

_MAX_TITLE_CHARS = 200  # declared titles reach 130
_MAX_FIRST_LINE_CHARS = 80  # a longer line is a sentence; no title of the 114 plans is over 60
_NO_NAME = re.compile(r"[^\w.\-]+")
# Titles that programs put into a file's properties by themselves.
_PROGRAM_TITLE = re.compile(
    r"(?i)microsoft word|untitled|\(?anonymous\)?$|word document$|.*\.(docx?|pdf|wps|indd|rtf|tmp)$"
)
_NATION = "全国"  # what the plans of the centre carry as their region


def describe(
    text: str,
    path: Path,
    source: str,
    *,
    title: str,
    sections: tuple[Section, ...],
    page_spans: tuple[PageSpan, ...] = (),
) -> Document:
    """A Document whose other labels are read off its title and text; "" where they don't tell."""
    region, level = locate(title)
    return Document(
        id=slug(path.stem),
        title=title,
        text=text,
        source=source,
        region=region,
        level=level,
        status="draft" if re.search(r"征求意见稿|[(（]draft[)）]", title, re.IGNORECASE) else "",
        language=detect_language(text),
        sections=sections,
        page_spans=page_spans,
    )


def slug(name: str) -> str:
    """An id without separators of paths or white space; letters of any script stay."""
    return _NO_NAME.sub("-", normalize("NFC", name)).strip("-.") or "document"


def first_title(*candidates: str) -> str:
    """The first candidate that a person would call a title, its white space single; else ""."""
    for candidate in candidates:
        title = " ".join(candidate.split())
        if 0 < len(title) <= _MAX_TITLE_CHARS and not _PROGRAM_TITLE.match(title):
            return title
    return ""


def first_line(text: str) -> str:
    """The first line that is not blank, if it is short enough for a title; else ""."""
    match = re.search(r"\S[^\n]*", text)
    line = match.group().rstrip() if match else ""
    return line if len(line) <= _MAX_FIRST_LINE_CHARS else ""


def locate(name: str) -> tuple[str, str]:
    """(region, level) if `name` names one place, else ("", ""); 湖南省长沙市 is one, the inner."""
    places = find_places(name)
    outer = {place.within for place in places}
    named = [place for place in places if place.name not in outer]
    return (_region(named[0]), named[0].level) if len(named) == 1 else ("", "")


def _region(place: Place) -> str:
    return _NATION if place.level == "national" else place.name


def find_outline(headings: list[Heading], text: str) -> tuple[Section, ...]:
    """Sections of the headings that a format marks; the numbered outline where it marks under two.

    A lone heading is the title, so the outline goes below it.
    """
    if len(headings) > 1:
        return nest(headings, len(text))
    numbered = [Heading(s.title, s.level + 1, s.start, s.body) for s in find_sections(text)]
    lone = [heading._replace(rank=1) for heading in headings]
    end = max((heading.body for heading in lone), default=0)
    return nest(lone + [heading for heading in numbered if heading.start >= end], len(text))
