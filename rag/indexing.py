"""Files -> a new generation of an index, equal to one that is built of them from nothing.

A file is known by its path and the checksum of its bytes: one that is unchanged is neither read
nor cut nor embedded again. Documents stand in the order of their files' paths, whenever these
were added.
"""

import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from rag.building import Before, Fresh, Kept, Making, TellingApart, write_generation
from rag.embedders import Embedder
from rag.errors import BadRequest, IndexDamaged, IndexMissing, ReadError
from rag.generations import (
    Generation,
    be_writer,
    check_writable,
    checksum_of,
    generations_of,
    new_generation,
    path_of,
    read_current,
)
from rag.index import choose_making, publish, telling_damage
from rag.manifest import NAME as MANIFEST
from rag.manifest import Manifest
from rag.readers import MAX_FILE_BYTES, find_files, read_file
from rag.records import Records, Table
from rag.settings import Settings, data_file
from rag.spreading import Spread, spread_reading
from rag.targets import TargetTable
from rag.types import Document

_TABLE = "targets.csv"
_SMALL_BYTES = 1 << 16  # read at once; `file_digest` takes a buffer of four times as much
# What decides which documents and targets a file gives: with any of it altered, all is read anew.
_DECIDING = (
    *("readers/*.py", "chunking.py", "extraction.py", "figures.py", "indicators*"),
    *("language.py", "places.py", "types.py"),
)
Progress = Callable[[str, int, int], None]  # what is being done, how many are done, of how many


@dataclass(frozen=True)
class Outcome:
    """What an indexing run did; files and tables of targets by their absolute paths, sorted.

    added, changed: read, and new to the index or in place of what it held of them; a file that
    lost some of its documents is changed too. removed: of which nothing is held any more.
    unchanged: named, or held and not named, and not read again.
    failed: (file, reason) for each file passed over; what was held of it stays.
    embedded: chunks whose vectors were worked out anew.
    lost: what is lost of an index that was damaged, and why, else "".
    """

    manifest: Manifest
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    failed: tuple[tuple[Path, str], ...] = ()
    embedded: int = 0
    lost: str = ""


def silent(doing: str, done: int, total: int) -> None:
    """The progress that shows nothing."""


class Change(NamedTuple):
    """What shall become of an index.

    paths: files and folders to read. remove: ids of documents, or files, that shall go.
    sync: what is held of files below `paths` that are there no more goes too.
    """

    paths: Sequence[Path] = ()
    remove: Sequence[str] = ()
    sync: bool = False


def index_paths(
    paths: Sequence[Path], folder: Path, *, settings: Settings, progress: Progress = silent
) -> Outcome:
    """Read files and folders into the index at `folder`, as `update_index` does."""
    return update_index(Change(paths), folder, settings=settings, progress=progress)


def update_index(
    change: Change,
    folder: Path,
    *,
    settings: Settings,
    progress: Progress = silent,
    embedder: Embedder | None = None,
) -> Outcome:
    """Bring a new generation of the index at `folder` into use; what is unchanged is taken over.

    Documents of a file that changed are replaced, those of other files kept. Of a generation that
    is damaged nothing is taken over, but of the one before it. One bad file doesn't stop the
    others. embedder: one that is loaded already.
    Raises ReadError if none of the files could be read, BadRequest for an id that isn't held or if
    nothing would be left, WriteError if the index can't be written; nothing is changed then.
    """
    paths = change.paths
    check_writable(folder)
    tables = {path_text(table): table for path in paths for table in _tables_at(path)}
    named = [path for path in paths if path_text(path) not in tables]
    found = find_files(named)
    with be_writer(folder):
        before, generation, lost = _open_before(folder)
        with telling_damage(folder):
            run = _Run(before, progress)
            run.leave_out(change.remove, folder)
            run.compare_files(found.files, _recipe())
            run.compare_tables(tables)
            run.refuse_strays(found.strays)
            if change.sync:
                run.leave_out_gone([path_text(path) for path in paths if path.is_dir()])
        manifest = before.manifest if before else None
        making = choose_making(settings, manifest, recipe=_recipe(), embedder=embedder)
        if settings.ray:
            run.spread(folder, making, settings)
        if paths and not run.leaves_out_any() and not run.has_any_of(found.files):
            raise ReadError(_why_none(paths, run.failed))
        if not run.has_any():
            raise BadRequest(
                f"{folder} would hold no document any more; to be rid of it, delete the folder."
            )
        same = before and making.makes_as(before.manifest) and making.stores_as(before.manifest)
        if before and same and not lost and not run.changes_any():
            return run.outcome(before.manifest, embedded=0, lost=lost)
        with new_generation(folder, generation) as fresh:
            built = write_generation(
                fresh, folder, run.entries(), making=making, tables=run.tables, before=before
            )
        publish(folder)
        run.finish()
        progress("indexing", 1, 1)
        return run.outcome(built.manifest, embedded=built.embedded, lost=lost)


class _Run:
    """One run: what is to become of each file, and what became of it. Paths are absolute."""

    def __init__(self, before: Before | None, progress: Progress) -> None:
        self._before, self._progress = before, progress
        self._held = {s.path: s for s in before.records.sources} if before else {}
        self._held_tables = {t.path: t for t in before.records.tables} if before else {}
        self._tables = dict(self._held_tables)
        self._left_out: dict[str, frozenset[int]] = {}  # numbers of the documents of a source
        self._to_read: dict[str, Path] = {}
        self._sums: dict[str, str] = {}
        self._ahead: dict[str, tuple[Document, ...]] = {}
        self._read_well: set[str] = set()
        self._bad: dict[str, tuple[Path, str]] = {}
        self._spread: Spread | None = None

    @property
    def failed(self) -> tuple[tuple[Path, str], ...]:
        return tuple(self._bad.values())

    @property
    def tables(self) -> tuple[Table, ...]:
        return tuple(self._tables[path] for path in sorted(self._tables))

    def leave_out(self, named: Collection[str], folder: Path) -> None:
        """Leave out documents by id, or whole files; raises BadRequest for what isn't held."""
        ids = dict(self._ids()) if named else {}
        for name in named:
            path = path_text(Path(name))
            if name in ids:
                source, number = ids[name]
                self._left_out[source] = self._left_out.get(source, frozenset()) | {number}
            elif path in self._held:
                self._left_out[path] = self._all_of(path)
            elif path in self._tables:
                del self._tables[path]
            else:
                raise BadRequest(
                    f"{folder} holds no document and no file {name!r}; ids are shown by "
                    f'`rag search "…" --json --index {folder}`.'
                )

    def leave_out_gone(self, folders: Sequence[str]) -> None:
        """Leave out what is held of files below the folders that are there no more."""

        def is_gone(path: str) -> bool:
            below = any(path.startswith(f"{folder.rstrip('/')}/") for folder in folders)
            return below and not Path(path).exists()

        self._left_out |= {path: self._all_of(path) for path in self._held if is_gone(path)}
        self._tables = {p: table for p, table in self._tables.items() if not is_gone(p)}

    def compare_files(self, files: Mapping[str, Path], recipe: str) -> None:
        """Find what is to be read: what is new or changed; with another recipe, all there is."""
        anew = self._before is not None and self._before.manifest.recipe != recipe
        others = {p: Path(p) for p in self._held if anew and p not in files and Path(p).is_file()}
        for path, file in sorted((others | dict(files)).items()):
            try:
                self._sums[path] = _checksum(file)
            except OSError as error:
                self._bad[path] = (file, _unreadable(file, error))
                continue
            held = self._held.get(path)
            if anew or path in self._left_out or not held or held.sha256 != self._sums[path]:
                self._to_read[path] = file
        self._left_out = {p: gone for p, gone in self._left_out.items() if p not in files}

    def compare_tables(self, tables: Mapping[str, Path]) -> None:
        for path, file in tables.items():
            try:
                self._tables[path] = Table(path, _checksum(file), TargetTable.read(file).rows)
            except OSError as error:
                self._bad[path] = (file, _unreadable(file, error))
            except ReadError as error:
                self._bad[path] = (file, str(error))

    def refuse_strays(self, links: Sequence[Path]) -> None:
        """Files of other places that a folder leads to were not named by anybody."""
        for link in links:
            reason = f"{link} leads out of its folder; name the file itself: {link.resolve()}"
            self._bad[link.absolute().as_posix()] = (link, reason)

    def spread(self, folder: Path, making: Making, settings: Settings) -> None:
        """Have Ray read and embed what is to be read; kept beside the index until `finish`."""
        home = folder.resolve()
        self._spread = spread_reading(
            {path: file for path, file in self._to_read.items() if path not in self._bad},
            self._sums,
            home.with_name(f".{home.name}-spread"),
            making=making,
            settings=settings,
            progress=self._progress,
        )

    def finish(self) -> None:
        """The generation holds all that was read."""
        if self._spread:
            self._spread.remove()

    def leaves_out_any(self) -> bool:
        return bool(self._left_out) or not set(self._held_tables) <= set(self._tables)

    def has_any_of(self, files: Collection[str]) -> bool:
        """Whether any of the files is unchanged or can be read."""
        same = set(files) & set(self._held) - set(self._to_read) - set(self._bad)
        return bool(same) or self._reads_any()

    def has_any(self) -> bool:
        """Whether the index would hold a document."""
        return any(not self._is_left_out(path) for path in self._held) or self._reads_any()

    def changes_any(self) -> bool:
        """Whether the index would hold anything else than before."""
        return bool(self._left_out) or self._tables != self._held_tables or self._reads_any()

    def entries(self) -> Iterator[Fresh | Kept]:
        """What the new generation shall hold, in the order of paths, each file read as it comes."""
        done = 0
        for path in sorted({*self._held, *self._to_read}):
            documents: tuple[Document, ...] = ()
            if path in self._to_read:
                self._progress("reading", done, len(self._to_read))
                documents, done = self._read(path), done + 1
            if documents:
                embedded = self._spread.embedded(path) if self._spread else None
                yield Fresh(path, self._sums[path], documents, embedded)
            elif path in self._held and not self._is_left_out(path):
                yield Kept(self._held[path], self._left_out.get(path, frozenset()))
        if done:
            self._progress("reading", done, done)
        self._progress("indexing", 0, 1)

    def outcome(self, manifest: Manifest, *, embedded: int, lost: str) -> Outcome:
        held = {**self._held, **self._held_tables}
        tables = {p for p, table in self._tables.items() if self._held_tables.get(p) != table}
        anew = self._read_well | tables
        removed = {p for p in self._held if self._is_left_out(p) and p not in anew}
        removed |= set(self._held_tables) - set(self._tables)
        changed = (set(held) & anew) | (set(self._left_out) - removed - anew)
        return Outcome(
            manifest,
            added=tuple(sorted(anew - set(held))),
            changed=tuple(sorted(changed)),
            removed=tuple(sorted(removed)),
            unchanged=tuple(sorted(set(held) - removed - changed - set(self._bad))),
            failed=self.failed,
            embedded=embedded,
            lost=lost,
        )

    def _reads_any(self) -> bool:
        """Whether a file that is to be read can be; the first that can is kept for `entries`."""
        if not self._ahead:
            found = ((path, self._read(path)) for path in self._to_read if path not in self._bad)
            self._ahead = dict(islice(filter(itemgetter(1), found), 1))
        return bool(self._ahead)

    def _read(self, path: str) -> tuple[Document, ...]:
        """The documents of a file; () if it can't be read, and the reason in `failed`."""
        if path in self._bad:
            return ()
        file = self._to_read[path]
        try:
            read = self._spread.documents if self._spread else None
            documents = self._ahead.pop(path, ()) or (read(path) if read else read_file(file))
        except ReadError as error:
            self._bad[path] = (file, str(error))
        except OSError as error:
            self._bad[path] = (file, _unreadable(file, error))
        except Exception as error:  # a reader's library met a file it wasn't made for
            reason = (
                f"{file} can't be read ({type(error).__name__}: {error}); save it as UTF-8 text."
            )
            self._bad[path] = (file, reason)
        else:
            self._read_well.add(path)
            return documents
        return ()

    def _ids(self) -> Iterator[tuple[str, tuple[str, int]]]:
        """Every id held -> its source, and its number there."""
        apart = TellingApart()
        for path, source in self._held.items():
            assert self._before is not None, "what is held was there before"
            for number, document in enumerate(self._before.records.documents(source)):
                yield apart.name(document).id, (path, number)

    def _all_of(self, path: str) -> frozenset[int]:
        return frozenset(range(self._held[path].documents))

    def _is_left_out(self, path: str) -> bool:
        return self._left_out.get(path) == self._all_of(path)


def path_text(path: Path) -> str:
    """How a file is named in an index."""
    return path.resolve().as_posix()


def _open_before(folder: Path) -> tuple[Before | None, Generation | None, str]:
    """What can be taken over, of which generation, and what is lost of the one in use."""
    try:
        read_current(folder)
        reason = ""
    except IndexMissing:
        return None, None, ""
    except IndexDamaged as error:
        reason = str(error)
    for generation in generations_of(folder):
        path = path_of(folder, generation)
        try:
            if checksum_of(path / MANIFEST) != generation.checksum:
                continue
            manifest = Manifest.load(path, index=folder)
            manifest.check_files(path, index=folder)
            with telling_damage(folder):
                before = Before(manifest, Records(path, folder))
        except IndexDamaged as error:
            reason = reason or str(error)
        else:
            lost = f"the generation before was taken over: {reason}" if reason else ""
            return before, generation, lost
    return None, None, f"nothing was kept of the old index: {reason}"


def _tables_at(path: Path) -> list[Path]:
    """The tables of targets named: a CSV, or `targets.csv` in a folder, save those of an index."""
    if path.suffix.lower() == ".csv" and path.is_file():
        return [path]
    tables = sorted(path.rglob(_TABLE)) if path.is_dir() else []
    return [table for table in tables if not table.with_name(MANIFEST).exists()]


def _checksum(file: Path) -> str:
    """SHA-256 of a file; "" for one that is too large to be read at all."""
    with file.open("rb", buffering=0) as data:
        size = os.fstat(data.fileno()).st_size
        if size > MAX_FILE_BYTES:
            return ""
        if size < _SMALL_BYTES:
            return hashlib.sha256(data.read()).hexdigest()
        return hashlib.file_digest(data, "sha256").hexdigest()


@cache
def _recipe() -> str:
    """A fingerprint of the code and the data that decide what a file gives."""
    package = Path(__file__).parent
    files = sorted(file for pattern in _DECIDING for file in package.glob(pattern))
    digest = hashlib.sha256()
    for file in (*files, data_file("places.tsv")):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _unreadable(file: Path, error: OSError) -> str:
    return f"{file} can't be read ({error.strerror}); check that you may read it."


def _why_none(paths: Sequence[Path], failed: Sequence[tuple[Path, str]]) -> str:
    if failed:
        return failed[0][1]
    named = ", ".join(map(str, paths))
    return f"{named} holds no file that can be read; name files or folders with documents."
