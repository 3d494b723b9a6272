"""Where an index lies: numbered generations, and the file `current` that names the one in use.

    indexes/default/
        current                 names two generations, each with the checksum of its manifest
        generations/000007/     the one in use; no file of it is ever changed
        generations/000006/     the one before, for `rag rollback`
        lock, writer.json       rag/locking.py

A writer fills a new folder, forces it to disk and then replaces `current` by a rename, which the
file system does wholly or not at all. What a writer that was killed left behind is named in no
`current`; the next writer removes it.
source: POSIX rename(2), fsync(2); the scheme is LevelDB's CURRENT file (doc/impl.md).
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, NoReturn

from rag.errors import IndexDamaged, IndexMissing, WriteError
from rag.locking import LOCK, OWNER, lock_for_writing
from rag.manifest import NAME as MANIFEST
from rag.manifest import Manifest

CURRENT, GENERATIONS = "current", "generations"
_FRESH = "current.new"
# What format 2 kept in the folder itself; it goes once a generation stands in its place.
_OLD = ("manifest.json", "documents.jsonl", "chunks.npy", "vectors.faiss", "lexical", "targets.csv")
_OWN = {CURRENT, _FRESH, GENERATIONS, LOCK, OWNER}
_NAME = re.compile(r"\d{6,}")
_LINE = re.compile(rf"({_NAME.pattern}) ([0-9a-f]{{64}})")
_NONE = "none"


class Generation(NamedTuple):
    """checksum: SHA-256 of its manifest file, which holds those of all its other files."""

    name: str
    checksum: str


class Current(NamedTuple):
    """The generation in use, and the one that was in use before it."""

    now: Generation
    before: Generation | None


def read_stamp(folder: Path) -> str:
    """What changes whenever another generation comes into use; "" if nothing can be read."""
    try:
        return (folder / CURRENT).read_text(encoding="latin-1")
    except OSError:
        return ""


def read_current(folder: Path) -> Current:
    """What is in use; raises IndexMissing, or IndexDamaged if it or its manifest is altered."""
    remedy = f"rebuild it: `rag index corpus/ --index {folder}`."
    stamp = read_stamp(folder)
    if not stamp:
        _tell_missing(folder)
    current = _parsed(stamp)
    if current is None:
        raise IndexDamaged(f"{folder / CURRENT} is altered; {remedy}")
    manifest = path_of(folder, current.now) / MANIFEST
    if checksum_of(manifest) != current.now.checksum:
        what = "is altered" if manifest.exists() else "is missing"
        raise IndexDamaged(f"{manifest} {what}; {remedy}")
    return current


def path_of(folder: Path, generation: Generation) -> Path:
    return folder / GENERATIONS / generation.name


def check_writable(folder: Path) -> None:
    """Raise WriteError if no index may be written at `folder`.

    An index has its folder to itself: beside files that are none of its own none is begun.
    """
    remedy = "name another folder: `rag index corpus/ --index FOLDER`."
    if folder.is_dir():
        old = set(_OLD) if (folder / MANIFEST).exists() else set()
        foreign = sorted({path.name for path in folder.iterdir()} - _OWN - old)
        if foreign:
            raise WriteError(f"{folder} holds {foreign[0]}, which is no part of an index; {remedy}")
    elif folder.exists() or folder.is_symlink():
        raise WriteError(f"{folder} is not a folder; {remedy}")
    resolved = folder.resolve()
    around = next(path for path in (resolved, *resolved.parents) if path.exists())
    if not (around.is_dir() and os.access(around, os.W_OK | os.X_OK)):
        raise WriteError(f"nothing can be written to {around}; {remedy}")


@contextmanager
def be_writer(folder: Path) -> Iterator[None]:
    """Hold the lock of `folder`, made if missing; what a killed writer left goes first.

    A folder made for this is taken away again if no index came to stand in it. Raises WriteError
    as `check_writable` and `lock_for_writing` do, or if the disk refuses anything meanwhile.
    """
    check_writable(folder)
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with lock_for_writing(folder):
            _remove_leftovers(folder)
            yield
    except OSError as error:
        raise WriteError(
            f"the index can't be written to {folder} ({error.strerror or error}); make room or "
            "name another folder: `rag index corpus/ --index FOLDER`."
        ) from error
    finally:
        if made and not (folder / CURRENT).exists():
            _remove_empty(folder, made)


@contextmanager
def new_generation(folder: Path, before: Generation | None = None) -> Iterator[Path]:
    """A new folder to fill; it comes into use if the block ends well, and goes if not.

    Only for the holder of the lock. The block must leave a manifest in it.
    before: the generation to go back to from the new one, the others go.
    """
    numbers = [int(path.name) for path in _folders(folder)]
    fresh = folder / GENERATIONS / f"{max(numbers, default=0) + 1:06d}"
    try:
        fresh.mkdir(parents=True)
        yield fresh
        _sync(fresh)
        checksum = checksum_of(fresh / MANIFEST)
        _switch(folder, Current(Generation(fresh.name, checksum), before))
    except BaseException:
        if Generation(fresh.name, checksum_of(fresh / MANIFEST)) not in generations_of(folder):
            shutil.rmtree(fresh, ignore_errors=True)
            with suppress(OSError):
                (folder / _FRESH).unlink(missing_ok=True)
        raise
    _remove_leftovers(folder)


@contextmanager
def old_generation(folder: Path) -> Iterator[Path]:
    """The folder of the generation before, whole; it comes into use again if the block ends well.

    Only for the holder of the lock. Raises IndexMissing if there is none, IndexDamaged if a file
    of it is altered.
    """
    now, before = read_named(folder)
    if before is None:
        raise IndexMissing(
            f"{folder} holds no generation before {now.name}; build anew: "
            f"`rag index corpus/ --index {folder}`."
        )
    path = path_of(folder, before)
    if checksum_of(path / MANIFEST) != before.checksum:
        raise IndexDamaged(
            f"{path / MANIFEST} is altered or missing, so there is nothing to go back to; "
            f"rebuild the index: `rag index corpus/ --index {folder}`."
        )
    Manifest.load(path, index=folder).check_files(path, index=folder)
    yield path
    _switch(folder, Current(before, now))


def read_named(folder: Path) -> Current:
    """What `current` says, though a manifest may be altered; raises as `read_current`."""
    return _parsed(read_stamp(folder)) or read_current(folder)


def generations_of(folder: Path) -> tuple[Generation, ...]:
    """The generations that `current` names, the one in use first; () where there is none."""
    return tuple(filter(None, _parsed(read_stamp(folder)) or ()))


def _parsed(stamp: str) -> Current | None:
    """None for what `_stamp` has not written."""
    lines = stamp.split("\n")
    now = _LINE.fullmatch(lines[0])
    before = _LINE.fullmatch(lines[1]) if len(lines) > 1 else None
    if not now:
        return None
    current = Current(Generation(*now.groups()), Generation(*before.groups()) if before else None)
    return current if _stamp(current) == stamp else None


def _stamp(current: Current) -> str:
    """A line a generation and a checksum of these lines, so that no altered byte goes unnoticed."""
    lines = "".join(f"{' '.join(g) if g else _NONE}\n" for g in current)
    return f"{lines}{hashlib.sha256(lines.encode()).hexdigest()}\n"


def _switch(folder: Path, current: Current) -> None:
    fresh = folder / _FRESH
    fresh.write_text(_stamp(current), encoding="ascii")
    _sync_file(fresh)
    _sync_file(folder / GENERATIONS)
    os.replace(fresh, folder / CURRENT)
    _sync_file(folder)


def _sync(folder: Path) -> None:
    """Force every file of a folder, and the folders themselves, to disk."""
    for path in sorted(folder.rglob("*"), reverse=True):
        _sync_file(path)
    _sync_file(folder)


def _sync_file(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_leftovers(folder: Path) -> None:
    """Remove what neither `current` nor anybody else names; keep all if `current` is altered."""
    if read_stamp(folder) and not generations_of(folder):
        return
    kept = {generation.name for generation in generations_of(folder)}
    for path in _folders(folder):
        if path.name not in kept:
            shutil.rmtree(path, ignore_errors=True)
    (folder / _FRESH).unlink(missing_ok=True)
    for name in _OLD if kept else ():
        if (folder / name).is_dir():
            shutil.rmtree(folder / name, ignore_errors=True)
        else:
            (folder / name).unlink(missing_ok=True)


def _folders(folder: Path) -> list[Path]:
    if not (folder / GENERATIONS).is_dir():
        return []
    return sorted(p for p in (folder / GENERATIONS).iterdir() if _NAME.fullmatch(p.name))


def _remove_empty(folder: Path, made: list[Path]) -> None:
    """Take away folders that were made for an index that didn't come to be."""
    for name in (LOCK, OWNER, _FRESH):
        with suppress(OSError):
            (folder / name).unlink(missing_ok=True)
    for path in (folder / GENERATIONS, *made):
        with suppress(OSError):
            path.rmdir()


def _tell_missing(folder: Path) -> NoReturn:
    """Format 2 had its manifest in the folder itself, and is named; otherwise nothing was built."""
    Manifest.load(folder)
    raise IndexDamaged(
        f"{folder} is no index by itself; rebuild it: `rag index corpus/ --index {folder}`."
    )


def checksum_of(path: Path) -> str:
    """SHA-256 of a small file; "" if it can't be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
