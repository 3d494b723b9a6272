"""A file -> Documents. One module a format; `READERS` is the only list of them.

To add a format: write `rag/readers/<format>.py` with `recognises` and `read`, add its line to
`READERS` here and to the list in `tests/readers/test_contract.py`.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
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
    """files: by the absolute path of each, links resolved.

    strays: links in a folder named that lead out of it; what they lead to isn't to be read.
    """

    files: dict[str, Path]
    strays: tuple[Path, ...]


def is_document(name: str) -> bool:
    """Whether a file of a folder is to be read: of a known suffix, and no README."""
    return os.path.splitext(name)[1].lower() in _SUFFIXES and name.lower() != "readme.md"


def find_files(paths: Sequence[Path], wanted: Callable[[str], bool] = is_document) -> Found:
    """The files named, and of each folder named those whose name is wanted, sorted.

    A file named more than once is found once, by the first path that names it. Hidden files and
    what is no file, such as a pipe, are passed over; links to folders aren't followed. A missing
    path raises ReadError.
    """
    files: dict[str, Path] = {}
    strays: list[Path] = []
    for path in paths:
        home = path.resolve()
        if _is_folder(path):
            for inner, is_link in _files_below(str(path), wanted):
                file = path / inner
                target = file.resolve() if is_link else home / inner
                if is_link and not target.is_relative_to(home):
                    strays.append(file)
                else:
                    files.setdefault(target.as_posix(), file)
        else:
            files.setdefault(home.as_posix(), path)
    return Found(files, tuple(strays))


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


def _is_folder(path: Path) -> bool:
    """Raises ReadError for what is neither a folder nor a file."""
    if not path.exists():
        raise ReadError(f"{path} does not exist; name a file or a folder that does.")
    if not (path.is_file() or path.is_dir()):
        raise ReadError(f"{path} is neither a file nor a folder; name one of these.")
    return path.is_dir()


def _files_below(
    folder: str, wanted: Callable[[str], bool], inside: str = ""
) -> Iterator[tuple[str, bool]]:
    """The path within `folder` of each file wanted, in order, and whether it is a link."""
    try:
        with os.scandir(os.path.join(folder, inside)) as listed:
            entries = sorted(listed, key=attrgetter("name"))
    except PermissionError:
        return
    for entry in entries:
        name = entry.name
        if name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files_below(folder, wanted, os.path.join(inside, name))
        elif wanted(name):
            is_link = entry.is_symlink()
            if Path(entry.path).is_file() if is_link else entry.is_file():
                yield os.path.join(inside, name), is_link
