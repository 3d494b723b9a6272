"""PDF with a text layer -> one Document; lines are joined to paragraphs across page breaks."""

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from rag.errors import ReadError
from rag.readers import apart
from rag.readers.joining import between
from rag.readers.labels import describe, find_outline, first_title
from rag.readers.pdf_layer import MAX_CHARS, read_layer
from rag.types import Document, PageSpan

_MAGIC = b"%PDF-"
_MAGIC_BYTES = 1024  # the magic may stand after other bytes. source: ISO 32000-1, Annex H.3.4.1
_HYPHEN_AT_END = re.compile("[\x02\ufffe]")  # PDFium's marks, put in place of hyphen and line end
_HYPHENATED = re.compile(r"[^\W\d_]+-[^\W\d_]+")
_FIRST_PART = re.compile(r"([^\W\d_]*[a-z\u00df-\u024f])-$")
_SECOND_PART = re.compile(r"[a-z\u00df-\u024f][^\W\d_]*")
_PAGE_NUMBER = re.compile(
    r"\W*(?:第|page|p\.)?\s*(\d{1,4})\s*页?\W*(?:(?:of|共)?\s*\d{1,4}\s*页?)?\W*", re.IGNORECASE
)
_MIN_RUNNING_PAGES, _MIN_RUNNING_SHARE = 3, 0.4  # headers of left and right pages may differ
_MAX_RUNNING_CHARS = 60
# A line is full, so that the next may continue it, from this share of its page's full lines on,
# and if it is no narrower than a column of twelve Chinese characters.
_FULL_SHARE, _MIN_FULL_COLUMNS = 0.8, 24
_STARTS_ITEM = re.compile(
    r"第[一二三四五六七八九十百]{1,4}[章节编条]|[一二三四五六七八九十]{1,3}、|[(（][一二三四五六七八九十\d]{1,3}[)）]"
    r"|\d{1,2}(?:\.\d{1,2})*[.．、\s](?!\d)|专栏|附件|[-–•●■◆▪·*]\s"
)
_ENDS_SENTENCE = re.compile(r"[。!?\uff01\uff1f][”’\"')）」』》]*$")


class _Page(NamedTuple):
    """number: as printed; None where the labels number only other pages."""

    number: int | None
    lines: tuple[str, ...]


def recognises(path: Path, head: bytes) -> bool:
    """What begins as PDF does; with the suffix .pdf, also what is damaged at its beginning."""
    if path.suffix.lower() == ".pdf":
        return _MAGIC in head[:_MAGIC_BYTES] or b"\0" in head
    return head.lstrip(b"\xef\xbb\xbf\t\r\n\f ").startswith(_MAGIC)


def read(path: Path, source: str) -> tuple[Document, ...]:
    """Read the text layer as one Document; page numbers and running heads are left out.

    Pages are numbered by the PDF's own labels where these are numbers, else from 1.
    """
    named, pages = _load(path)
    pages = _without_running(pages)
    if not any(line for page in pages for line in page.lines):
        raise ReadError(
            f"{path} has pages but no text, so it is a scan; give it a text layer: "
            f"`ocrmypdf -l chi_sim+eng '{path}' readable.pdf`."
        )
    text, spans = _joined(pages)
    first = next(line for page in pages for line in page.lines)
    title = first_title(named, first, path.stem) or path.stem
    sections = find_outline([], text)
    return (describe(text, path, source, title=title, sections=sections, page_spans=spans),)


def _load(path: Path) -> tuple[str, list[_Page]]:
    """The title among the properties, and every page's lines."""
    layer = apart.read_apart(read_layer, path)
    if layer is None:
        raise ReadError(
            f"{path} is a damaged PDF, or one made to fill the memory: it can't be read within "
            f"{apart.tell_limits()}; mend it: `qpdf '{path}' new.pdf`."
        )
    fault = layer.get("fault")
    if fault == "locked":
        raise ReadError(
            f"{path} is locked by a password; unlock it: "
            f"`qpdf --decrypt --password=SECRET '{path}' new.pdf`."
        )
    if fault == "large":
        raise ReadError(
            f"{path} holds more than {MAX_CHARS:,} characters, or is damaged so that it seems to; "
            f"split it: `qpdf --split-pages=500 '{path}' part.pdf`."
        )
    if fault:
        raise ReadError(
            f"{path} is a damaged PDF; get it anew or mend it: `qpdf '{path}' new.pdf`."
        )
    lines = [tuple(filter(None, map(str.strip, _plain(t).split("\n")))) for t in layer["texts"]]
    return layer["title"], [
        _Page(*page) for page in zip(_numbers(layer["labels"]), lines, strict=True)
    ]


def _plain(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return _HYPHEN_AT_END.sub("-\n", text)


def _numbers(labels: list[str]) -> list[int | None]:
    """Printed page numbers; pages with roman labels beside numbered ones have none of their own."""
    if any(label.isdecimal() for label in labels):
        return [int(label) if label.isdecimal() else None for label in labels]
    return list(range(1, len(labels) + 1))


def _without_running(pages: list[_Page]) -> list[_Page]:
    """Drop page numbers, then headers and footers that many pages share, digits apart."""
    pages = [
        page._replace(lines=_without_number(page.lines, {page.number, index}))
        for index, page in enumerate(pages, 1)
    ]
    ends = [{_digitless(line) for line in (*p.lines[:1], *p.lines[-1:])} for p in pages]
    counts = Counter(line for lines in ends for line in lines if len(line) <= _MAX_RUNNING_CHARS)
    least = max(_MIN_RUNNING_PAGES, _MIN_RUNNING_SHARE * len(pages))
    running = {line for line, count in counts.items() if count >= least}
    return [page._replace(lines=_without_ends(page.lines, running)) for page in pages]


def _without_number(lines: tuple[str, ...], numbers: set[int | None]) -> tuple[str, ...]:
    def is_number(line: str) -> bool:
        match = _PAGE_NUMBER.fullmatch(line)
        return bool(match) and int(match[1]) in numbers if match else False

    if lines and is_number(lines[-1]):
        lines = lines[:-1]
    return lines[1:] if lines and is_number(lines[0]) else lines


def _without_ends(lines: tuple[str, ...], running: set[str]) -> tuple[str, ...]:
    """Without a running head and foot; a page that holds nothing else keeps them."""
    kept = lines
    if kept and _digitless(kept[0]) in running:
        kept = kept[1:]
    if kept and _digitless(kept[-1]) in running:
        kept = kept[:-1]
    return kept or lines


def _digitless(line: str) -> str:
    return re.sub(r"\d+", "#", line)


def _joined(pages: list[_Page]) -> tuple[str, tuple[PageSpan, ...]]:
    """All lines as one text, and the spans of the numbered pages; what joins two ends the first."""
    hyphenated = {w.lower() for p in pages for line in p.lines for w in _HYPHENATED.findall(line)}
    pieces: list[str] = []
    starts: list[int] = []
    at, last, last_full = 0, "", 0.0
    for page in pages:
        full = _full_columns(page.lines)
        for index, line in enumerate(page.lines):
            if _cuts_word(last, line, hyphenated):
                pieces[-1] = pieces[-1][:-1]
                at -= 1
            else:
                pieces.append(_gap(last, line, last_full, new_page=index == 0))
                at += len(pieces[-1])
            starts += [at] * (index == 0)
            pieces.append(line)
            at, last, last_full = at + len(line), line, full
    numbers = [page.number for page in pages if page.lines]
    ranges = zip(numbers, starts, [*starts[1:], at], strict=True)
    spans = tuple(PageSpan(number, a, b) for number, a, b in ranges if number is not None)
    return "".join(pieces), spans


def _cuts_word(left: str, right: str, hyphenated: set[str]) -> bool:
    """Whether the hyphen at the end is the typesetter's: nowhere else does the word have it."""
    first, second = _FIRST_PART.search(left), _SECOND_PART.match(right)
    return bool(first and second and f"{first[1]}-{second[0]}".lower() not in hyphenated)


def _gap(left: str, right: str, full_columns: float, *, new_page: bool) -> str:
    """What stands between two lines: "" or a space inside a paragraph, else a line end.

    A page may end in the middle of a Chinese sentence whose last line is short, as in a table.
    """
    if not left:
        return ""
    if left[-1] == "-" and left[-2:-1].isalnum() and right[0].isalnum():
        return ""
    joint = between(left, right)
    if _STARTS_ITEM.match(right):
        return "\n"
    if _columns(left) >= full_columns or (new_page and not joint):
        return "\n" if _ENDS_SENTENCE.search(left) and (new_page or joint) else joint
    return "\n"


def _full_columns(lines: tuple[str, ...]) -> float:
    """The width from which on a line of this page is full; a tenth may be wider than most."""
    widths = sorted(map(_columns, lines))
    usual = widths[(len(widths) * 9 - 1) // 10] if widths else 0
    return max(_MIN_FULL_COLUMNS, _FULL_SHARE * usual)


def _columns(line: str) -> int:
    """Width in columns of a terminal: two for a CJK character."""
    return len(line) + sum(char >= "\u2e80" for char in line)
