"""Chunks, dense vectors, lexical index and manifest as one durable thing: build, save, load.

A folder holds `documents.jsonl`, `chunks.npy`, `vectors.faiss`, `lexical/` and `manifest.json`,
which names the format, the embedder and the checksum of every other file. A build writes a new
folder beside the old one and takes its place at the end, so a broken build leaves the old index.
Sources are written relative to the folder, so an index may move along with its documents.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np

from rag.chunking import split_document
from rag.embedders import DEFAULT as DEFAULT_EMBEDDER
from rag.embedders import EMBEDDERS, Embedder, load_embedder
from rag.errors import BadRequest, IndexDamaged, IndexMismatch, WriteError
from rag.extraction import extract_targets
from rag.lexical import LexicalIndex
from rag.manifest import NAME as MANIFEST
from rag.manifest import Manifest
from rag.settings import Settings
from rag.stores import STORES, Store
from rag.targets import TargetTable
from rag.types import Chunk, Document, PageSpan, Section, Target

_DOCUMENTS, _CHUNKS, _VECTORS, _LEXICAL, _TARGETS = (
    "documents.jsonl",
    "chunks.npy",
    "vectors.faiss",
    "lexical",
    "targets.csv",
)
_OWN = {_DOCUMENTS, _CHUNKS, _VECTORS, _LEXICAL, _TARGETS, MANIFEST}
_ERRORS = "surrogatepass"  # a file's name need not be valid Unicode
MIN_CHUNK_CHARS = 20  # shorter pieces hold no sentence, and a book of them fills the memory
_CONTEXT_REPEATS = 3  # title, region and headings weigh as three passages do: evals/LOG.md
_STORE = "flat"


@dataclass(frozen=True)
class Index:
    """Row i of `store` and of `lexical` belongs to `chunks[i]`."""

    documents: tuple[Document, ...]
    chunks: tuple[Chunk, ...]
    store: Store
    lexical: LexicalIndex
    embedder: Embedder
    manifest: Manifest
    targets: TargetTable


def build_index(
    documents: Iterable[Document], settings: Settings, curated: Iterable[Target] = ()
) -> Index:
    """Chunk, embed and index documents; ids that clash get a number, order is kept.

    curated: rows of a table of targets; plans that have none get what a rule finds in their text.
    """
    if settings.chunk_chars < MIN_CHUNK_CHARS:
        raise BadRequest(
            f"chunk_chars is {settings.chunk_chars}; it must be {MIN_CHUNK_CHARS} or more, "
            f"e.g. `rag index corpus/ --chunk-chars {Settings.chunk_chars}`."
        )
    named = tuple(_told_apart(documents))
    chunks = tuple(c for d in named for c in split_document(d, chunk_chars=settings.chunk_chars))
    settings = replace(settings, embedder=_lasting_name(settings.embedder or DEFAULT_EMBEDDER))
    embedder = load_embedder(settings)
    vectors = embedder.embed_passages([f"{c.context} {c.text}" for c in chunks])
    lexical = LexicalIndex.build(f"{c.context} " * _CONTEXT_REPEATS + c.text for c in chunks)
    manifest = Manifest(
        embedder=embedder.identity,
        embedder_name=settings.embedder,
        dim=embedder.dim,
        chunk_chars=settings.chunk_chars,
        documents=len(named),
        chunks=len(chunks),
    )
    store = STORES[_STORE].build(vectors)
    return Index(named, chunks, store, lexical, embedder, manifest, _targets(named, curated))


def save_index(index: Index, folder: Path) -> None:
    """Write the index; an index that stood at `folder` stays until the new one is whole.

    Raises WriteError as `check_writable` does, or if the disk refuses.
    """
    check_writable(folder)
    try:
        with _replacing(folder.resolve()) as fresh:
            _write(index, fresh, folder.resolve())
    except OSError as error:
        raise WriteError(
            f"the index can't be written to {folder} ({error.strerror or error}); make room or "
            "name another folder: `rag index corpus/ --index FOLDER`."
        ) from error


def check_writable(folder: Path) -> None:
    """Raise WriteError if no index may take the place of what stands at `folder`.

    Nothing is replaced but an index: another file in the folder would be lost.
    """
    remedy = "name another folder: `rag index corpus/ --index FOLDER`."
    if folder.is_dir():
        foreign = sorted({path.name for path in folder.iterdir()} - _OWN)
        if foreign:
            raise WriteError(f"{folder} holds {foreign[0]}, which is no part of an index; {remedy}")
    elif folder.exists() or folder.is_symlink():
        raise WriteError(f"{folder} is not a folder; {remedy}")
    around = next(path for path in folder.resolve().parents if path.exists())
    if not (around.is_dir() and os.access(around, os.W_OK | os.X_OK)):
        raise WriteError(f"nothing can be written to {around}; {remedy}")


def load_index(folder: Path, settings: Settings) -> Index:
    """Open an index and its embedder.

    Raises IndexMissing, IndexDamaged (a file altered, missing or of another version) or
    IndexMismatch (built with another embedder); each names the command that mends it.
    """
    manifest = Manifest.load(folder)
    manifest.check_files(folder)
    embedder = load_embedder(
        replace(settings, embedder=settings.embedder or manifest.embedder_name)
    )
    if embedder.identity != manifest.embedder:
        raise IndexMismatch(
            f"{folder} was built with embedder {manifest.embedder}, the one in use is "
            f"{embedder.identity}; rebuild it: `rag index corpus/ --index {folder}`."
        )
    with _telling_damage(folder):
        documents = _read_documents(folder)
        chunks = _read_chunks(folder / _CHUNKS, documents)
        lexical = LexicalIndex.load(folder / _LEXICAL)
        store = STORES[_STORE].load(folder / _VECTORS)
        targets = _read_targets(folder / _TARGETS, documents)
    rows = {len(chunks), lexical.rows, store.size[0]}
    if len(rows) != 1 or store.size[1] != embedder.dim:
        raise IndexDamaged(
            f"{folder} holds {len(chunks)} chunks, {lexical.rows} lexical rows and vectors "
            f"{store.size}; they must agree. Rebuild it: `rag index corpus/ --index {folder}`."
        )
    return Index(documents, chunks, store, lexical, embedder, manifest, targets)


def read_documents(folder: Path) -> tuple[Document, ...]:
    """The documents of an index alone; raises IndexMissing or IndexDamaged."""
    Manifest.load(folder).check_files(folder)
    with _telling_damage(folder):
        return _read_documents(folder)


@contextmanager
def _telling_damage(folder: Path) -> Iterator[None]:
    """What files raise that don't hold what they should -> IndexDamaged."""
    try:
        yield
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise IndexDamaged(
            f"{folder} can't be read ({error}); rebuild it: `rag index corpus/ --index {folder}`."
        ) from error


def _lasting_name(embedder: str) -> str:
    """A folder's whole path, so that the index opens from any working folder."""
    is_folder = embedder not in EMBEDDERS and Path(embedder).is_dir()
    return str(Path(embedder).resolve()) if is_folder else embedder


def _targets(documents: Sequence[Document], curated: Iterable[Target]) -> TargetTable:
    works = {document.work: document.region for document in documents}
    rows = [row for row in curated if row.plan in works]
    known = {row.plan for row in rows}
    for document in documents:
        if document.kind == "original" and document.work not in known:
            rows += extract_targets(document)
    return TargetTable(rows, works)


def _told_apart(documents: Iterable[Document]) -> Iterator[Document]:
    """Ids that clash get a number; an original of a work that has one is a work of its own."""
    ids: set[str] = set()
    works: set[str] = set()
    for document in documents:
        names = chain([document.id], (f"{document.id}-{n}" for n in count(2)))
        name = next(name for name in names if name not in ids)
        is_original = document.kind == "original"
        work = name if is_original and document.work in works else document.work
        ids.add(name)
        works |= {work} if is_original else set()
        yield replace(document, id=name, work=work)


def _write(index: Index, fresh: Path, folder: Path) -> None:
    """Fill the new folder `fresh`, which shall stand at `folder`."""
    rows = [asdict(document) for document in index.documents]
    for row in rows:
        row["source"] = os.path.relpath(row["source"], folder)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (fresh / _DOCUMENTS).write_text(lines, encoding="utf-8", errors=_ERRORS)
    numbers = {document.id: row for row, document in enumerate(index.documents)}
    table = [(numbers[c.document.id], c.start, c.end) for c in index.chunks]
    np.save(fresh / _CHUNKS, np.array(table, dtype=np.int64), allow_pickle=False)
    index.targets.write(fresh / _TARGETS)
    index.store.save(fresh / _VECTORS)
    index.lexical.save(fresh / _LEXICAL)
    index.manifest.sealed(fresh).save(fresh)


def read_targets(folder: Path) -> tuple[Target, ...]:
    """The curated rows of an index alone; raises as `read_documents` does."""
    Manifest.load(folder).check_files(folder)
    with _telling_damage(folder):
        rows = TargetTable.read(folder / _TARGETS).rows
    return tuple(row for row in rows if row.origin == "curated")


def _read_targets(path: Path, documents: Sequence[Document]) -> TargetTable:
    return TargetTable.read(path, {d.work: d.region for d in documents})


def _read_documents(folder: Path) -> tuple[Document, ...]:
    lines = (folder / _DOCUMENTS).read_text(encoding="utf-8", errors=_ERRORS).split("\n")
    return tuple(_document(json.loads(line), folder.resolve()) for line in lines if line)


def _document(row: dict[str, Any], folder: Path) -> Document:
    row["source"] = os.path.normpath(folder / row["source"])
    row["page_spans"] = tuple(PageSpan(*span) for span in row["page_spans"])
    row["sections"] = tuple(Section(*section) for section in row["sections"])
    row["aliases"] = tuple(row["aliases"])
    return Document(**row)


def _read_chunks(path: Path, documents: Sequence[Document]) -> tuple[Chunk, ...]:
    table = np.load(path, allow_pickle=False).tolist()
    return tuple(Chunk(documents[row], start, end) for row, start, end in table)


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """A new folder that takes the place of `folder` if the block ends well, and goes if not."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    around = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    fresh, old = around / "new", around / "old"
    try:
        fresh.mkdir()  # as open to others as folders are here, which one of mkdtemp isn't
        yield fresh
        try:
            if folder.exists():
                folder.rename(old)
            fresh.rename(folder)
        except BaseException:  # Ctrl-C between the two included
            if old.exists() and not folder.exists():
                old.rename(folder)
            raise
    finally:
        shutil.rmtree(around, ignore_errors=True)
