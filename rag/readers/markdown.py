"""Markdown, with front matter or without -> one Document; briefs of plans keep their pages.

A brief is a file whose front matter has a plan's id (p027) and whose lines end in the pages of
the plan that they stand on: `(第268、269页)`, `(pp. 268-270)`.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from rag.errors import ReadError
from rag.readers.headings import Heading
from rag.readers.labels import describe, find_outline, first_line, first_title, locate, slug
from rag.readers.text import decode, is_text
from rag.types import LEVELS, STATUSES, Document, PageSpan

Fields = dict[str, tuple[str, ...]]

_SUFFIXES = (".md", ".markdown")
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?P<yaml>.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_MAX_FRONT_MATTER_CHARS = 1 << 16
_LINE = re.compile(r"[^\n]+\n?|\n")
_HEADING = re.compile(r" {0,3}(?P<marks>#{1,6})(?=[ \t\n]|\Z)")
_CLOSING_MARKS = re.compile(r"(?:^|(?<=[ \t]))#+$")
_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})")
_PLAN_ID = re.compile(r"p\d{3}")
_TO = r"\s*[至到~\-–—]\s*"
_NUMBERS = rf"\d{{1,5}}(?:(?:\s*[、,\uff0c]\s*|{_TO})\d{{1,5}})*"
_PAGE_NOTE = re.compile(rf"[(\uff08]\s*(?:第\s*({_NUMBERS})\s*页|pp?\.\s*({_NUMBERS}))\s*[)\uff09]")
_PAGE_RANGE = re.compile(rf"(\d+)(?:{_TO}(\d+))?")
_MAX_RANGE_PAGES = 100  # no item of a brief stands on more; a longer range is a misprint
_SHARED_FIELDS = ("region", "level", "status", "url")  # true of a plan in every language


def recognises(path: Path, head: bytes) -> bool:
    """By the suffix: a line that begins with # makes no Markdown, it may be a comment."""
    return path.suffix.lower() in _SUFFIXES and is_text(head)


def read(path: Path, source: str) -> tuple[Document, ...]:
    """Read the file as one Document; its text is what follows the front matter, as it stands."""
    fields, text = split_front_matter(decode(path))
    if not text.strip():
        raise ReadError(f"{path} has front matter but no text; write the text below it.")
    headings = list(_headings(text))
    first = headings[0].title if headings else first_line(text)
    title = first_title(_one(fields, "title"), first, path.stem) or path.stem
    sections = find_outline(headings, text)
    document = _labelled(describe(text, path, source, title=title, sections=sections), fields)
    if _PLAN_ID.fullmatch(document.id):
        notes = tuple(_page_spans(text))
        if notes or len(fields.get("pages", ())) == 2:
            return (_brief(document, path, notes),)
    return (document,)


def split_front_matter(text: str) -> tuple[Fields, str]:
    """(fields, the text below them); ({}, text) where the file has none that can be parsed.

    A field is a tuple of strings, one for a plain value; nested values are left out.
    """
    match = _FRONT_MATTER.match(text, 0, _MAX_FRONT_MATTER_CHARS)
    fields = _parse(match["yaml"]) if match else None
    return ({}, text) if match is None or fields is None else (fields, text[match.end() :])


def _parse(front_matter: str) -> Fields | None:
    import yaml  # slow to load, needed where there is front matter

    try:
        # BaseLoader leaves every value a string, so that no odd number or date can fail.
        # libyaml's reads ten times faster than Python's; a platform may lack it.
        values = yaml.load(front_matter, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
    except (yaml.YAMLError, RecursionError):
        return None
    if not isinstance(values, dict):
        return None
    listed = {k: v if isinstance(v, list) else [v] for k, v in values.items()}
    return {
        key: tuple(item.strip() for item in items if isinstance(item, str) and item.strip())
        for key, items in listed.items()
        if isinstance(key, str)
    }


def _one(fields: Fields, key: str) -> str:
    return next(iter(fields.get(key, ())), "")


def _labelled(document: Document, fields: Fields) -> Document:
    """Let the front matter say what the title only hints at."""
    region, level = _place(_one(fields, "region"))
    stated_level, status = _one(fields, "level"), _one(fields, "status")
    own_id = slug(_one(fields, "id") or document.id)
    return replace(
        document,
        id=own_id,
        work=own_id,
        region=region or document.region,
        level=stated_level if stated_level in LEVELS else level or document.level,
        status=status if status in STATUSES else document.status,
        url=_one(fields, "url") or document.url,
        language=_one(fields, "lang")[:2].lower() or document.language,
        aliases=(*fields.get("aliases", ()), *fields.get("title_en", ())) or document.aliases,
    )


def _place(name: str) -> tuple[str, str]:
    """Its main Chinese name and level where the table of places knows it: Hunan -> 湖南省."""
    region, level = locate(name)
    return region or name, level


def _brief(document: Document, path: Path, notes: tuple[PageSpan, ...]) -> Document:
    """The summary of the plan whose id the document carries; its own adds the language."""
    plan, own_id = document.id, f"{document.id}-{document.language}"
    inherited = _inherited(document, path)
    return replace(inherited, id=own_id, work=plan, kind="brief", page_spans=notes)


def _inherited(document: Document, path: Path) -> Document:
    """What a translation lacks, from the Chinese file beside it: 027.en.md <- 027.md."""
    stem, _, language = path.stem.rpartition(".")
    if not stem or language == "zh":
        return document
    siblings = [path.with_name(f"{stem}{suffix}") for suffix in (".md", ".zh.md")]
    for sibling in filter(Path.is_file, siblings):
        fields, _ = split_front_matter(decode(sibling))
        if _one(fields, "id") == document.id:
            return _labelled(document, {key: fields.get(key, ()) for key in _SHARED_FIELDS})
    return document


def _headings(text: str) -> Iterator[Heading]:
    """The # headings outside code fences."""
    fence = ""
    for line in _LINE.finditer(text):
        match = _FENCE.match(line.group())
        if fence:
            closing = match["fence"] if match else ""
            if closing.startswith(fence) and line.group().strip() == closing:
                fence = ""
        elif match:
            fence = match["fence"]
        elif heading := _HEADING.match(line.group()):
            title = _CLOSING_MARKS.sub("", line.group()[heading.end() :].strip()).strip()
            if title:
                yield Heading(title, len(heading["marks"]), line.start(), line.end())


def _page_spans(text: str) -> Iterator[PageSpan]:
    """A span for each page of each note, over what the note closes: its line, or a part of it."""
    for line in _LINE.finditer(text):
        notes = list(_PAGE_NOTE.finditer(text, line.start(), line.end()))
        cuts = [line.start(), *(note.end() for note in notes[:-1]), line.end()]
        for note, (start, end) in zip(notes, pairwise(cuts), strict=False):
            for page in _pages(note[1] or note[2]):
                yield PageSpan(page, start, end)


def _pages(numbers: str) -> list[int]:
    """`268、270-272` -> 268, 270, 271, 272."""
    pages: set[int] = set()
    for first, last in _PAGE_RANGE.findall(numbers):
        begin, end = int(first), int(last or first)
        pages.update(range(begin, end + 1) if 0 <= end - begin < _MAX_RANGE_PAGES else (begin, end))
    return sorted(pages)
