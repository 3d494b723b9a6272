"""Files -> an index on disk, in place of what the index held of the same files."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rag.errors import IndexDamaged, IndexMissing, ReadError
from rag.index import Index, build_index, check_writable, read_documents, read_targets, save_index
from rag.manifest import NAME as MANIFEST
from rag.manifest import Manifest
from rag.readers import find_files, read_file
from rag.settings import Settings
from rag.targets import TargetTable
from rag.types import Document, Target

_TABLE = "targets.csv"
Progress = Callable[[str, int, int], None]  # what is being done, how many are done, of how many


@dataclass(frozen=True)
class Outcome:
    """What an indexing run did.

    files:  how many were read. kept: documents of other files, kept from before.
    failed: (file, reason) for each file passed over.
    lost:   why nothing was kept of an index that stood there and was damaged, else "".
    """

    index: Index
    files: int
    kept: int
    failed: tuple[tuple[Path, str], ...]
    lost: str = ""


def silent(doing: str, done: int, total: int) -> None:
    """The progress that shows nothing."""


def index_paths(
    paths: Sequence[Path], folder: Path, *, settings: Settings, progress: Progress = silent
) -> Outcome:
    """Read files and folders, add them to the index at `folder`, and save it.

    Documents of a file read again are replaced, those of other files kept; a damaged index is
    replaced whole. One bad file doesn't stop the others. Raises ReadError if none could be read,
    WriteError if the index can't be written; nothing is changed then.
    """
    check_writable(folder)
    tables = [table for path in paths for table in _tables_at(path)]
    files = find_files([path for path in paths if path not in tables])
    failed: list[tuple[Path, str]] = []
    documents = list(_read(files, failed, progress))
    read = len(files) - len(failed)
    if not documents:
        raise ReadError(_why_none(paths, failed))
    sources = {document.source for document in documents}
    curated = [row for table in tables for row in _rows(table, failed)]
    before, lost = _documents_at(folder)
    if before:
        curated = [*curated, *_rows_of_other_plans(folder, curated)]
    kept = [document for document in before if document.source not in sources]
    if before and not settings.embedder:
        settings = replace(settings, embedder=Manifest.load(folder).embedder_name)
    progress("indexing", 0, 1)
    index = build_index([*kept, *documents], settings, curated)
    save_index(index, folder)
    progress("indexing", 1, 1)
    return Outcome(index, read, len(kept), tuple(failed), lost)


def _read(
    files: Sequence[Path], failed: list[tuple[Path, str]], progress: Progress
) -> Iterator[Document]:
    for done, file in enumerate(files):
        progress("reading", done, len(files))
        try:
            yield from read_file(file)
        except ReadError as error:
            failed.append((file, str(error)))
        except OSError as error:
            reason = f"{file} can't be read ({error.strerror}); check that you may read it."
            failed.append((file, reason))
    progress("reading", len(files), len(files))


def _tables_at(path: Path) -> list[Path]:
    """The tables of targets named: a CSV, or `targets.csv` in a folder, save those of an index."""
    if path.suffix.lower() == ".csv" and path.is_file():
        return [path]
    tables = sorted(path.rglob(_TABLE)) if path.is_dir() else []
    return [table for table in tables if not table.with_name(MANIFEST).exists()]


def _rows(table: Path, failed: list[tuple[Path, str]]) -> tuple[Target, ...]:
    try:
        return TargetTable.read(table).rows
    except ReadError as error:
        failed.append((table, str(error)))
        return ()


def _rows_of_other_plans(folder: Path, curated: Sequence[Target]) -> Iterator[Target]:
    """The curated rows that the index holds already, of plans that are in no table now read."""
    renewed = {row.plan for row in curated}
    return (row for row in read_targets(folder) if row.plan not in renewed)


def _documents_at(folder: Path) -> tuple[tuple[Document, ...], str]:
    """What an index holds, and why it can't be read any more if that is so."""
    try:
        return read_documents(folder), ""
    except IndexMissing:
        return (), ""
    except IndexDamaged as error:
        return (), str(error)


def _why_none(paths: Sequence[Path], failed: Sequence[tuple[Path, str]]) -> str:
    if failed:
        return failed[0][1]
    named = ", ".join(map(str, paths))
    return f"{named} holds no file that can be read; name files or folders with documents."
