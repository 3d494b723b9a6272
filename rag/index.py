"""Chunks, dense vectors, lexical index and manifest as one durable thing: build, save, load.

A folder holds `documents.jsonl`, `chunks.npy`, `vectors.faiss`, `lexical/` and `manifest.json`,
which names the format, the embedder and the checksum of every other file. A build writes a new
folder beside the old one and takes its place at the end, so a broken build leaves the old index.
"""

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rag.chunking import split_document
from rag.embedders import DEFAULT as DEFAULT_EMBEDDER
from rag.embedders import Embedder, load_embedder
from rag.errors import IndexDamaged, IndexMismatch
from rag.lexical import LexicalIndex
from rag.manifest import Manifest
from rag.settings import Settings
from rag.stores import STORES, Store
from rag.types import Chunk, Document, PageSpan, Section

_DOCUMENTS, _CHUNKS, _VECTORS, _LEXICAL = (
    "documents.jsonl",
    "chunks.npy",
    "vectors.faiss",
    "lexical",
)
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


def build_index(documents: Iterable[Document], settings: Settings) -> Index:
    """Chunk, embed and index documents; ids that clash get a number, order is kept."""
    named = tuple(_unique_ids(documents))
    chunks = tuple(c for d in named for c in split_document(d, chunk_chars=settings.chunk_chars))
    settings = replace(settings, embedder=settings.embedder or DEFAULT_EMBEDDER)
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
    return Index(named, chunks, STORES[_STORE].build(vectors), lexical, embedder, manifest)


def save_index(index: Index, folder: Path) -> None:
    """Write the index; whatever stood at `folder` stays until the new one is whole."""
    with _replacing(folder) as fresh:
        lines = (json.dumps(asdict(d), ensure_ascii=False) for d in index.documents)
        (fresh / _DOCUMENTS).write_text("\n".join(lines) + "\n", encoding="utf-8")
        rows = {document.id: row for row, document in enumerate(index.documents)}
        table = [(rows[c.document.id], c.start, c.end) for c in index.chunks]
        np.save(fresh / _CHUNKS, np.array(table, dtype=np.int64), allow_pickle=False)
        index.store.save(fresh / _VECTORS)
        index.lexical.save(fresh / _LEXICAL)
        index.manifest.sealed(fresh).save(fresh)


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
    try:
        documents = _read_documents(folder / _DOCUMENTS)
        chunks = _read_chunks(folder / _CHUNKS, documents)
        lexical = LexicalIndex.load(folder / _LEXICAL)
        store = STORES[_STORE].load(folder / _VECTORS)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamaged(
            f"{folder} can't be read ({error}); rebuild it: `rag index corpus/ --index {folder}`."
        ) from error
    rows = {len(chunks), lexical.rows, store.size[0]}
    if len(rows) != 1 or store.size[1] != embedder.dim:
        raise IndexDamaged(
            f"{folder} holds {len(chunks)} chunks, {lexical.rows} lexical rows and vectors "
            f"{store.size}; they must agree. Rebuild it: `rag index corpus/ --index {folder}`."
        )
    return Index(documents, chunks, store, lexical, embedder, manifest)


def read_documents(folder: Path) -> tuple[Document, ...]:
    """The documents of an index alone; raises IndexMissing or IndexDamaged."""
    Manifest.load(folder).check_files(folder)
    return _read_documents(folder / _DOCUMENTS)


def _unique_ids(documents: Iterable[Document]) -> Iterator[Document]:
    seen: dict[str, int] = {}
    for document in documents:
        count = seen[document.id] = seen.get(document.id, 0) + 1
        yield document if count == 1 else replace(document, id=f"{document.id}-{count}")


def _read_documents(path: Path) -> tuple[Document, ...]:
    lines = path.read_text(encoding="utf-8").split("\n")
    return tuple(_document(json.loads(line)) for line in lines if line)


def _document(row: dict[str, Any]) -> Document:
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
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield fresh
        old = fresh.with_name(fresh.name + "-old")
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
