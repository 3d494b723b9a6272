"""HTML -> one Document of its visible text; headings become sections, table rows lines.

The parser hands over tags one by one and no tree is built, so depth of nesting costs nothing.
"""

import re
from collections import Counter
from pathlib import Path

from rag.errors import ReadError
from rag.readers.headings import Heading
from rag.readers.joining import squeeze
from rag.readers.labels import describe, find_outline, first_line, first_title
from rag.readers.text import decode_bytes, is_text
from rag.types import Document

_SUFFIXES = (".html", ".htm", ".xhtml")
_START = re.compile(
    rb"(?>\s+|<!--.*?-->|<\?.*?>|\xef\xbb\xbf|\xff\xfe|\xfe\xff)*+"
    rb"<(?:!doctype\s+html|html|head|body|title|meta)\b",
    re.IGNORECASE | re.DOTALL,
)
_CHARSET = re.compile(rb"""<meta\s[^>]*?charset\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
_CHARSET_BYTES = 4096  # browsers look at the first 1,024
# What browsers read for a name; the others stand for themselves if they are of these families.
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "iso-8859-1": "cp1252", "shift_jis": "cp932"}
_FAMILIES = ("gb", "big5", "euc", "cp", "windows", "iso", "koi8")
_FEED_CHARS = 1 << 20
_TAG = re.compile(r"<(?:(?P<start>[a-zA-Z][^\s/<>]*)|/(?P<end>[a-zA-Z][^\s/<>]*)[^<>]*>?)")
_MANY_END_TAGS = 5000  # with fewer, strays cost a second at most

_UNSEEN = re.compile(
    "script|style|nav|footer|noscript|template|iframe|object|svg|math|select|textarea|audio|video"
)
_HIDING_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_BLOCK = re.compile(
    "address|article|aside|blockquote|body|br|caption|center|dd|details|dialog|div|dl|dt|fieldset"
    "|figcaption|figure|form|h[1-6]|header|hr|legend|li|main|ol|option|p|pre|section|summary|table"
    "|tbody|td|tfoot|th|thead|tr|ul"
)
_HEADING_TAGS = {f"h{rank}": rank for rank in range(1, 7)}
_MAX_ROW_CHARS = 1000  # a longer row lays out a page rather than a table; its lines stay apart


def recognises(path: Path, head: bytes) -> bool:
    """What begins as HTML does, whatever its name; else by the suffix."""
    plain = head.replace(b"\0", b"") if head[:2] in (b"\xff\xfe", b"\xfe\xff") else head
    return is_text(head) and (bool(_START.match(plain)) or path.suffix.lower() in _SUFFIXES)


def read(path: Path, source: str) -> tuple[Document, ...]:
    """Read the page as one Document; scripts, navigation, footers and hidden parts are left out."""
    page = _parse(_decode(path))
    text = "".join(page.lines)
    if not text:
        raise ReadError(f"{path} shows no text without a browser; save the page from one as text.")
    title = _title(page.title, page.headings) or first_title(first_line(text), path.stem)
    sections = find_outline(page.headings, text)
    return (describe(text, path, source, title=title or path.stem, sections=sections),)


def _decode(path: Path) -> str:
    data = path.read_bytes()
    match = _CHARSET.search(data[:_CHARSET_BYTES])
    declared = match[1].decode("ascii", "ignore").lower() if match else ""
    declared = _WIDER.get(declared, declared)
    return decode_bytes(data, path, declared=declared if declared.startswith(_FAMILIES) else "")


def _title(named: str, headings: list[Heading]) -> str:
    """The first h1, if <title> only adds the site's name to it or is missing; else <title>."""
    first = next((h.title for h in headings if h.rank == 1), "")
    return first_title(first if named.strip().startswith(first) or not named.strip() else "", named)


def _parse(markup: str) -> "_Page":
    if markup.count("</") > _MANY_END_TAGS:
        markup = _without_strays(markup)
    page = _Page()
    # huge_tree lifts libxml2's limit on depth, which would cut the text off.
    from lxml import etree  # a native library, loaded when there is HTML

    parser = etree.HTMLParser(target=page, huge_tree=True, encoding="utf-8")
    try:
        for at in range(0, len(markup), _FEED_CHARS):
            parser.feed(markup[at : at + _FEED_CHARS].encode())
        parser.close()
    except etree.LxmlError:
        page.close()  # what was seen before the fault stands
    return page


def _without_strays(markup: str) -> str:
    """The markup without end tags of elements that aren't open, which libxml2 passes over too.

    It seeks each of them in all that is open, and so takes a minute where 100,000 are.
    """
    opened: Counter[str] = Counter()
    pieces: list[str] = []
    at = 0
    for tag in _TAG.finditer(markup):
        name = (tag["start"] or tag["end"]).lower()
        if tag["start"]:
            if _BLOCK.fullmatch(name):
                opened["p"] = 0  # a block ends the paragraph before it
            opened[name] += 1
        elif opened[name]:
            opened[name] -= 1
        else:
            pieces.append(markup[at : tag.start()])
            at = tag.end()
    return "".join(pieces) + markup[at:]


class _Row:
    """Cells of an open table row, each a list of its lines. spilled: it lays out a page."""

    def __init__(self) -> None:
        self.cells: list[list[str]] = []
        self.spilled = False


class _Page:
    """What the parser calls; `lines`, each with its \\n, and `headings` grow as it reads."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.headings: list[Heading] = []
        self.title = ""
        self._length = 0  # of all lines
        self._pieces: list[str] = []  # of the line being read
        self._rows: list[_Row] = []
        self._heading: tuple[int, int, int] | None = None  # rank, offset, number of lines before
        self._unseen_depth = self._title_depth = self._pre_depth = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._unseen_depth or _is_unseen(tag, attributes):
            self._unseen_depth += 1
            return
        self._title_depth += tag == "title"
        self._pre_depth += tag == "pre"
        if _BLOCK.fullmatch(tag):
            self._end_line()
        if tag in ("table", "tr") or tag in _HEADING_TAGS:
            self._spill_row()
        if tag == "tr":
            self._rows.append(_Row())
        elif tag in ("td", "th") and self._rows:
            self._rows[-1].cells.append([])
        elif tag in _HEADING_TAGS:
            self._heading = (_HEADING_TAGS[tag], self._length, len(self.lines))

    def end(self, tag: str) -> None:
        if self._unseen_depth:
            self._unseen_depth -= 1
            return
        self._title_depth -= tag == "title"
        self._pre_depth -= tag == "pre"
        if _BLOCK.fullmatch(tag):
            self._end_line()
        if tag == "tr" and self._rows:
            self._end_row()
        elif tag in _HEADING_TAGS:
            self._end_heading()

    def data(self, text: str) -> None:
        if self._title_depth:
            self.title += text
        elif self._pre_depth and not self._unseen_depth:
            first, *others = text.split("\n")
            self._pieces.append(first)
            for piece in others:
                self._end_line()
                self._pieces.append(piece)
        elif not self._unseen_depth:
            self._pieces.append(text)

    def close(self) -> None:
        self._end_line()
        while self._rows:
            self._end_row()

    def _end_line(self) -> None:
        line = squeeze("".join(self._pieces))
        self._pieces.clear()
        if not line:
            return
        if self._rows and not self._rows[-1].spilled and self._rows[-1].cells:
            self._rows[-1].cells[-1].append(line)
        else:
            self._emit(line)

    def _emit(self, line: str) -> None:
        self.lines.append(line + "\n")
        self._length += len(line) + 1

    def _end_row(self) -> None:
        row = self._rows.pop()
        cells = [" ".join(lines) for lines in row.cells]
        if any(cells) and sum(map(len, cells)) <= _MAX_ROW_CHARS:
            self._emit(" | ".join(cells).strip())
        else:
            self._emit_cells(row)

    def _spill_row(self) -> None:
        """A table or a heading in a cell: the row lays out the page, so its lines stand alone."""
        if self._rows and not self._rows[-1].spilled:
            self._rows[-1].spilled = True
            self._emit_cells(self._rows[-1])

    def _emit_cells(self, row: _Row) -> None:
        for cell in row.cells:
            for line in cell:
                self._emit(line)
        row.cells.clear()

    def _end_heading(self) -> None:
        if self._heading is None:
            return
        rank, start, line_count = self._heading
        title = " ".join("".join(self.lines[line_count:]).split())
        if title:
            self.headings.append(Heading(title, rank, start, self._length))
        self._heading = None


def _is_unseen(tag: str, attributes: dict[str, str]) -> bool:
    if tag in ("html", "body"):  # pages hide these until a script has run
        return False
    hidden = "hidden" in attributes or attributes.get("aria-hidden") == "true"
    style = attributes.get("style", "")
    return hidden or bool(_UNSEEN.fullmatch(tag) or _HIDING_STYLE.search(style))
