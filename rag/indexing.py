"""Files -> a new generation of an index, equal to one that is built of them from nothing.

A file is known by its path and the checksum of its bytes: one that is unchanged is neither read
nor cut nor embedded again. Documents stand in the order of their files' paths, whenever these
were added.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rag.building import write_generation
from rag.comparing import Comparison, path_text
from rag.embedders import Embedder
from rag.errors import BadRequest, ReadError
from rag.generations import be_writer, check_writable
from rag.index import begin_generation, choose_making, telling_damage
from rag.manifest import NAME as MANIFEST
from rag.manifest import Manifest
from rag.previous import open_before
from rag.readers import find_files
from rag.reading import Progress, Reading, fingerprint_of_readers
from rag.settings import Settings

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
    paths = change.paths
    check_writable(folder)
    tables = {path_text(table): table for path in paths for table in _tables_at(path)}
    named = [path for path in paths if path_text(path) not in tables]
    found = find_files(named)
    recipe, reading = fingerprint_of_readers(), Reading()
    with be_writer(folder):
        before, generation, lost = open_before(folder)
        run = Comparison(before, reading)
        with telling_damage(folder):
            run.leave_out(change.remove, folder)
            run.compare_files(found.files, recipe)
            run.compare_tables(tables)
            _refuse_strays(found.strays, reading)
            if change.sync:
                run.leave_out_gone([path_text(path) for path in paths if path.is_dir()])
        manifest = before.manifest if before else None
        making = choose_making(settings, manifest, recipe=recipe, embedder=embedder)
        if settings.ray:
            reading.spread(folder, making, settings, progress=progress)
        if paths and not run.leaves_out_any() and not run.has_any_of(found.files):
            raise ReadError(_why_none(paths, _failed(reading)))
        if not run.has_any():
            raise BadRequest(
                f"{folder} would hold no document any more; to be rid of it, delete the folder."
            )
        same = before and making.makes_as(before.manifest) and making.stores_as(before.manifest)
        if before and same and not lost and not run.changes_any():
            return Outcome(before.manifest, *run.became(), failed=_failed(reading), lost=lost)
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


def _refuse_strays(links: Sequence[Path], reading: Reading) -> None:
    """Files of other places that a folder leads to were not named by anybody."""
    for link in links:
        reason = f"{link} leads out of its folder; name the file itself: {link.resolve()}"
        reading.refuse(link.absolute().as_posix(), link, ReadError(reason))


def _failed(reading: Reading) -> tuple[tuple[Path, str], ...]:
    return tuple(reading.bad.values())


def _tables_at(path: Path) -> list[Path]:
    """The tables of targets named: a CSV, or `targets.csv` in a folder, save those of an index."""
    if path.suffix.lower() == ".csv" and path.is_file():
        return [path]
    tables = sorted(path.rglob(_TABLE)) if path.is_dir() else []
    return [table for table in tables if not table.with_name(MANIFEST).exists()]


def _why_none(paths: Sequence[Path], failed: Sequence[tuple[Path, str]]) -> str:
    if failed:
        return failed[0][1]
    named = ", ".join(map(str, paths))
    return f"{named} holds no file that can be read; name files or folders with documents."
