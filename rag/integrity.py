"""Whether an index is whole: checksums, counts, offsets, vectors, of both its generations."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rag.building import TARGETS, embedded_text
from rag.errors import RagError
from rag.generations import Generation, checksum_of, path_of, read_current, read_named
from rag.index import open_stored
from rag.manifest import NAME as MANIFEST
from rag.manifest import Manifest
from rag.matrices import Rows
from rag.records import Records, ends_of_documents, keys_of, read_documents
from rag.stores import Store
from rag.stores.milvus import MilvusStore
from rag.targets import TargetTable
from rag.types import Chunk, Ids

_COMPARED = 256  # vectors looked up in the store, evenly over all rows
_LEAST_COSINE = 0.9999  # of a vector with itself, as the store scores it
_ROWS_AT_ONCE = 65_536


class Checked(NamedTuple):
    """faults: what is wrong, a line each; () for a whole index."""

    generations: int
    files: int
    documents: int
    chunks: int
    faults: tuple[str, ...]


def faults_of_files(folder: Path) -> tuple[str, ...]:
    """A line for each file of the generation in use that is missing or altered; () if none is.

    Raises as `read_current`.
    """
    path = path_of(folder, read_current(folder).now)
    return tuple(_faults_of_files(path, Manifest.load(path, index=folder)))


def verify_index(folder: Path) -> Checked:
    """Read all of an index and tell what is wrong; changes nothing.

    Raises IndexMissing where there is none, IndexDamaged if the file that names the generations is
    altered. documents, chunks: of the generation in use.
    """
    current = read_named(folder)
    generations = [generation for generation in current if generation]
    manifests: list[Manifest] = []
    faults: list[str] = []
    for generation in generations:
        path = path_of(folder, generation)
        found = list(_faults_of_manifest(path, generation))
        if not found:
            manifests.append(Manifest.load(path, index=folder))
            found = list(_faults_of_files(path, manifests[-1]))
        faults += found or _faults_inside(path, folder, manifests[-1])
    first = manifests[0] if manifests else None
    return Checked(
        generations=len(generations),
        files=1 + sum(1 + len(manifest.files) for manifest in manifests),
        documents=first.documents if first else 0,
        chunks=first.chunks if first else 0,
        faults=tuple(faults),
    )


def _faults_of_manifest(path: Path, generation: Generation) -> Iterator[str]:
    found = checksum_of(path / MANIFEST)
    if found != generation.checksum:
        yield f"{path / MANIFEST} {'is altered' if found else 'is missing'}"


def _faults_of_files(path: Path, manifest: Manifest) -> Iterator[str]:
    faults = ((name, manifest.fault_of(path, name)) for name in manifest.files)
    yield from (f"{path / name} {fault}" for name, fault in faults if fault)


def _faults_inside(path: Path, folder: Path, manifest: Manifest) -> list[str]:
    """What is wrong though every file is as it was written."""
    try:
        return list(_disagreements(path, folder, manifest))
    except (RagError, OSError, ValueError, LookupError, TypeError) as error:
        return [f"{path} can't be read ({error})"]


def _disagreements(path: Path, folder: Path, manifest: Manifest) -> Iterator[str]:
    records = Records(path, folder)
    store, lexical = open_stored(path, manifest)
    TargetTable.read(path / TARGETS)
    counts = {
        "manifest": manifest.chunks,
        "chunks": len(records.chunks),
        "vectors": len(records.vectors),
        "fingerprints": len(records.keys),
        "lexical rows": lexical.rows,
        "rows of the store": _count_rows(store),
        "chunks of sources": sum(source.chunks for source in records.sources),
    }
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{count} {name}" for name, count in counts.items())
        yield f"{path} holds {told}; they must agree"
        return
    if {store.size[1], records.vectors.shape[1]} != {manifest.dim}:
        yield f"{path} holds vectors of another width than {manifest.dim}"
        return
    yield from _faults_of_texts(path, folder, records, documents=manifest.documents)
    yield from _faults_of_vectors(path, records.vectors, store)


def _count_rows(store: Store) -> int:
    return store.count_held() if isinstance(store, MilvusStore) else store.size[0]


def _faults_of_texts(
    path: Path, folder: Path, records: Records, *, documents: int
) -> Iterator[str]:
    """Chunks must tile each document, and a text must be the one that was embedded."""
    held = sum(1 for _ in read_documents(path, folder))
    ends = ends_of_documents(records.chunks, held)
    if held != documents or len(ends) != held or (np.diff(records.chunks[:, 0]) < 0).any():
        yield f"{path} holds {held} documents, its chunks are of others; {documents} were written"
        return
    at = 0
    for end, document in zip(ends, read_documents(path, folder), strict=True):
        spans: Ids = np.asarray(records.chunks[at:end, 1:])
        starts, stops = spans[:, 0].tolist(), spans[:, 1].tolist()
        if [0, *stops] != [*starts, len(document.text)]:
            yield f"{path}: the chunks of {document.id} don't tile its text"
        else:
            chunks = (Chunk(document, *span) for span in zip(starts, stops, strict=True))
            if not (keys_of([embedded_text(c) for c in chunks]) == records.keys[at:end]).all():
                yield f"{path}: the vectors of {document.id} are of another text"
        at = end


def _faults_of_vectors(path: Path, vectors: Rows, store: Store) -> Iterator[str]:
    for begin in range(0, len(vectors), _ROWS_AT_ONCE):
        if not np.isfinite(vectors[begin : begin + _ROWS_AT_ONCE]).all():
            yield f"{path} holds vectors that are no numbers"
            return
    for row in np.unique(np.linspace(0, len(vectors) - 1, _COMPARED).astype(np.int64)).tolist():
        vector = vectors[row : row + 1]
        scores, found = store.search(vector, 1, np.array([row], dtype=np.int64))
        if vector.any() and (found.tolist() != [[row]] or scores[0, 0] < _LEAST_COSINE):
            yield f"{path}: the store holds another vector for chunk {row}"
            return
