"""A book of policy documents, as plain text with page footers -> one Document a plan.

The text has no line breaks of its own: a page ends with its footer `第N页`, and a plan begins on
a new page with `region《title》link` followed at once by its first sentence. Pages between plans
that hold only a directory, the cover and the words of the web page around the book are dropped.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rag.errors import ReadError
from rag.places import find_places
from rag.readers.outline import find_sections
from rag.readers.repeats import drop_repeats
from rag.readers.text import decode
from rag.types import Document, PageSpan

_FOOTER = re.compile(r"第(\d{1,4})页")
_MAX_LOST_PAGES = 5  # a footer must count on from the last one, so `第3页` in a sentence is text
# A link ends where a year or a Chinese character begins: `….shtml2040年前` ends at .shtml.
_LINK = r"https?://(?:(?!\d{4}年)[!-'*-~])+"
_HEAD = re.compile(
    rf"(?P<region>[^《》。,，:：;；\s]{{2,12}})《(?P<title>[^》]{{4,120}})》(?P<url>{_LINK})"
)
# Some plans carry no link but the words of a code to scan; the title then has no brackets.
_SCAN_HEAD = re.compile(
    r"(?P<region>国务院|[^《》。,，:：;；\s]{2,6}[省市区])(?P<title>\S{4,60}?)扫码查看全文(?:扫码下载原文)?"
)
_CONTENTS_LINE = re.compile(
    r"^(?P<title>[^.《》\n]{6,80}?)\s*\.{4,}\s*(?P<page>\d{1,4})\s*$", re.MULTILINE
)
_DATE = re.compile(r"20\d\d[/.-]{1,2}\d\d[/.-]{1,2}\d\d")
_DIRECTORY_DATES, _DIRECTORY_TITLES = 5, 5  # no page of a plan holds five dates and five titles
_CENTRE = ("中共中央国务院", "国务院")
_MIN_FOOTERS, _MIN_HEADS = 3, 2

_BLOCK_BYTES = 1 << 20
_FOOTER_BYTES = re.compile(
    b"|".join("第".encode(e) + rb"\d{1,4}" + "页".encode(e) for e in ("utf-8", "gb18030"))
)


class _Page(NamedTuple):
    number: int
    text: str


class _Plan(NamedTuple):
    head: str
    title: str
    url: str
    pages: tuple[_Page, ...]


def recognises(path: Path, head: bytes) -> bool:
    """Plain text that begins with a page footer or contents and holds at least two plan heads."""
    if path.suffix.lower() not in ("", ".txt", ".text") or b"\0" in head:
        return False
    with path.open("rb") as file:
        if not any(map(_FOOTER_BYTES.search, iter(lambda: file.read(_BLOCK_BYTES), b""))):
            return False
    text = decode(path)
    return len(_FOOTER.findall(text)) >= _MIN_FOOTERS and len(_HEAD.findall(text)) >= _MIN_HEADS


def read(path: Path, source: str) -> tuple[Document, ...]:
    """Read every plan, in order of pages; ids are p001, p002 … in that order.

    A passage printed twice inside a plan is kept once and carries the pages of both printings.
    """
    plans = list(_plans(decode(path)))
    if not plans:
        raise ReadError(f"{path} has page footers but no plan; rename it to .md to read it whole.")
    return tuple(_document(number, plan, source) for number, plan in enumerate(plans, 1))


def _plans(text: str) -> Iterator[_Plan]:
    """Group the pages into plans; directory pages end a plan and belong to none."""
    plan: _Plan | None = None
    for page in _pages(text):
        match = _HEAD.match(page.text) or _SCAN_HEAD.match(page.text)
        if plan and (match or _is_directory(page.text)):
            yield plan
            plan = None
        if match:
            url = match.groupdict().get("url") or ""
            rest = _Page(page.number, page.text[match.end() :])
            plan = _Plan(match["region"], match["title"], url, (rest,))
        elif not _is_directory(page.text):
            plan = plan or _Plan("", _title_in_contents(text, page.number), "", ())
            plan = plan._replace(pages=(*plan.pages, page))
    if plan:
        yield plan


def _pages(text: str) -> Iterator[_Page]:
    """The pages in order, without their footers; an excerpt may begin on any.

    The first begins with a plan's head, or else with the line that its footer stands in.
    """
    number = begin = 0
    for footer in _FOOTER.finditer(text):
        printed = int(footer.group(1))
        if not number or number < printed <= number + _MAX_LOST_PAGES:
            begin = begin or _first_page_start(text, footer.start())
            yield _Page(printed, text[begin : footer.start()].strip("\n"))
            begin, number = footer.end(), printed


def _first_page_start(text: str, end: int) -> int:
    head = _HEAD.search(text, 0, end)
    return head.start() if head else text.rfind("\n", 0, end) + 1


def _is_directory(text: str) -> bool:
    """A page of flattened tables: contents with dot leaders, or titles beside their dates."""
    if text.count("......") >= _DIRECTORY_TITLES:
        return True
    return len(_DATE.findall(text)) >= _DIRECTORY_DATES and text.count("《") >= _DIRECTORY_TITLES


def _title_in_contents(text: str, page: int) -> str:
    """The title of a plan whose first page is lost: the last in the contents before `page`."""
    entries = [(int(m["page"]), m["title"].strip()) for m in _CONTENTS_LINE.finditer(text)]
    before = [title for first, title in entries if first <= page]
    return before[-1] if before else f"第{page}页起"


def _document(number: int, plan: _Plan, source: str) -> Document:
    text, spans = drop_repeats(*_joined(plan.pages))
    region, level = _region(plan)
    return Document(
        id=f"p{number:03d}",
        work=f"p{number:03d}",
        title=plan.title,
        text=text,
        source=source,
        region=region,
        aliases=(plan.head,) if plan.head and plan.head != region else (),
        level=level,
        status="draft" if "征求意见稿" in plan.title else "final",
        url=plan.url,
        language="zh",
        page_spans=spans,
        sections=find_sections(text),
    )


def _joined(pages: tuple[_Page, ...]) -> tuple[str, tuple[PageSpan, ...]]:
    """The pages as one text, nothing put between them: most page breaks cut a sentence."""
    spans: list[PageSpan] = []
    at = 0
    for page in pages:
        spans.append(PageSpan(page.number, at, at + len(page.text)))
        at += len(page.text)
    return "".join(page.text for page in pages), tuple(spans)


def _region(plan: _Plan) -> tuple[str, str]:
    """Region and level: the head's place, or a finer place inside it that the title names."""
    if not plan.head or plan.head in _CENTRE:
        return "全国", "national"
    outer = find_places(plan.head)
    if not outer:
        return plan.head, ""
    inner = [
        p for p in find_places(plan.title) if p.within == outer[-1].name and p.level == "district"
    ]
    place = (inner or outer)[-1]
    return place.name, place.level
