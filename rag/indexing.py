"""Files -> a new generation of an index, equal to one that is built of them from nothing.

A file is known by its path and the checksum of its bytes: one that is unchanged is neither read
nor cut nor embedded again. Documents stand in the order of their files' paths, whenever these
were added.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rag.building import Before, Making, write_generation
from rag.comparing import Comparison, path_text
from rag.embedders import Embedder
from rag.errors import BadRequest, ReadError
from rag.generations import be_writer, check_writable
from rag.index import begin_generation, choose_making, telling_damage
from rag.manifest import NAME as MANIFEST
from rag.manifest import Manifest
from rag.previous import open_before
from rag.readers import find_files
from rag.reading import Reading, fingerprint_of_readers
from rag.settings import Settings
from rag.types import Progress

_TABLE = "targets.csv"


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
    check_writable(folder)
    named = _find(change.paths)
    with be_writer(folder):
        before, generation, lost = open_before(folder)
        reading = Reading()
        run = _compare(change, named, folder, before=before, reading=reading)
        making = choose_making(
            settings,
            before.manifest if before else None,
            recipe=fingerprint_of_readers(),
            embedder=embedder,
        )
        if settings.ray:
            reading.spread(folder, making, settings, progress=progress)
        _check_any(change.paths, named, run, folder, reading)
        if before and not lost and not run.changes_any() and _is_kept(before.manifest, making):
            return Outcome(before.manifest, *run.became(), failed=_failed(reading))
        entries = run.entries(progress)
        with begin_generation(folder, generation) as fresh:
            built = write_generation(
                fresh, folder, entries, making=making, tables=run.tables, before=before
            )
        reading.finish()
        progress("indexing", 1, 1)
        return Outcome(
            built.manifest,
            *run.became(),
            failed=_failed(reading),
            embedded=built.embedded,
            lost=lost,
        )


class _Named(NamedTuple):
    """Documents and tables of targets, by the absolute path of each; strays: as `Found`."""

    files: dict[str, Path]
    tables: dict[str, Path]
    strays: tuple[Path, ...]


def _find(paths: Sequence[Path]) -> _Named:
    """What paths name: a CSV is a table of targets, in a folder one called `targets.csv`."""
    listed = [path for path in paths if path.suffix.lower() == ".csv" and path.is_file()]
    others = [path for path in paths if path not in listed]
    files = find_files(others)
    tables = find_files([*listed, *filter(Path.is_dir, others)], wanted=lambda name: name == _TABLE)
    own = {path: file for path, file in tables.files.items() if not _is_of_index(file)}
    return _Named(files.files, own, tuple(sorted((*files.strays, *tables.strays))))


def _is_of_index(table: Path) -> bool:
    return table.with_name(MANIFEST).exists()


def _compare(
    change: Change, named: _Named, folder: Path, *, before: Before | None, reading: Reading
) -> Comparison:
    """What is asked for beside what the index at `folder` holds."""
    run = Comparison(before, reading)
    with telling_damage(folder):
        run.leave_out(change.remove, folder)
        run.compare_files(named.files, fingerprint_of_readers())
        run.compare_tables(named.tables)
        _refuse_strays(named.strays, reading)
        if change.sync:
            run.leave_out_gone([path_text(path) for path in change.paths if path.is_dir()])
    return run


def _check_any(
    paths: Sequence[Path], named: _Named, run: Comparison, folder: Path, reading: Reading
) -> None:
    """Raise ReadError if none of the files can be read, BadRequest if nothing would be held."""
    if paths and not run.leaves_out_any() and not run.has_any_of(named.files):
        raise ReadError(_why_none(paths, _failed(reading)))
    if not run.has_any():
        raise BadRequest(
            f"{folder} would hold no document any more; to be rid of it, delete the folder."
        )


def _is_kept(manifest: Manifest, making: Making) -> bool:
    return making.makes_as(manifest) and making.stores_as(manifest)


def _refuse_strays(links: Sequence[Path], reading: Reading) -> None:
    """Files of other places that a folder leads to were not named by anybody."""
    for link in links:
        reason = f"{link} leads out of its folder; name the file itself: {link.resolve()}"
        reading.refuse(link.absolute().as_posix(), link, ReadError(reason))


def _failed(reading: Reading) -> tuple[tuple[Path, str], ...]:
    return tuple(reading.bad.values())


def _why_none(paths: Sequence[Path], failed: Sequence[tuple[Path, str]]) -> str:
    if failed:
        return failed[0][1]
    named = ", ".join(map(str, paths))
    return f"{named} holds no file that can be read; name files or folders with documents."
