"""Documents -> the files of one generation, streamed: memory holds one file and one batch.

Then the words, in the memory that `rag/lexical` tells of, and the store, which holds every vector
once: that is all that grows with the number of chunks, 4 bytes a dimension and some 150 more.

Rows of the generation before are taken over: whole files that are unchanged, and the vector of
every text that was embedded before.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rag.chunking import split_document
from rag.embedders import Embedder
from rag.extraction import extract_targets
from rag.lexical import LexicalIndex
from rag.manifest import Manifest
from rag.matrices import RowFile, Rows
from rag.publishing import publish_rows
from rag.records import (
    CHUNKS,
    VECTORS,
    Keys,
    KnownTexts,
    Recorder,
    Records,
    Source,
    Table,
    ends_of_documents,
    follows,
    joined,
    keys_of,
    read_recorded,
)
from rag.stores import STORES, choose_store
from rag.targets import TargetTable
from rag.types import Chunk, Document, Ids, Target, Vectors

LEXICAL, TARGETS, STORED = "lexical", "targets.csv", "vectors.faiss"
MILVUS = "milvus"
_CONTEXT_REPEATS = 3  # title, region and headings weigh as three passages do: evals/LOG.md
_TAKEN_AT_ONCE = 4096  # chunks of small files: 4 MB at 256 dimensions
_EMBEDDED_AT_ONCE = 1024  # chunks; what is read ahead of the embedder, whatever its own batches


@dataclass(frozen=True)
class Making:
    """How a generation is made. embedder_name: what loads the embedder again.

    store, uri: as in Settings.
    """

    embedder: Embedder
    embedder_name: str
    chunk_chars: int
    recipe: str = ""
    store: str = ""
    uri: str = ""

    def stores_as(self, manifest: Manifest) -> bool:
        """Whether it would put the rows where they are."""
        store = self.store or choose_store(manifest.chunks)
        return (store, self.uri) == (manifest.store, manifest.uri)

    def makes_as(self, manifest: Manifest) -> bool:
        """Whether it would make the same chunks and vectors of the same documents."""
        own = (self.embedder.identity, self.chunk_chars, self.recipe)
        return own == (manifest.embedder, manifest.chunk_chars, manifest.recipe)


class Fresh(NamedTuple):
    """A file's documents, to be cut and embedded.

    embedded: fingerprints and vectors of its chunks, where they have been worked out already.
    """

    path: str
    sha256: str
    documents: Iterable[Document]
    embedded: tuple[Keys, Vectors] | None = None


class Kept(NamedTuple):
    """A source of the generation before. left_out: numbers of its documents that shall go."""

    source: Source
    left_out: frozenset[int] = frozenset()


class _Run(NamedTuple):
    """Sources that stand side by side in the generation before, and shall stay whole."""

    sources: Sequence[Source]


class Before(NamedTuple):
    """The generation that is taken over."""

    manifest: Manifest
    records: Records


class Built(NamedTuple):
    """embedded: chunks whose vectors were worked out, not taken over."""

    manifest: Manifest
    embedded: int


def write_generation(
    folder: Path,
    home: Path,
    entries: Iterable[Fresh | Kept],
    *,
    making: Making,
    tables: Sequence[Table] = (),
    before: Before | None = None,
) -> Built:
    """Fill the new folder of a generation of the index at `home`, its manifest last.

    entries: in the order that documents shall have; those of `before` are Kept. Raises what they
    raise, and OSError if the disk refuses.
    """
    recorder = Recorder(folder, home, making.embedder.dim)
    try:
        vectors = _Embedding(recorder, making.embedder, before)
        curated = {row.plan for table in tables for row in table.rows}
        for entry in _joined(entries) if before and making.makes_as(before.manifest) else entries:
            _record(entry, recorder, vectors, making=making, before=before, curated=curated)
        vectors.flush()
    finally:
        recorder.close(tables)
    found = _Targets([row for table in tables for row in table.rows])
    store = making.store or choose_store(recorder.chunks)
    stored = RowFile(folder / VECTORS)
    if store == MILVUS:
        publish_rows(
            folder / STORED,
            folder / LEXICAL,
            lambda: _searched(folder, home, documents=recorder.documents),
            vectors=stored,
            uri=making.uri,
        )
        for document, own in _documents(folder, home):
            found.add(document, own)
    else:
        texts = (text for _, text in _searched(folder, home, found, documents=recorder.documents))
        LexicalIndex.write(texts, folder / LEXICAL)
        STORES[store].build(stored).save(folder / STORED)
    found.table().write(folder / TARGETS)
    manifest = Manifest(
        embedder=making.embedder.identity,
        embedder_name=making.embedder_name,
        dim=making.embedder.dim,
        chunk_chars=making.chunk_chars,
        documents=recorder.documents,
        chunks=recorder.chunks,
        recipe=making.recipe,
        store=store,
        uri=making.uri,
    ).sealed(folder)
    manifest.save(folder)
    return Built(manifest, vectors.embedded)


def embedded_text(chunk: Chunk) -> str:
    return f"{chunk.context} {chunk.text}"


class TellingApart:
    """Ids that clash get a number; an original of a work that has one is a work of its own."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._works: set[str] = set()

    def name(self, document: Document) -> Document:
        """The next document, with an id and a work of its own."""
        names = chain([document.id], (f"{document.id}-{n}" for n in count(2)))
        name = next(name for name in names if name not in self._ids)
        is_original = document.kind == "original"
        work = name if is_original and document.work in self._works else document.work
        self._ids.add(name)
        if is_original:
            self._works.add(work)
        if (name, work) == (document.id, document.work):
            return document
        return replace(document, id=name, work=work)


def _joined(entries: Iterable[Fresh | Kept]) -> Iterator[Fresh | Kept | _Run]:
    """Neighbours are taken over together, since each by itself takes as long as many."""
    run: list[Source] = []
    for entry in entries:
        whole = entry.source if isinstance(entry, Kept) and not entry.left_out else None
        is_full = run and joined(run).chunks >= _TAKEN_AT_ONCE
        if run and (whole is None or is_full or not follows(whole, run[-1])):
            yield _Run(tuple(run))
            run.clear()
        if whole:
            run.append(whole)
        else:
            yield entry
    if run:
        yield _Run(run)


def _record(
    entry: Fresh | Kept | _Run,
    recorder: Recorder,
    vectors: "_Embedding",
    *,
    making: Making,
    before: Before | None,
    curated: set[str],
) -> None:
    if isinstance(entry, _Run):
        assert before is not None, "what is kept was there before"
        recorder.take_over(entry.sources, before.records)
        vectors.take_over(*before.records.vectors_of(joined(entry.sources)))
        return
    if isinstance(entry, Fresh):
        recorder.begin(entry.path, entry.sha256)
        documents = entry.documents
    else:
        assert before is not None, "what is kept was there before"
        source, left_out = entry
        recorder.begin(source.path, "" if left_out else source.sha256)
        if making.makes_as(before.manifest):
            _take_over(entry, recorder, vectors, records=before.records)
            recorder.end()
            return
        held = enumerate(before.records.documents(source))
        documents = (document for number, document in held if number not in left_out)
    texts: list[str] = []
    for number, document in enumerate(documents):
        searched = document.kind == "original" and document.work not in curated
        recorder.add_document(document, extract_targets(document) if searched else None)
        chunks = split_document(document, chunk_chars=making.chunk_chars)
        recorder.add_chunks(np.array([(number, c.start, c.end) for c in chunks], dtype=np.int64))
        texts += map(embedded_text, chunks)
    vectors.add(texts, entry.embedded if isinstance(entry, Fresh) else None)
    recorder.end()


def _take_over(entry: Kept, recorder: Recorder, vectors: "_Embedding", *, records: Records) -> None:
    """Copy the rows of a source that the generation before holds, save those left out."""
    source, left_out = entry
    for number, line in enumerate(records.lines(source)):
        if number not in left_out:
            recorder.add_line(line)
    spans = records.spans_of(source)
    stays = np.ones(source.documents, dtype=bool)
    stays[list(left_out)] = False
    kept = stays[spans[:, 0]]
    spans = spans[kept]
    spans[:, 0] = (np.cumsum(stays) - 1)[spans[:, 0]]
    recorder.add_chunks(spans)
    held, keys = records.vectors_of(source)
    vectors.take_over(held[kept], keys[kept])


class _Embedding:
    """Vectors of chunks in order: known ones are looked up, the others embedded in batches."""

    def __init__(self, recorder: Recorder, embedder: Embedder, before: Before | None) -> None:
        self._recorder, self._embedder = recorder, embedder
        self._known: tuple[KnownTexts, Rows] | None = None
        if before and before.manifest.embedder == embedder.identity:
            self._known = KnownTexts(before.records.keys), before.records.vectors
        self._texts: list[str] = []
        self.embedded = 0

    def add(self, texts: Sequence[str], embedded: tuple[Keys, Vectors] | None = None) -> None:
        """Of one file. embedded: taken if it is of these texts, whatever made it."""
        if embedded and np.array_equal(embedded[0], keys_of(texts)):
            self.take_over(embedded[1], embedded[0])
            self.embedded += len(texts)
            return
        for text in texts:
            self._texts.append(text)
            if len(self._texts) == _EMBEDDED_AT_ONCE:
                self.flush()

    def take_over(self, vectors: Vectors, keys: Keys) -> None:
        self.flush()
        self._recorder.add_vectors(vectors, keys)

    def flush(self) -> None:
        if not self._texts:
            return
        keys = keys_of(self._texts)
        rows = np.full(len(keys), -1, dtype=np.int64)
        if self._known:
            rows = self._known[0].find(keys)
        vectors = np.zeros((len(keys), self._embedder.dim), dtype=np.float32)
        new = np.flatnonzero(rows < 0)
        if len(new):
            vectors[new] = self._embedder.embed_passages([self._texts[row] for row in new])
        if self._known and len(new) < len(rows):
            vectors[rows >= 0] = self._known[1][rows[rows >= 0]]
        self._recorder.add_vectors(vectors, keys)
        self.embedded += len(new)
        self._texts.clear()


class _Targets:
    """The table of targets of a generation, gathered document by document."""

    def __init__(self, curated: Sequence[Target]) -> None:
        self._curated = curated
        self._plans = {row.plan for row in curated}
        self._works: dict[str, str] = {}
        self._found: list[Target] = []

    def add(self, document: Document, found: Sequence[Target] | None) -> None:
        """found: what a rule finds in it, None if it hasn't been searched."""
        self._works[document.work] = document.region
        if document.kind == "original" and document.work not in self._plans:
            rows = extract_targets(document) if found is None else found
            self._found += (replace(row, plan=document.work) for row in rows)

    def table(self) -> TargetTable:
        held = (row for row in self._curated if row.plan in self._works)
        return TargetTable([*held, *self._found], self._works)


def _documents(folder: Path, home: Path) -> Iterator[tuple[Document, Sequence[Target] | None]]:
    """The documents as the index names them, and what a rule found in each."""
    apart = TellingApart()
    return ((apart.name(read), found) for read, found in read_recorded(folder, home))


def _searched(
    folder: Path, home: Path, targets: _Targets | None = None, *, documents: int
) -> Iterator[tuple[Chunk, str]]:
    """The chunks, and what of each is searched for words; the targets are gathered by the way."""
    table: Ids = np.load(folder / CHUNKS, mmap_mode="r", allow_pickle=False)
    ends, at = ends_of_documents(table, documents), 0
    for end, (document, found) in zip(ends, _documents(folder, home), strict=True):
        if targets:
            targets.add(document, found)
        for _, start, stop in table[at:end].tolist():
            chunk = Chunk(document, start, stop)
            yield chunk, f"{chunk.context} " * _CONTEXT_REPEATS + chunk.text
        at = end
