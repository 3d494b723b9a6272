"""The commands that keep an index: index, info, verify, rollback."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.assistant import Assistant
from rag.cli.arguments import folder_of, settings_of
from rag.cli.terminal import Bars, show, warn
from rag.errors import BadRequest, IndexDamaged
from rag.generations import read_stamp
from rag.index import roll_back
from rag.indexing import Change, update_index
from rag.integrity import faults_of_files, verify_index
from rag.rendering import checked_text, outcome_row, outcome_text


def run_index(args: argparse.Namespace) -> int:
    if not (args.paths or (args.remove and not args.sync)):
        raise BadRequest("name a PATH to read, or what to --remove; see `rag index --help`.")
    folder, change = folder_of(args), Change(args.paths, args.remove, args.sync)
    with Bars(hidden=args.json) as bars, _telling_what_is_left(folder):
        outcome = update_index(change, folder, settings=settings_of(args), progress=bars)
    if outcome.lost:
        warn(outcome.lost)
    for _, reason in outcome.failed:
        warn(f"left out: {reason}")
    show(args, outcome_row(outcome), outcome_text(args.index, outcome))
    return 0


@contextmanager
def _telling_what_is_left(folder: Path) -> Iterator[None]:
    """To Ctrl-C, whether the index at `folder` was changed before it."""
    before = read_stamp(folder)
    try:
        yield
    except KeyboardInterrupt as stop:
        changed = read_stamp(folder) != before
        left = "has another generation in use" if changed else "is as it was before"
        raise KeyboardInterrupt(f"the index {left}") from stop


def run_info(args: argparse.Namespace) -> int:
    index = Assistant.load(args.index, settings=settings_of(args)).index
    # What answers need was checked when it was opened; out of a Milvus, nothing else is read.
    faults = faults_of_files(index.folder) if index.folder else ()
    row = {
        "index": str(args.index),
        "healthy": not faults,
        "works": len({document.work for document in index.documents}),
        "documents": index.manifest.documents,
        "chunks": index.manifest.chunks,
        "characters": sum(len(document.text) for document in index.documents),
        "embedder": index.manifest.embedder,
        "dimensions": index.manifest.dim,
        "chunk_chars": index.manifest.chunk_chars,
        "created": index.manifest.created,
    }
    if index.folder:  # one that is read out of a Milvus takes no room here
        row["megabytes"] = _megabytes(index.folder)
    show(args, row, "\n".join(f"{name:12} {value}" for name, value in row.items()))
    for fault in faults:
        warn(fault)
    return 0


def _megabytes(folder: Path) -> float:
    files = (path for path in folder.rglob("*") if path.is_file())
    return round(sum(path.stat().st_size for path in files) / 1e6, 1)


def run_verify(args: argparse.Namespace) -> int:
    checked = verify_index(folder_of(args))
    show(args, {"index": str(args.index), **checked._asdict()}, checked_text(args.index, checked))
    for fault in checked.faults:
        warn(fault)
    if not checked.faults:
        return 0
    raise IndexDamaged(
        f"{args.index} is damaged; go back to the generation before: `rag rollback --index "
        f"{args.index}`, or rebuild it: `rag index corpus/ --index {args.index}`."
    )


def run_rollback(args: argparse.Namespace) -> int:
    folder = folder_of(args)
    with _telling_what_is_left(folder):
        now, before = roll_back(folder)
    assert before is not None, "it was in use a moment ago"
    row = {"index": str(args.index), "in_use": now.name, "before": before.name}
    told = f"generation {now.name} is in use again, {before.name} is kept as the one before"
    show(args, row, f"{args.index}: {told}")
    return 0
