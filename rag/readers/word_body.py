"""The body of a Word file as it stands, read in a process of its own: `rag/readers/apart.py`.

The XML is walked directly, content controls and what tracked changes inserted included. Only the
parts that the text needs are unpacked. source: ECMA-376 Part 1, 17.3.1 (w:p), 17.4 (w:tbl), 17.13.5
(w:ins, w:moveFrom); Part 2, 6.5 (relationships).
"""

import posixpath
import re
from collections.abc import Iterator
from typing import Any
from zipfile import BadZipFile, ZipFile

MAX_PART_BYTES = 256 << 20  # unpacked; the body of a plan of 1,000 pages has a few MB
CONTENTS_RANK = -1
_DOCUMENT, _STYLES, _PROPERTIES = "/officeDocument", "/styles", "/core-properties"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_VALUE = f"{_W}val"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_LEFT_OUT = {f"{_W}moveFrom", f"{_W}pPr", f"{_W}rPr", _FALLBACK}
_BREAKS = {f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}tab": " ", f"{_W}noBreakHyphen": "-"}
_HEADING_STYLE = re.compile(r"(?:heading|标题)\s*([1-9])", re.IGNORECASE)
_TITLE_STYLES = ("title", "标题")
_CONTENTS_STYLE = re.compile(r"(?i)(?:toc|目录)\s*\d")

Paragraph = tuple[str, int | None]


def read_body(path: str) -> dict[str, Any]:
    """{"title", "blocks"}; or {"fault"}: why there is none, "no archive" or what is damaged.

    blocks: [is a table's row, cells] each, in order; a paragraph stands as its only cell. Of a
    cell, [text, rank] of its paragraphs, as in `_paragraph`.
    """
    try:
        with ZipFile(path) as archive:
            return _read_parts(archive)
    except BadZipFile:
        return {"fault": "no archive"}
    except MemoryError:
        raise  # the limit is reached
    except Exception as error:  # a damaged part can raise whatever zipfile and lxml raise
        return {"fault": f"{type(error).__name__}: {error}"}


def _read_parts(archive: ZipFile) -> dict[str, Any]:
    related = _relations(archive, "")
    if _DOCUMENT not in related:
        raise ValueError("it names no document")
    named = related[_DOCUMENT]
    body = _parse(archive, named).find(f"{_W}body")
    if body is None:
        raise ValueError(f"{named} is no body of Word")
    styles = _relations(archive, named).get(_STYLES, "")
    ranks = dict(_ranks(_parse(archive, styles))) if styles in archive.namelist() else {}
    properties = related.get(_PROPERTIES, "")
    is_titled = properties in archive.namelist()
    title = _parse(archive, properties).findtext(_TITLE) if is_titled else ""
    return {"title": title or "", "blocks": list(_blocks(body, ranks))}


def _relations(archive: ZipFile, part: str) -> dict[str, str]:
    """How the type of a relation ends -> the part that `part` has for it; "" is the archive."""
    folder, name = posixpath.split(part)
    listed = posixpath.join(folder, "_rels", f"{name}.rels")
    if part and listed not in archive.namelist():
        return {}
    found: dict[str, str] = {}
    for relation in _parse(archive, listed):
        target = posixpath.join("/", folder, relation.get("Target", ""))
        kind = "/" + relation.get("Type", "").rpartition("/")[2]
        found.setdefault(kind, posixpath.normpath(target).lstrip("/"))
    return found


def _parse(archive: ZipFile, name: str) -> Any:  # noqa: ANN401  # lxml has no types here
    from lxml import etree

    size = archive.getinfo(name).file_size
    if size > MAX_PART_BYTES:
        raise ValueError(f"{name} unpacks to {size:,} bytes, the limit is {MAX_PART_BYTES:,}")
    parser = etree.XMLParser(resolve_entities=False, remove_blank_text=True)
    try:
        root = etree.fromstring(archive.read(name), parser)
    except etree.XMLSyntaxError as error:
        if error.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from error
        raise
    if root.getroottree().docinfo.doctype:
        raise ValueError("its XML defines entities, which Word files may not")
    return root


def _ranks(styles: Any) -> Iterator[tuple[str, int]]:  # noqa: ANN401
    """(style id, rank) of the styles of headings, by name or by outline level, and of contents."""
    for style in styles.iter(f"{_W}style"):
        named, level = style.find(f"{_W}name"), style.find(f"{_W}pPr/{_W}outlineLvl")
        name = "" if named is None else str(named.get(_VALUE)).strip()
        match = _HEADING_STYLE.fullmatch(name)
        rank = int(match[1]) if match else None if level is None else _outline_rank(level)
        if name.lower() in _TITLE_STYLES:
            rank = 0
        elif _CONTENTS_STYLE.match(name):
            rank = CONTENTS_RANK
        if rank is not None:
            yield str(style.get(f"{_W}styleId")), rank


def _blocks(body: Any, ranks: dict[str, int]) -> Iterator[tuple[bool, list[list[Paragraph]]]]:  # noqa: ANN401
    """Paragraphs and table rows in the order of the document."""
    for element in body.iter(f"{_W}p", f"{_W}tr"):
        if _has_parent(element, f"{_W}tr", f"{_W}p", *_LEFT_OUT):
            continue  # it belongs to a row, or to the paragraph that a text box is anchored in
        if element.tag == f"{_W}tr":
            yield True, _cells(element, ranks)
        else:
            yield False, [[_paragraph(element, ranks)]]


def _cells(row: Any, ranks: dict[str, int]) -> list[list[Paragraph]]:  # noqa: ANN401
    own = [cell for cell in row.iter(f"{_W}tc") if next(cell.iterancestors(f"{_W}tr")) is row]
    return [
        [_paragraph(p, ranks) for p in cell.iter(f"{_W}p") if not _has_parent(p, f"{_W}p")]
        for cell in own
    ]


def _paragraph(paragraph: Any, ranks: dict[str, int]) -> Paragraph:  # noqa: ANN401
    """Its text, and the rank of a heading, from 1; 0 for the title, None for other text."""
    pieces = []
    for node in paragraph.iter(f"{_W}t", f"{_W}p", *_BREAKS):
        if not _has_parent(node, *_LEFT_OUT):
            pieces.append(node.text or "" if node.tag == f"{_W}t" else _BREAKS.get(node.tag, " "))
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    level = paragraph.find(f"{_W}pPr/{_W}outlineLvl")
    rank = None if style is None else ranks.get(str(style.get(_VALUE)))
    if rank is None and level is not None:
        rank = _outline_rank(level)
    return "".join(pieces), rank


def _has_parent(element: Any, *tags: str) -> bool:  # noqa: ANN401
    return next(element.iterancestors(*tags), None) is not None


def _outline_rank(level: Any) -> int | None:  # noqa: ANN401
    """0 is the outermost heading, 9 is body text. source: ECMA-376 Part 1, 17.3.1.20."""
    value = str(level.get(_VALUE))
    return int(value) + 1 if value in tuple("012345678") else None
