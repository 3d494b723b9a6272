"""The items of a list that stand as headings under one section: 八大行动, 重点任务, principles."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from rag.evidence.asked import asks_who
from rag.evidence.features import Asked, cover, words_in
from rag.generators.counting import find_counts
from rag.types import Document, Evidence, Query, Section, Statement
from rag.wording import cited_place, say

# Share of the pairs of characters of a section's title that the question holds; less is needed
# where the section has as many parts as are asked for.
_LEAST_NAMED, _LEAST_NAMED_COUNTED = 0.75, 0.4
# Share of what a question asks beyond the plan's title that such a section's opening words hold.
_LEAST_TOLD = 0.5
_OPENING_CHARS = 600  # from its heading on, before its first part
_SHORTEST_TITLE = 4  # characters
_MOST_ITEMS = 15
_NUMBERING = re.compile(
    r"^\s*(?:[(（]?[一二三四五六七八九十\d]+[)）、.．]|[一二三四五六七八九十]+是)\s*"
)


def are_counted(query: Query, headings: Statement) -> bool:
    """Whether they are as many as the question speaks of, so that nothing is left to say."""
    return len(headings.evidence) in find_counts(query)


class _Outline(NamedTuple):
    document: Document
    section: Section
    parts: tuple[Section, ...]
    score: float


def list_headings(query: Query, documents: Sequence[Document], asked: Asked) -> Statement | None:
    """The headings right under the section that the question names, each cited; None without one.

    documents: those that may be meant, best first.
    """
    if asks_who(query) or (query.kind != "list" and not find_counts(query)):
        return None
    found = [o for d in documents for o in _outlines(query, d, asked)]
    if not found:
        return None
    best = max(found, key=lambda outline: outline.score)
    noun = _shared_noun(best.parts)
    evidence = tuple(_evidence(best, part, noun) for part in best.parts)
    items = [_NUMBERING.sub("", e.quote).rstrip("。.") for e in evidence]
    place = cited_place(query.language, evidence[0])
    text = say(query.language, "lead", place=place) + say(query.language, "semicolon").join(items)
    return Statement(text, evidence)


def _outlines(query: Query, document: Document, asked: Asked) -> Iterator[_Outline]:
    """The sections of a document that the question may name, with the parts right under each."""
    if document.kind == "brief":
        return
    rest, counts = asked.titled(document).rest, find_counts(query)
    words = words_in(query.question) | words_in(query.chinese)
    yield from _tops(document, counts)
    for section, parts in _families(document):
        title = _NUMBERING.sub("", section.title)
        pairs = [word for word in words_in(title) if len(word) > 1]
        if len(title) < _SHORTEST_TITLE or not pairs:
            continue
        named, counted = sum(word in words for word in pairs) / len(pairs), len(parts) in counts
        least = _LEAST_NAMED_COUNTED if counted else _LEAST_NAMED
        if named >= least and (counted or not counts):
            yield _Outline(document, section, parts, named + cover(rest, words_in(title)) + counted)
        elif counted and _are_all(counts[len(parts)], parts):
            yield _Outline(document, section, parts, 1.0 + counted)
        elif counted:
            opening = document.text[section.start : parts[0].start][:_OPENING_CHARS]
            told = cover(rest, words_in(opening))
            if told >= _LEAST_TOLD:
                yield _Outline(document, section, parts, told + counted)


def _tops(document: Document, counts: Mapping[int, str]) -> Iterator[_Outline]:
    """The first sections of a plan, where as many as are counted are of the kind counted."""
    level = min((section.level for section in document.sections), default=0)
    tops = [s for s in document.sections if s.level == level and s.title != document.title]
    for count, noun in counts.items():
        named = tuple(section for section in tops if noun in section.title)
        if len(named) == count:
            yield _Outline(document, named[0], named, 1.0)


def _families(document: Document) -> Iterator[tuple[Section, tuple[Section, ...]]]:
    """Sections with two parts or more right under them."""
    sections = document.sections
    for i, section in enumerate(sections):
        inside = []
        for part in sections[i + 1 :]:
            if part.start >= section.end:
                break
            inside.append(part)
        level = min((part.level for part in inside), default=0)
        parts = tuple(part for part in inside if part.level == level)
        if 2 <= len(parts) <= _MOST_ITEMS and section.title != document.title:
            yield section, parts


def _are_all(noun: str, parts: Sequence[Section]) -> bool:
    return all(noun in part.title for part in parts)


def _shared_noun(parts: Sequence[Section]) -> str:
    """The two characters that most of the headings end in: 行动; "" if there are none such."""
    noun, count = Counter(part.title[-2:] for part in parts).most_common(1)[0]
    return noun if count > len(parts) / 2 else ""


def _evidence(outline: _Outline, part: Section, noun: str) -> Evidence:
    """The heading of a part, without white space around, up to the noun that all of them share.

    Where its full stop is lost, the sentence after it runs on.
    """
    text = outline.document.text[part.start : part.body]
    at = text.find(noun) if noun else -1
    kept = text if at < 0 or part.title.endswith(noun) else text[: at + len(noun)]
    start = part.start + len(text) - len(text.lstrip())
    return Evidence(outline.document, start, start + len(kept.strip()), outline.score)
