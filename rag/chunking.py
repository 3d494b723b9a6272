"""Document -> chunks that tile its text: no character is lost, none stands in two chunks.

Cuts fall at section starts, then at ends of sentences. langchain-text-splitters cuts a section
that is too long; its pieces are laid end to end, so offsets are exact.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from math import ceil

from rag.types import Chunk, Document

# From the best place to cut to the worst; the last one always fits.
_SEPARATORS = ["\n\n", "\n", "。", "！", "？", "!", "?", "；", ";", ". ", "，", ",", "、", " ", ""]
_SLACK = 1.15  # pieces of a section may be this much longer than equal parts, to end a sentence
# Where a brief is cut: at a bullet, or at the headings above it.
_ITEM = re.compile(r"(?m)^(?:(?:#{1,6} .*\n\s*)+(?:[-*+] )?|[ \t]{0,3}[-*+] )")


def split_document(document: Document, *, chunk_chars: int) -> tuple[Chunk, ...]:
    """Cut a document into chunks of at most `chunk_chars` code points, in order of the text.

    Neighbouring sections share a chunk where both fit and the later one is not a level-1 section.
    A brief's bullets are chunks of their own, since each has its own pages; the first one below a
    heading begins with it.
    """
    if document.kind == "brief":
        return _tiled(document, _bullets(document.text))
    return _tiled(document, _pieces(document, chunk_chars))


def _tiled(document: Document, pieces: Iterator[str]) -> tuple[Chunk, ...]:
    chunks: list[Chunk] = []
    at = 0
    for piece in pieces:
        chunks.append(Chunk(document, at, at + len(piece)))
        at += len(piece)
    assert at == len(document.text), "pieces must tile the text"
    return tuple(chunks)


def _bullets(text: str) -> Iterator[str]:
    cuts = sorted({0, *(match.start() for match in _ITEM.finditer(text)), len(text)})
    return (text[a:b] for a, b in pairwise(cuts))


def _pieces(document: Document, chunk_chars: int) -> Iterator[str]:
    for run in _section_runs(document, chunk_chars):
        if len(run) <= chunk_chars:
            yield run
        else:
            yield from _sentence_runs(run, chunk_chars)


def _section_runs(document: Document, chunk_chars: int) -> Iterator[str]:
    """The text between section starts, short neighbours joined."""
    text = document.text
    chapters = {section.start for section in document.sections if section.level == 1}
    starts = sorted({0, *(section.start for section in document.sections), len(text)})
    begin = 0
    for start, end in pairwise(starts):
        if start > begin and (start in chapters or end - begin > chunk_chars):
            yield text[begin:start]
            begin = start
    if begin < len(text):
        yield text[begin:]


def _sentence_runs(run: str, chunk_chars: int) -> list[str]:
    """Cut one long run into pieces of about equal length, at the best separators there are."""
    parts = ceil(len(run) / chunk_chars)
    size = min(chunk_chars, ceil(len(run) / parts * _SLACK))
    if not any(separator in run for separator in _SEPARATORS[:-1]):
        # What the splitter would do a character at a time, 10 s for 10 million.
        return [run[at : at + size] for at in range(0, len(run), size)]
    from langchain_text_splitters import RecursiveCharacterTextSplitter  # slow to load

    splitter = RecursiveCharacterTextSplitter(
        separators=_SEPARATORS,
        chunk_size=size,
        chunk_overlap=0,
        keep_separator="end",
        strip_whitespace=False,
    )
    pieces: list[str] = splitter.split_text(run)
    return pieces
