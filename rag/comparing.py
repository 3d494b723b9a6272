"""What an index holds beside the files that are there: what is read, what stays, what goes."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rag.building import Before, Fresh, Kept, TellingApart
from rag.errors import BadRequest, ReadError
from rag.reading import Reading, checksum_of_file
from rag.records import Table
from rag.targets import TargetTable
from rag.types import Document, Progress


class Became(NamedTuple):
    """Files and tables of targets by what became of them; see `rag.indexing.Outcome`."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]


class Comparison:
    """What is to become of each file of one run. Paths are absolute.

    reading: gets the files to be read, and the reasons why others can't be.
    """

    def __init__(self, before: Before | None, reading: Reading) -> None:
        self._before, self._reading = before, reading
        self._held = {s.path: s for s in before.records.sources} if before else {}
        self._held_tables = {t.path: t for t in before.records.tables} if before else {}
        self._tables = dict(self._held_tables)
        self._left_out: dict[str, frozenset[int]] = {}  # numbers of the documents of a source

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
            if not self._reading.check(path, file):
                continue
            held = self._held.get(path)
            same = held is not None and held.sha256 == self._reading.sums[path]
            if anew or path in self._left_out or not same:
                self._reading.to_read[path] = file
        self._left_out = {p: gone for p, gone in self._left_out.items() if p not in files}

    def compare_tables(self, tables: Mapping[str, Path]) -> None:
        for path, file in tables.items():
            try:
                self._tables[path] = Table(
                    path, checksum_of_file(file), TargetTable.read(file).rows
                )
            except (OSError, ReadError) as error:
                self._reading.refuse(path, file, error)

    def leaves_out_any(self) -> bool:
        return bool(self._left_out) or not set(self._held_tables) <= set(self._tables)

    def has_any_of(self, files: Collection[str]) -> bool:
        """Whether any of the files is unchanged or can be read."""
        same = set(files) & set(self._held) - set(self._reading.to_read) - set(self._reading.bad)
        return bool(same) or self._reading.reads_any()

    def has_any(self) -> bool:
        """Whether the index would hold a document."""
        stays = any(not self._is_left_out(path) for path in self._held)
        return stays or self._reading.reads_any()

    def changes_any(self) -> bool:
        """Whether the index would hold anything else than before."""
        other = bool(self._left_out) or self._tables != self._held_tables
        return other or self._reading.reads_any()

    def entries(self, progress: Progress) -> Iterator[Fresh | Kept]:
        """What the new generation shall hold, in the order of paths, each file read as it comes."""
        to_read, done = self._reading.to_read, 0
        for path in sorted({*self._held, *to_read}):
            documents: tuple[Document, ...] = ()
            if path in to_read:
                progress("reading", done, len(to_read))
                documents, done = self._reading.documents(path), done + 1
            if documents:
                embedded = self._reading.embedded(path)
                yield Fresh(path, self._reading.sums[path], documents, embedded)
            elif path in self._held and not self._is_left_out(path):
                yield Kept(self._held[path], self._left_out.get(path, frozenset()))
        if done:
            progress("reading", done, done)
        progress("indexing", 0, 1)

    def became(self) -> Became:
        """Once the files have been read."""
        held = {**self._held, **self._held_tables}
        tables = {p for p, table in self._tables.items() if self._held_tables.get(p) != table}
        anew = self._reading.read_well | tables
        removed = {p for p in self._held if self._is_left_out(p) and p not in anew}
        removed |= set(self._held_tables) - set(self._tables)
        changed = (set(held) & anew) | (set(self._left_out) - removed - anew)
        unchanged = set(held) - removed - changed - set(self._reading.bad)
        parts = (anew - set(held), changed, removed, unchanged)
        return Became(*(tuple(sorted(part)) for part in parts))

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
