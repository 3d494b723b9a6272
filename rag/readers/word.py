"""Word (.docx) -> one Document of its paragraphs and tables; heading styles become sections.

The XML is walked directly: python-docx's paragraphs leave out content controls and what tracked
changes inserted. source: ECMA-376 Part 1, 17.3.1 (w:p), 17.4 (w:tbl), 17.13.5 (w:ins, w:moveFrom).
"""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rag.errors import ReadError
from rag.readers.headings import Heading
from rag.readers.joining import squeeze
from rag.readers.labels import describe, find_outline, first_line, first_title
from rag.types import Document

_ZIP, _OLE, _RTF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"{\\rtf"
_PART = b"word/"  # every part of a Word file lies in this folder of the archive
_SUFFIXES = (".docx", ".doc", ".rtf")
MAX_UNPACKED_BYTES = 256 * 1024 * 1024  # the longest plans unpack to a few MB, with pictures 50
MAX_TAGS = 3_000_000  # of all parts; a plan of 1,000 pages has under a tenth, each takes 200 bytes
_PARSED_SUFFIXES = (".xml", ".rels")
_BYTES_AT_ONCE = 1 << 20
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_VALUE = f"{_W}val"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_LEFT_OUT = {f"{_W}moveFrom", f"{_W}pPr", f"{_W}rPr", _FALLBACK}
_BREAKS = {f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}tab": " ", f"{_W}noBreakHyphen": "-"}
_HEADING_STYLE = re.compile(r"(?:heading|标题)\s*([1-9])", re.IGNORECASE)
_TITLE_STYLES = ("title", "标题")
_CONTENTS_STYLE = re.compile(r"(?i)(?:toc|目录)\s*\d")
_CONTENTS_RANK = -1
_MAX_ROW_CHARS = 1000  # a longer row lays out a page rather than a table


class _Line(NamedTuple):
    """rank: of a heading, from 1; 0 for the title, None for other text."""

    text: str
    rank: int | None


def recognises(path: Path, head: bytes) -> bool:
    """A Word archive, whatever its name; .doc and .rtf too, to say what to do with them."""
    if head.startswith(_ZIP):
        return _PART in head or path.suffix.lower() == ".docx"
    damaged = path.suffix.lower() in _SUFFIXES and b"\0" in head
    return head.startswith((_OLE, _RTF)) or damaged


def read(path: Path, source: str) -> tuple[Document, ...]:
    """Read the body as one Document, a line a paragraph and a table row; no headers or notes."""
    named, lines = _load(path)
    text = "".join(f"{line.text}\n" for line in lines)
    if not text:
        raise ReadError(f"{path} has no text in its body; if it holds scans, save them as PDF.")
    titled = next((line.text for line in lines if line.rank == 0), "")
    title = first_title(named, titled, first_line(text), path.stem) or path.stem
    sections = find_outline(list(_headings(lines)), text)
    return (describe(text, path, source, title=title, sections=sections),)


def _load(path: Path) -> tuple[str, list[_Line]]:
    """The title among the properties, and every line that is not blank."""
    import docx  # read for Word files only

    _check_archive(path)
    try:
        document = docx.Document(str(path))
        if document.element.getroottree().docinfo.doctype:
            raise ValueError("its XML defines entities, which Word files may not")
        ranks = dict(_ranks(document.styles.element))
        lines = list(_lines(document.element.body, ranks))
        return str(document.core_properties.title or ""), lines
    except Exception as error:  # a damaged part can raise whatever lxml and python-docx raise
        raise ReadError(
            f"{path} is a damaged Word file ({' '.join(str(error).split())[:120]}); "
            "open it in Word or LibreOffice and save it as .docx again."
        ) from error


def _check_archive(path: Path) -> None:
    """Raise ReadError for what is no archive, or one that would fill the memory."""
    tags = 0
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked_bytes = sum(part.file_size for part in archive.infolist())
            if unpacked_bytes <= MAX_UNPACKED_BYTES:
                tags = sum(_count_tags(archive, part) for part in archive.infolist())
    except Exception as error:  # zipfile raises what its decompressors do, and for a password
        raise ReadError(
            f"{path} is no .docx (an old .doc, an .rtf or damaged); open it in Word or "
            "LibreOffice and save it as .docx."
        ) from error
    if unpacked_bytes > MAX_UNPACKED_BYTES:
        raise ReadError(
            f"{path} unpacks to {unpacked_bytes:,} bytes; the limit is {MAX_UNPACKED_BYTES:,}. "
            "Remove its pictures or split it, and save it as .docx."
        )
    if tags > MAX_TAGS:
        raise ReadError(
            f"{path} is damaged or made to fill the memory: its XML has {tags:,} tags, the limit "
            f"is {MAX_TAGS:,}. Save its text as a new .docx, or split it."
        )


def _count_tags(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    """How many tags a part may have, in whatever encoding; 0 for one that isn't parsed."""
    if not part.filename.endswith(_PARSED_SUFFIXES):
        return 0
    with archive.open(part) as file:
        return sum(piece.count(b"<") for piece in iter(lambda: file.read(_BYTES_AT_ONCE), b""))


def _ranks(styles: Any) -> Iterator[tuple[str, int]]:  # noqa: ANN401  # lxml has no types here
    """(style id, rank) of the styles of headings, by name or by outline level, and of contents."""
    for style in styles.iter(f"{_W}style"):
        named, level = style.find(f"{_W}name"), style.find(f"{_W}pPr/{_W}outlineLvl")
        name = "" if named is None else str(named.get(_VALUE)).strip()
        match = _HEADING_STYLE.fullmatch(name)
        rank = int(match[1]) if match else None if level is None else _outline_rank(level)
        if name.lower() in _TITLE_STYLES:
            rank = 0
        elif _CONTENTS_STYLE.match(name):
            rank = _CONTENTS_RANK
        if rank is not None:
            yield str(style.get(f"{_W}styleId")), rank


def _lines(body: Any, ranks: dict[str, int]) -> Iterator[_Line]:  # noqa: ANN401
    """Paragraphs and table rows in the order of the document, without its table of contents."""
    for element in body.iter(f"{_W}p", f"{_W}tr"):
        if _has_parent(element, f"{_W}tr", f"{_W}p", *_LEFT_OUT):
            continue  # it belongs to a row, or to the paragraph that a text box is anchored in
        lines = _row(element, ranks) if element.tag == f"{_W}tr" else [_paragraph(element, ranks)]
        yield from (line for line in lines if line.text and line.rank != _CONTENTS_RANK)


def _row(row: Any, ranks: dict[str, int]) -> list[_Line]:  # noqa: ANN401
    """One line; of a row that lays out a page, its paragraphs."""
    own_cells = [c for c in row.iter(f"{_W}tc") if next(c.iterancestors(f"{_W}tr")) is row]
    cells = [
        [_paragraph(p, ranks) for p in cell.iter(f"{_W}p") if not _has_parent(p, f"{_W}p")]
        for cell in own_cells
    ]
    lines = [line for cell in cells for line in cell]
    if any(line.rank for line in lines) or sum(len(line.text) for line in lines) > _MAX_ROW_CHARS:
        return lines
    texts = [squeeze(" ".join(line.text for line in cell)) for cell in cells]
    return [_Line(" | ".join(texts).strip() if any(texts) else "", None)]


def _paragraph(paragraph: Any, ranks: dict[str, int]) -> _Line:  # noqa: ANN401
    pieces = []
    for node in paragraph.iter(f"{_W}t", f"{_W}p", *_BREAKS):
        if not _has_parent(node, *_LEFT_OUT):
            pieces.append(node.text or "" if node.tag == f"{_W}t" else _BREAKS.get(node.tag, " "))
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    level = paragraph.find(f"{_W}pPr/{_W}outlineLvl")
    rank = None if style is None else ranks.get(str(style.get(_VALUE)))
    if rank is None and level is not None:
        rank = _outline_rank(level)
    lines = [squeeze(line) for line in "".join(pieces).split("\n")]
    return _Line(("" if rank else "\n").join(filter(None, lines)), rank)


def _has_parent(element: Any, *tags: str) -> bool:  # noqa: ANN401
    return next(element.iterancestors(*tags), None) is not None


def _outline_rank(level: Any) -> int | None:  # noqa: ANN401
    """0 is the outermost heading, 9 is body text. source: ECMA-376 Part 1, 17.3.1.20."""
    value = str(level.get(_VALUE))
    return int(value) + 1 if value in tuple("012345678") else None


def _headings(lines: list[_Line]) -> Iterator[Heading]:
    at = 0
    for line in lines:
        end = at + len(line.text) + 1
        if line.rank and line.rank > 0:
            yield Heading(line.text, line.rank, at, end)
        at = end
