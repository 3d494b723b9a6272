"""The commands that keep an index: index, info, verify, rollback."""

import argparse
from pathlib import Path

from rag.assistant import Assistant
from rag.cli.arguments import folder_of, settings_of
from rag.cli.terminal import Bars, show, warn
from rag.errors import BadRequest, IndexDamaged
from rag.index import roll_back
from rag.indexing import Change, update_index
from rag.integrity import verify_index
from rag.rendering import checked_text, outcome_row, outcome_text


def run_index(args: argparse.Namespace) -> int:
    if not (args.paths or (args.remove and not args.sync)):
        raise BadRequest("name a PATH to read, or what to --remove; see `rag index --help`.")
    with Bars(hidden=args.json) as bars:
        change = Change(args.paths, args.remove, args.sync)
        outcome = update_index(change, folder_of(args), settings=settings_of(args), progress=bars)
    if outcome.lost:
        warn(outcome.lost)
    for _, reason in outcome.failed:
        warn(f"left out: {reason}")
    show(args, outcome_row(outcome), outcome_text(args.index, outcome))
    return 0


def run_info(args: argparse.Namespace) -> int:
    index = Assistant.load(args.index, settings=settings_of(args)).index
    row = {
        "index": str(args.index),
        "healthy": True,
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
    now, before = roll_back(folder_of(args))
    assert before is not None, "it was in use a moment ago"
    row = {"index": str(args.index), "in_use": now.name, "before": before.name}
    told = f"generation {now.name} is in use again, {before.name} is kept as the one before"
    show(args, row, f"{args.index}: {told}")
    return 0
