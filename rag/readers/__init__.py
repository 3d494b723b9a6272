"""A file -> Documents. One module a format; `READERS` is the only list of them.

To add a format: write `rag/readers/<format>.py` with `recognises` and `read`, add its line to
`READERS` here and to the list in `tests/readers/test_contract.py`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from rag.errors import ReadError
from rag.readers import compilation, html, markdown, pdf, text, word
from rag.types import Document

MAX_FILE_BYTES = 512 * 1024 * 1024  # a guard against the wrong file, far above any document


class Reader(Protocol):
    """What a module in this package offers."""

    def recognises(self, path: Path, head: bytes) -> bool:
        """Whether this reader is for the file; `head` is its first 64 KiB."""

    def read(self, path: Path, source: str) -> tuple[Document, ...]:
        """Read a whole file; raises ReadError naming the remedy if it holds no usable text.

        source: what `Document.source` shall say. Ids are unique within the file only.
        """


# Tried in this order; the compilation comes before plain text, of which it is a special case.
READERS: dict[str, Reader] = {
    "pdf": pdf,
    "word": word,
    "html": html,
    "markdown": markdown,
    "compilation": compilation,
    "text": text,
}
_HEAD_BYTES = 64 * 1024
_SUFFIXES = {".txt", ".text", ".md", ".markdown", ".html", ".htm", ".xhtml", ".pdf", ".docx"}


class Found(NamedTuple):
    """strays: links in a folder named that lead out of it; what they lead to isn't to be read."""

    files: tuple[Path, ...]
    strays: tuple[Path, ...]


def find_files(paths: Sequence[Path]) -> Found:
    """The files to read: those named, and of each folder named those of a known suffix, sorted.

    A file named more than once is read once, by the first path that names it. Hidden files,
    folders' README files and what is no file, such as a pipe, are passed over; links to folders
    aren't followed. A missing path raises ReadError.
    """
    files: dict[Path, Path] = {}
    strays: list[Path] = []
    for path in paths:
        home = path.resolve()
        for file in _files_at(path):
            target = file.resolve()
            if file != path and file.is_symlink() and not target.is_relative_to(home):
                strays.append(file)
            else:
                files.setdefault(target, file)
    return Found(tuple(files.values()), tuple(strays))


def read_file(path: Path) -> tuple[Document, ...]:
    """Read one file with the first reader that recognises it; raises ReadError if none does."""
    size = path.stat().st_size
    if size == 0:
        raise ReadError(f"{path} is empty; name a file with text in it.")
    if size > MAX_FILE_BYTES:
        raise ReadError(f"{path} has {size:,} bytes; the limit is {MAX_FILE_BYTES:,}. Split it.")
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    reader = next((r for r in READERS.values() if r.recognises(path, head)), None)
    if reader is None:
        kinds = ", ".join(sorted(_SUFFIXES))
        raise ReadError(f"{path} is not a kind of file that can be read; convert it to {kinds}.")
    return reader.read(path, path.resolve().as_posix())


def _files_at(path: Path) -> Iterator[Path]:
    if not path.exists():
        raise ReadError(f"{path} does not exist; name a file or a folder that does.")
    if path.is_file():
        yield path
        return
    if not path.is_dir():
        raise ReadError(f"{path} is neither a file nor a folder; name one of these.")
    for file in sorted(path.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
        known = file.suffix.lower() in _SUFFIXES and file.name.lower() != "readme.md"
        if known and not hidden and file.is_file():
            yield file
