"""Word (.docx) -> one Document of its paragraphs and tables; heading styles become sections."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rag.errors import ReadError
from rag.readers import apart
from rag.readers.headings import Heading
from rag.readers.joining import squeeze
from rag.readers.labels import describe, find_outline, first_line, first_title
from rag.readers.word_body import CONTENTS_RANK, Paragraph, read_body
from rag.types import Document

_ZIP, _OLE, _RTF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"{\\rtf"
_PART = b"word/"  # every part of a Word file lies in this folder of the archive
_SUFFIXES = (".docx", ".doc", ".rtf")
_MAX_ROW_CHARS = 1000  # a longer row lays out a page rather than a table
_MAX_REASON_CHARS = 120


class _Line(NamedTuple):
    """rank: as `Paragraph` has it."""

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
    named, lines = _lines_of(path, apart.read_apart(read_body, path))
    text = "".join(f"{line.text}\n" for line in lines)
    if not text:
        raise ReadError(f"{path} has no text in its body; if it holds scans, save them as PDF.")
    titled = next((line.text for line in lines if line.rank == 0), "")
    title = first_title(named, titled, first_line(text), path.stem) or path.stem
    sections = find_outline(list(_headings(lines)), text)
    return (describe(text, path, source, title=title, sections=sections),)


def _lines_of(path: Path, body: apart.Found | None) -> tuple[str, list[_Line]]:
    """The title among the properties, and every line that is not blank."""
    if body is None:
        raise ReadError(
            f"{path} is a damaged Word file, or one made to fill the memory: it can't be read "
            f"within {apart.tell_limits()}; save its text as a new .docx, or split it."
        )
    fault = body.get("fault")
    if fault == "no archive":
        raise ReadError(
            f"{path} is no .docx (an old .doc, an .rtf or damaged); open it in Word or "
            "LibreOffice and save it as .docx."
        )
    if fault:
        raise ReadError(
            f"{path} is a damaged Word file ({' '.join(fault.split())[:_MAX_REASON_CHARS]}); "
            "open it in Word or LibreOffice and save it as .docx again."
        )
    return body["title"], list(_lines(body["blocks"]))


def _lines(blocks: Sequence[tuple[bool, list[list[Paragraph]]]]) -> Iterator[_Line]:
    """In the order of the document, without its table of contents."""
    for is_row, cells in blocks:
        paragraphs = [[_line(*paragraph) for paragraph in cell] for cell in cells]
        lines = _row(paragraphs) if is_row else paragraphs[0]
        yield from (line for line in lines if line.text and line.rank != CONTENTS_RANK)


def _line(text: str, rank: int | None) -> _Line:
    lines = [squeeze(line) for line in text.split("\n")]
    return _Line(("" if rank else "\n").join(filter(None, lines)), rank)


def _row(cells: list[list[_Line]]) -> list[_Line]:
    """One line; of a row that lays out a page, its paragraphs."""
    lines = [line for cell in cells for line in cell]
    if any(line.rank for line in lines) or sum(len(line.text) for line in lines) > _MAX_ROW_CHARS:
        return lines
    texts = [squeeze(" ".join(line.text for line in cell)) for cell in cells]
    return [_Line(" | ".join(texts).strip() if any(texts) else "", None)]


def _headings(lines: list[_Line]) -> Iterator[Heading]:
    at = 0
    for line in lines:
        end = at + len(line.text) + 1
        if line.rank and line.rank > 0:
            yield Heading(line.text, line.rank, at, end)
        at = end
