"""Chunks, dense vectors, lexical index and manifest as one durable thing: build and load.

`rag/generations.py` says where its files lie and how one generation takes the place of another,
`rag/building.py` writes a generation. Here it is opened: `documents.jsonl`, `chunks.npy`,
`vectors.faiss`, `lexical/`, `targets.csv`, and `manifest.json`, which names the format, the
embedder and the checksum of every other file.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rag.building import LEXICAL, MILVUS, STORED, TARGETS, Making, TellingApart
from rag.embedders import DEFAULT as DEFAULT_EMBEDDER
from rag.embedders import EMBEDDERS, Embedder, load_embedder
from rag.errors import BadRequest, IndexDamaged, IndexMismatch, IndexMissing
from rag.generations import (
    Current,
    Generation,
    be_writer,
    generations_of,
    new_generation,
    old_generation,
    path_of,
    read_current,
    read_named,
    read_stamp,
)
from rag.lexical import Lexical, LexicalIndex
from rag.manifest import NAME as MANIFEST
from rag.manifest import Manifest
from rag.publishing import fetched_files, open_rows, publish_files, remove_other_rows
from rag.records import CHUNKS, KEYS, SOURCES, TABLES, VECTORS
from rag.records import read_documents as read_records
from rag.settings import DEFAULT_CHUNK_CHARS, Settings
from rag.stores import STORES, Store
from rag.targets import TargetTable
from rag.types import Chunk, Document

MIN_CHUNK_CHARS = 20  # shorter pieces hold no sentence, and a book of them fills the memory
_FOR_WRITERS = (SOURCES, TABLES, VECTORS, KEYS)  # not read when an index is opened
_TRIES = 5  # as many generations would have to come into use while one is opened


@dataclass(frozen=True)
class Index:
    """Row i of `store` and of `lexical` belongs to `chunks[i]`.

    folder: where it was opened, None if it lies nowhere. stamp: what `read_stamp` says of the
    folder for as long as no other generation is in use.
    """

    documents: tuple[Document, ...]
    chunks: tuple[Chunk, ...]
    store: Store
    lexical: Lexical
    embedder: Embedder
    manifest: Manifest
    targets: TargetTable
    folder: Path | None = None
    stamp: str = ""


def choose_making(
    settings: Settings,
    before: Manifest | None,
    *,
    recipe: str = "",
    embedder: Embedder | None = None,
) -> Making:
    """How to make a generation: as the settings say, else as the one before, else by default.

    embedder: one that is loaded already, and is taken if it is the one chosen. Raises BadRequest
    for a chunk length too small, ModelMissing for an embedder that isn't here.
    """
    kept = before.chunk_chars if before else DEFAULT_CHUNK_CHARS
    chunk_chars = kept if settings.chunk_chars is None else settings.chunk_chars
    if chunk_chars < MIN_CHUNK_CHARS:
        raise BadRequest(
            f"chunk_chars is {chunk_chars}; it must be {MIN_CHUNK_CHARS} or more, "
            f"e.g. `rag index corpus/ --chunk-chars {DEFAULT_CHUNK_CHARS}`."
        )
    name = settings.embedder or (before.embedder_name if before else DEFAULT_EMBEDDER)
    named = replace(settings, embedder=_lasting_name(name))
    chosen = None
    if embedder and before and (embedder.identity, name) == (before.embedder, before.embedder_name):
        chosen = embedder
    store, uri = _place_of_rows(settings, before)
    return Making(
        chosen or load_embedder(named),
        named.embedder,
        chunk_chars,
        recipe=recipe,
        store=store,
        uri=uri,
    )


def _place_of_rows(settings: Settings, before: Manifest | None) -> tuple[str, str]:
    """The store and the address: as the settings say, else as before, else by count ("")."""
    known = (*STORES, MILVUS)
    if settings.store and settings.store not in known:
        raise BadRequest(f"store is {settings.store!r}; it must be one of {', '.join(known)}.")
    if not settings.store and before and before.store == MILVUS:
        return MILVUS, settings.uri or before.uri
    if bool(settings.uri) != (settings.store == MILVUS):
        raise BadRequest(
            f"store is {settings.store or 'chosen by count'} and uri is {settings.uri!r}; the two "
            "go together: `rag index corpus/ --store milvus --uri ./tanwen.db`."
        )
    is_file = settings.uri and "://" not in settings.uri
    return settings.store, str(Path(settings.uri).resolve()) if is_file else settings.uri


def load_published(uri: str, settings: Settings) -> Index:
    """Open the index that a Milvus holds whole; raises as `load_index`, and EngineMissing."""
    with fetched_files(uri) as path:  # all of them are read by the end
        manifest = Manifest.load(path)
        manifest.check_files(path, spared=_FOR_WRITERS)
        embedder = _embedder_for(manifest, path, settings=settings, loaded=None)
        return _open(path, path, embedder, uri=uri)


@contextmanager
def begin_generation(folder: Path, before: Generation | None) -> Iterator[Path]:
    """As `new_generation`; the Milvus that has its rows, if one has, takes it into use as well.

    That comes first, so that nothing is changed here where Milvus can't be written to.
    """
    with new_generation(folder, before) as fresh:
        yield fresh
        _publish(fresh, folder)
    _remove_other_rows(folder)


def roll_back(folder: Path) -> Current:
    """Take the generation before into use again, in its Milvus too; twice changes nothing.

    Raises IndexMissing if there is none, IndexDamaged if a file of it is altered.
    """
    with be_writer(folder):
        with old_generation(folder) as path:
            _publish(path, folder)
        return read_named(folder)


def _publish(path: Path, folder: Path) -> None:
    manifest = Manifest.load(path, index=folder)
    if manifest.store == MILVUS:
        names = [MANIFEST, *(name for name in manifest.files if name not in _FOR_WRITERS)]
        publish_files(path, manifest.uri, names)


def _remove_other_rows(folder: Path) -> None:
    """Those that no generation of the folder has; none where it can't be told which these are."""
    paths = [path_of(folder, generation) for generation in generations_of(folder)]
    with suppress(IndexDamaged):
        manifests = [Manifest.load(path, index=folder) for path in paths]
        uri = manifests[0].uri
        kept = [p / STORED for p, m in zip(paths, manifests, strict=True) if m.uri == uri]
        if uri:
            remove_other_rows(uri, kept)


def load_index(folder: Path, settings: Settings, *, embedder: Embedder | None = None) -> Index:
    """Open the generation in use, and its embedder unless the one given is the one it needs.

    Raises IndexMissing, IndexDamaged (a file altered, missing or of another version) or
    IndexMismatch (built with another embedder); each names the command that mends it.
    """
    for tries in range(1, _TRIES + 1):
        stamp = read_stamp(folder)
        try:
            path = path_of(folder, read_current(folder).now)
            manifest = Manifest.load(path, index=folder)
            manifest.check_files(path, index=folder, spared=_FOR_WRITERS)
            chosen = _embedder_for(manifest, folder, settings=settings, loaded=embedder)
            return replace(_open(path, folder, chosen), folder=folder, stamp=stamp)
        except (IndexDamaged, IndexMissing):
            if tries == _TRIES or read_stamp(folder) == stamp:
                raise  # it isn't that a writer took the files away meanwhile
    raise AssertionError("the last try returns or raises")


def read_documents(folder: Path) -> tuple[Document, ...]:
    """The documents of an index alone; raises IndexMissing or IndexDamaged."""
    path = path_of(folder, read_current(folder).now)
    Manifest.load(path, index=folder).check_files(path, index=folder)
    with telling_damage(folder):
        return _read_documents(path, folder)


@contextmanager
def telling_damage(folder: Path) -> Iterator[None]:
    """What files raise that don't hold what they should -> IndexDamaged."""
    try:
        yield
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise IndexDamaged(
            f"{folder} can't be read ({error}); rebuild it: `rag index corpus/ --index {folder}`."
        ) from error


def _embedder_for(
    manifest: Manifest, folder: Path, *, settings: Settings, loaded: Embedder | None
) -> Embedder:
    name = settings.embedder or manifest.embedder_name
    fits = loaded is not None and loaded.identity == manifest.embedder and not settings.embedder
    embedder = loaded if loaded and fits else load_embedder(replace(settings, embedder=name))
    if embedder.identity != manifest.embedder:
        raise IndexMismatch(
            f"{folder} was built with embedder {manifest.embedder}, the one in use is "
            f"{embedder.identity}; rebuild it: `rag index corpus/ --index {folder}`."
        )
    return embedder


def _open(path: Path, folder: Path, embedder: Embedder, *, uri: str = "") -> Index:
    """Open the generation at `path` of the index at `folder`, whose files have been checked.

    uri: of the Milvus its rows are in, if not as the manifest says.
    """
    manifest = Manifest.load(path, index=folder)
    with telling_damage(folder):
        documents = _read_documents(path, folder)
        chunks = _read_chunks(path / CHUNKS, documents)
        store, lexical = open_stored(path, manifest, uri)
        targets = TargetTable.read(path / TARGETS, {d.work: d.region for d in documents})
    rows = {len(chunks), lexical.rows, store.size[0]}
    if len(rows) != 1 or store.size[1] != embedder.dim:
        raise IndexDamaged(
            f"{folder} holds {len(chunks)} chunks, {lexical.rows} lexical rows and vectors "
            f"{store.size}; they must agree. Rebuild it: `rag index corpus/ --index {folder}`."
        )
    return Index(documents, chunks, store, lexical, embedder, manifest, targets)


def open_stored(path: Path, manifest: Manifest, uri: str = "") -> tuple[Store, Lexical]:
    """What searches the generation at `path`. uri: of its Milvus, if not as the manifest says."""
    if manifest.store == MILVUS:
        return open_rows(path / STORED, path / LEXICAL, uri or manifest.uri)
    store = STORES[manifest.store].load(path / STORED)
    return store, LexicalIndex.load(path / LEXICAL)


def _lasting_name(embedder: str) -> str:
    """A folder's whole path, so that the index opens from any working folder."""
    is_folder = embedder not in EMBEDDERS and Path(embedder).is_dir()
    return str(Path(embedder).resolve()) if is_folder else embedder


def _read_documents(path: Path, folder: Path) -> tuple[Document, ...]:
    apart = TellingApart()
    return tuple(apart.name(document) for document in read_records(path, folder))


def _read_chunks(path: Path, documents: Sequence[Document]) -> tuple[Chunk, ...]:
    table = np.load(path, allow_pickle=False).tolist()
    return tuple(Chunk(documents[row], start, end) for row, start, end in table)
