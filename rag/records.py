"""The plain files of one generation, written and read piece by piece, so that memory stays flat.

- `documents.jsonl`: a line a document, as read, since ids are told apart when it is opened; with
  the targets that a rule found in it, null where a table of targets spared the search.
- `sources.jsonl`: a line a file that was read: its checksum, which documents and chunks it gave.
- `tables.jsonl`: the tables of targets that were read.
- `chunks.npy`: document, start and end of each chunk.
- `vectors.npy`: the embedder's vectors as they came; `keys.npy`: a fingerprint of each text.

Paths are written relative to the index folder, so an index may move along with its documents.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag.matrices import Appended, RowFile
from rag.types import Document, Ids, PageSpan, Section, Target, Vectors

DOCUMENTS, SOURCES, TABLES = "documents.jsonl", "sources.jsonl", "tables.jsonl"
CHUNKS, VECTORS, KEYS = "chunks.npy", "vectors.npy", "keys.npy"
_ERRORS = "surrogatepass"  # a file's name need not be valid Unicode
_FIELDS = tuple(field.name for field in fields(Document))
_KEY_BYTES = 16
Keys = NDArray[np.uint64]  # (rows, 2)


@dataclass(frozen=True)
class Source:
    """A file that was read. path: absolute. sha256: of its bytes, "" once a part of it is removed.

    documents, chunks: how many it gave; they stand together, the first as numbered, the lines of
    its documents from byte `at` of `documents.jsonl`.
    """

    path: str
    sha256: str
    first_document: int = 0
    documents: int = 0
    first_chunk: int = 0
    chunks: int = 0
    at: int = 0


@dataclass(frozen=True)
class Table:
    """A table of targets that was read; path, sha256: as in Source."""

    path: str
    sha256: str
    rows: tuple[Target, ...]


class Recorded(NamedTuple):
    """targets: those a rule found in the document; None where it wasn't searched."""

    document: Document
    targets: tuple[Target, ...] | None


def keys_of(texts: Sequence[str]) -> Keys:
    """A fingerprint of each text, uint64 (n, 2); two texts of one fingerprint are the same."""
    digests = (blake2b(t.encode("utf-8", _ERRORS), digest_size=_KEY_BYTES).digest() for t in texts)
    return np.frombuffer(b"".join(digests), dtype="<u8").reshape(-1, 2)


class KnownTexts:
    """Rows of texts embedded before, by fingerprint."""

    def __init__(self, keys: Keys) -> None:
        self._order = np.argsort(keys[:, 0], kind="stable")
        self._sorted = keys[self._order]

    def find(self, keys: Keys) -> Ids:
        """The row of each text, shape (n,); -1 for one that was never embedded."""
        if not len(self._sorted):
            return np.full(len(keys), -1, dtype=np.int64)
        at = np.searchsorted(self._sorted[:, 0], keys[:, 0])
        at = np.minimum(at, len(self._sorted) - 1)
        same = (self._sorted[at] == keys).all(axis=1)
        return np.asarray(np.where(same, self._order[at], -1), dtype=np.int64)


class Records:
    """What one generation holds, read source by source; little of it is in memory.

    folder: of the generation. home: of the whole index. chunks: int64 (chunks, 3), document, start,
    end. vectors: float32 (chunks, dim). keys: of the texts embedded.
    """

    def __init__(self, folder: Path, home: Path) -> None:
        """Raises OSError, ValueError, LookupError or TypeError on files that make no sense."""
        self._folder, self._home = folder, str(home.resolve())
        rows = read_lines(folder / SOURCES)
        self.sources = tuple(Source(**row | {"path": self._absolute(row["path"])}) for row in rows)
        self.tables = tuple(
            Table(
                self._absolute(row["path"]), row["sha256"], tuple(Target(**t) for t in row["rows"])
            )
            for row in read_lines(folder / TABLES)
        )
        self.chunks = np.load(folder / CHUNKS, mmap_mode="r", allow_pickle=False)
        self.vectors = RowFile(folder / VECTORS)
        self.keys = np.load(folder / KEYS, mmap_mode="r", allow_pickle=False)

    def lines(self, source: Source) -> Iterator[bytes]:
        """The lines of its documents, as they stand in the file."""
        with (self._folder / DOCUMENTS).open("rb") as file:
            file.seek(source.at)
            yield from islice(file, source.documents)

    def documents(self, source: Source) -> Iterator[Document]:
        return (_document(_parsed(line), self._home) for line in self.lines(source))

    def spans_of(self, source: Source) -> Ids:
        """(chunks, 3): the document, counted from the source's first, start and end."""
        spans = np.array(self.chunks[_rows(source)])
        spans[:, 0] -= source.first_document
        return spans

    def vectors_of(self, source: Source) -> tuple[Vectors, Keys]:
        return self.vectors[_rows(source)], np.asarray(self.keys[_rows(source)])

    def _absolute(self, path: str) -> str:
        return _joined_path(self._home, path)


class Recorder:
    """Writes the records of a new generation, source by source. home: the folder of the index."""

    def __init__(self, folder: Path, home: Path, dim: int) -> None:
        self._folder, self._home = folder, home.resolve()
        self._lines = (folder / DOCUMENTS).open("wb")
        self._vectors = Appended(folder / VECTORS, dim, np.float32)
        self._keys = Appended(folder / KEYS, 2, np.uint64)
        self._chunks = Appended(folder / CHUNKS, 3, np.int64)
        self._sources = (folder / SOURCES).open("wb")
        self.documents = 0
        self._open = Source("", "")

    @property
    def chunks(self) -> int:
        return self._chunks.rows

    def begin(self, path: str, sha256: str) -> None:
        """What is added from now on is of this source."""
        self._open = Source(
            path,
            sha256,
            first_document=self.documents,
            first_chunk=self.chunks,
            at=self._lines.tell(),
        )

    def add_document(self, document: Document, targets: Sequence[Target] | None) -> None:
        """targets: as in Recorded."""
        row = {name: getattr(document, name) for name in _FIELDS}
        row["source"] = os.path.relpath(document.source, self._home)
        row["targets"] = None if targets is None else [asdict(target) for target in targets]
        self.add_line(_line(row))

    def add_line(self, line: bytes) -> None:
        """A line of another generation of this index, as it stands."""
        self._lines.write(line)
        self.documents += 1

    def take_over(self, run: Sequence[Source], records: Records) -> None:
        """Sources that stand side by side in another generation of this index, save vectors."""
        documents = self.documents - run[0].first_document
        chunks = self.chunks - run[0].first_chunk
        at = self._lines.tell() - run[0].at
        whole = joined(run)
        self._chunks.append(records.spans_of(whole) + np.array([self.documents, 0, 0]))
        for line in records.lines(whole):
            self.add_line(line)
        for source in run:
            moved = {
                "first_document": source.first_document + documents,
                "first_chunk": source.first_chunk + chunks,
                "at": source.at + at,
            }
            self._write_source(source, moved)

    def add_chunks(self, spans: Ids) -> None:
        """spans: (chunks, 3) with the document counted from the source's first."""
        self._chunks.append(spans + np.array([self._open.first_document, 0, 0]))

    def add_vectors(self, vectors: Vectors, keys: Keys) -> None:
        """Of the next chunks in order; they may come after the end of their source."""
        self._vectors.append(vectors)
        self._keys.append(keys)

    def end(self) -> None:
        """The source is done."""
        counts = {
            "documents": self.documents - self._open.first_document,
            "chunks": self.chunks - self._open.first_chunk,
        }
        self._write_source(self._open, counts)

    def close(self, tables: Iterable[Table] = ()) -> None:
        for table in (self._vectors, self._keys, self._chunks):
            table.close()
        self._lines.close()
        self._sources.close()
        with (self._folder / TABLES).open("wb") as file:
            for kept in tables:
                file.write(_line(asdict(kept) | {"path": os.path.relpath(kept.path, self._home)}))

    def _write_source(self, source: Source, other: dict[str, int]) -> None:
        """other: the fields that it doesn't have yet."""
        path = os.path.relpath(source.path, self._home)
        self._sources.write(_line(vars(source) | other | {"path": path}))


def joined(run: Sequence[Source]) -> Source:
    """Sources that stand side by side, read as if they were one."""
    first, last = run[0], run[-1]
    return replace(
        first,
        documents=last.first_document + last.documents - first.first_document,
        chunks=last.first_chunk + last.chunks - first.first_chunk,
    )


def follows(source: Source, before: Source) -> bool:
    """Whether it stands right after another one of its generation."""
    ends = before.first_document + before.documents, before.first_chunk + before.chunks
    return ends == (source.first_document, source.first_chunk)


def ends_of_documents(chunks: Ids, documents: int) -> list[int]:
    """For each document, the row of `chunks` after its last."""
    ends: list[int] = np.cumsum(np.bincount(chunks[:, 0], minlength=documents)).tolist()
    return ends


def read_documents(folder: Path, home: Path) -> Iterator[Document]:
    """The documents of a generation, as read, one by one; raises as `Records` does."""
    place = str(home.resolve())
    return (_document(row, place) for row in read_lines(folder / DOCUMENTS))


def read_recorded(folder: Path, home: Path) -> Iterator[Recorded]:
    """The same, each with the targets found in it."""
    place = str(home.resolve())
    for row in read_lines(folder / DOCUMENTS):
        found = row["targets"]
        targets = None if found is None else tuple(Target(**target) for target in found)
        yield Recorded(_document(row, place), targets)


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as lines:
        yield from map(_parsed, lines)


def _parsed(line: bytes) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(line.decode("utf-8", _ERRORS))
    return row


def to_document(row: dict[str, Any]) -> Document:
    """A Document from what JSON made of its fields; row: changed in place."""
    row["page_spans"] = tuple(PageSpan(*span) for span in row["page_spans"])
    row["sections"] = tuple(Section(*section) for section in row["sections"])
    row["aliases"] = tuple(row["aliases"])
    return Document(**row)


def _document(row: dict[str, Any], home: str) -> Document:
    """row: changed in place."""
    del row["targets"]
    row["source"] = _joined_path(home, row["source"])
    return to_document(row)


def _joined_path(home: str, path: str) -> str:
    return os.path.normpath(os.path.join(home, path))  # pathlib takes five times as long


def _line(row: dict[str, Any]) -> bytes:
    return (json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", _ERRORS)


def _rows(source: Source) -> slice:
    return slice(source.first_chunk, source.first_chunk + source.chunks)
