"""The documents behind the page: what is indexed, added from uploads, removed, while it answers.

Uploaded originals are kept in a folder beside the index (`indexes/default.uploads/`), since the
index is replaced whole whenever it is written.
"""

import hashlib
import re
import shutil
import threading
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from rag.assistant import Assistant
from rag.errors import RagError, ReadError, WriteError
from rag.readers import read_file
from rag.types import Document

MEGABYTE = 1024 * 1024
MAX_UPLOAD_MB = 50  # the real compilation of 1,068 pages has 3 MB as text, 30 as PDF
MAX_FILES = 20
SUFFIXES = (".pdf", ".docx", ".html", ".htm", ".md", ".markdown", ".txt")
_MAX_NAME_CHARS = 80
_MAX_NAME_BYTES = 200  # file systems end at 255, and a number may be added
_STAMP_CHARS = 16
_PLAIN = " .-_()\uff08\uff09\u300a\u300b"  # beside letters and digits
# What a reader says of a file -> the label that tells a visitor; the first that fits.
_REASONS = (
    (r"is empty|only white space|no text in its body|no text;", "bad_empty"),
    (r"is a scan", "bad_scan"),
    (r"password", "bad_locked"),
    (r"damaged|can't be opened|not a kind|no PDF|no Word|binary file", "bad_damaged"),
)

_BUSY = "documents are being added or removed; try again in a moment."

Progress = Callable[[str, int, int], None]


class Holding(NamedTuple):
    """One indexed document. day: of its file, as 2030-01-31; "" if that is gone."""

    document: Document
    chunks: int
    day: str


class Refused(NamedTuple):
    """A file that wasn't added. reason: a label."""

    name: str
    reason: str


class Added(NamedTuple):
    documents: tuple[Document, ...]
    refused: tuple[Refused, ...]


class Busy(RagError):
    """Documents are just being added or removed by somebody else."""


class Shelf:
    """folder: that of the index; without one, nothing can be added or removed."""

    def __init__(self, assistant: Assistant, folder: Path | None = None) -> None:
        self.assistant = assistant
        self._folder = folder
        self._changing = threading.Lock()

    @property
    def open(self) -> bool:
        return self._folder is not None

    @property
    def uploads(self) -> Path:
        assert self._folder is not None, "a shelf without a folder takes no uploads"
        return self._folder.with_name(f"{self._folder.name}.uploads")

    @property
    def votes(self) -> Path | None:
        """Where votes on answers are kept."""
        folder = self._folder
        return folder and folder.with_name(f"{folder.name}.feedback.jsonl")

    def holdings(self) -> tuple[Holding, ...]:
        """Every document, those of uploads first, the newest of them first."""
        assistant = self.assistant
        chunks = Counter(chunk.document.id for chunk in assistant.index.chunks)
        held = [Holding(d, chunks[d.id], _day(d.source)) for d in assistant.documents]
        return tuple(sorted(held, key=lambda h: (self._is_upload(h.document), h.day), reverse=True))

    def add(self, files: Sequence[tuple[Path, str]], progress: Progress) -> Added:
        """Keep and index files, each with the name it was given by its sender.

        Raises Busy, or RagError if the index can't be written; nothing is kept then.
        """
        sound: list[tuple[Path, str]] = []
        refused: list[Refused] = []
        for path, name in files:
            reason = find_fault(path, name)
            if reason:
                refused.append(Refused(name, reason))
            else:
                sound.append((path, name))
        if not sound:
            return Added((), tuple(refused))
        with self._alone():
            kept = {self._keep(path, name): name for path, name in sound}
            try:
                failed = self._index(list(kept), progress)
            finally:
                self._drop_unindexed(list(kept))
        sources = {path.resolve().as_posix() for path in kept}
        documents = tuple(d for d in self.assistant.documents if d.source in sources)
        refused += [Refused(kept[path], name_reason(path, why)) for path, why in failed]
        return Added(documents, tuple(refused))

    def remove(self, document_id: str, stamp: str) -> Document | None:
        """Take a document out of the index, and the upload it came from if nothing else did.

        Returns None if it is gone already, also where another has its id by now: `stamp_of` tells.
        Raises Busy, or BadRequest for the last one.
        """
        with self._alone():
            found = next((d for d in self.assistant.documents if d.id == document_id), None)
            if found is None or stamp_of(found) != stamp:
                return None
            self.assistant.remove([found.id])
            self._drop_unindexed([Path(found.source)])
        return found

    def _index(self, paths: list[Path], progress: Progress) -> list[tuple[Path, str]]:
        """Index files; returns those that can't be read, each with what its reader says."""
        try:
            return list(self.assistant.add(paths, progress=progress).failed)
        except ReadError:  # none could be read; it tells of the first alone
            return [(path, why) for path in paths if (why := _why_unreadable(path))]

    def _keep(self, path: Path, name: str) -> Path:
        """Copy an upload into the folder; another of that name gets a number, the same one not."""
        self.uploads.mkdir(parents=True, exist_ok=True)
        for candidate in _numbered(clean_name(name)):
            target = self.uploads / candidate
            if not target.exists() or _digest(target) == _digest(path):
                shutil.copyfile(path, target)
                return target
        raise AssertionError("numbers don't end")

    def _drop_unindexed(self, paths: Sequence[Path]) -> None:
        sources = {document.source for document in self.assistant.documents}
        for path in paths:
            own = path.parent.resolve() == self.uploads.resolve()
            if own and path.resolve().as_posix() not in sources:
                path.unlink(missing_ok=True)

    def _is_upload(self, document: Document) -> bool:
        return self.open and Path(document.source).parent == self.uploads.resolve()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only one who changes documents, in this process and among others."""
        if not self._changing.acquire(blocking=False):
            raise Busy(_BUSY)
        try:
            yield
        except WriteError as error:
            if "being written" in str(error):  # by another process: rag/locking.py
                raise Busy(_BUSY) from error
            raise
        finally:
            self._changing.release()


def stamp_of(document: Document) -> str:
    """Tells a document from any other that may get its id once it is removed."""
    told = f"{document.source}\0{document.text}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(told).hexdigest()[:_STAMP_CHARS]


def find_fault(path: Path, name: str) -> str:
    """The label that says why an upload can't be taken before it is read; "" if it can."""
    if Path(name).suffix.lower() not in SUFFIXES:
        return "bad_kind"
    size = path.stat().st_size
    return "bad_size" if size > MAX_UPLOAD_MB * MEGABYTE else "" if size else "bad_empty"


def name_reason(path: Path, why: str) -> str:
    """The label for what a reader said of a file; the file's name says nothing of the reason."""
    told = why.replace(str(path), "")
    return next((label for pattern, label in _REASONS if re.search(pattern, told)), "bad_text")


def _why_unreadable(path: Path) -> str:
    try:
        read_file(path)
    except ReadError as error:
        return str(error)
    return ""


def clean_name(name: str) -> str:
    """A file name without folders, control and reserved characters, of bearable length."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    suffix = next((kind for kind in SUFFIXES if last.lower().endswith(kind)), "")
    stem = "".join(
        c if c.isalnum() or c in _PLAIN else "_" for c in last[: len(last) - len(suffix)]
    )
    stem = stem.strip(" ._")[:_MAX_NAME_CHARS] or "document"
    while len(stem.encode()) > _MAX_NAME_BYTES:
        stem = stem[:-1]
    return stem + suffix


def _numbered(name: str) -> Iterator[str]:
    yield name
    path, number = Path(name), 2
    while True:
        yield f"{path.stem}-{number}{path.suffix}"
        number += 1


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _day(source: str) -> str:
    try:
        seconds = Path(source).stat().st_mtime
    except OSError:
        return ""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
