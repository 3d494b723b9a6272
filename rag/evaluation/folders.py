"""The folder of a run: what was asked of what (`run.json`), and the rows so far (`rows.jsonl`).

A row is appended as soon as it is known, so a killed run loses none; the same command goes on
where it stopped. Rows stand in the order of the questions once all are there.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TextIO

from rag.errors import BadRequest, WriteError
from rag.evaluation.questions import Question
from rag.evaluation.rows import Row, read_row, write_row

_RUN, _ROWS = "run.json", "rows.jsonl"
# What may not differ between the two halves of a run; the rest of a Setup is told, not compared.
_IDENTITY = {
    "index_checksum": "index",
    "questions_checksum": "question set",
    "settings": "settings",
    "program_checksum": "program",
}


@dataclass(frozen=True)
class Setup:
    """What a run is of, and what its latencies depend on.

    workers: processes that asked at the same time. load: processes that wanted to run, for each
    core, when the run began; 0.0 where the system doesn't tell.
    titles: work -> title, for the works that the questions are about.
    """

    index: str
    index_checksum: str
    questions: str
    questions_checksum: str
    count: int
    settings: dict[str, str]
    program_checksum: str
    workers: int
    started: str
    load: float = 0.0
    titles: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Run:
    setup: Setup
    rows: tuple[Row, ...]


class RunFolder:
    """A folder being written; made by `open_run`."""

    def __init__(self, folder: Path, kept: dict[str, Row]) -> None:
        self._path = folder / _ROWS
        self.kept = kept
        """Rows of an earlier, broken off run, by the id of their question."""

    def __enter__(self) -> "RunFolder":
        self._lines: TextIO = self._path.open("a", encoding="utf-8")
        return self

    def __exit__(self, *error: object) -> None:
        self._lines.close()

    def add(self, row: Row) -> None:
        self._lines.write(write_row(row))
        self._lines.flush()

    def sort(self, questions: Sequence[Question], rows: Sequence[Row]) -> tuple[Row, ...]:
        """All rows, those kept too, in the order of the questions, here and in the file."""
        known = self.kept | {row.id: row for row in rows}
        ordered = tuple(known[question.id] for question in questions)
        _write_whole(self._path, "".join(map(write_row, ordered)))
        return ordered


def open_run(folder: Path, setup: Setup, *, fresh: bool = False) -> RunFolder:
    """Begin a run in the folder, or go on with one of the same setup.

    fresh: replace what stands there. Raises BadRequest if a run of another setup stands there,
    WriteError if nothing can be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept = {} if fresh else _kept(folder, setup)
        _write_whole(folder / _RUN, json.dumps(asdict(setup), ensure_ascii=False, indent=1) + "\n")
        _write_whole(folder / _ROWS, "".join(map(write_row, kept.values())))
    except OSError as error:
        raise WriteError(
            f"{folder} can't be made a folder ({error.strerror}); name another: "
            "`rag eval QUESTIONS --out evals/reports/mine`."
        ) from error
    return RunFolder(folder, kept)


def load_run(folder: Path) -> Run:
    """A finished run; raises BadRequest, naming the remedy, if there is none or it broke off."""
    setup = _read_setup(folder)
    if setup is None:
        raise BadRequest(
            f"there is no run at {folder}; make one: `rag eval QUESTIONS --out {folder}`."
        )
    rows = tuple(_read_rows(folder / _ROWS).values())
    if len(rows) != setup.count:
        raise BadRequest(
            f"{folder} holds {len(rows)} of {setup.count} rows; finish it: "
            f"`rag eval {setup.questions} --index {setup.index} --out {folder}`."
        )
    return Run(setup, rows)


def _kept(folder: Path, setup: Setup) -> dict[str, Row]:
    """The rows to go on from; none where there is no run yet."""
    old = _read_setup(folder)
    if old is None:
        return {}
    changed = [name for key, name in _IDENTITY.items() if getattr(old, key) != getattr(setup, key)]
    if changed:
        raise BadRequest(
            f"{folder} holds a run with another {' and another '.join(changed)}; "
            "name another folder, or add --fresh to replace that run."
        )
    return _read_rows(folder / _ROWS)


def _read_setup(folder: Path) -> Setup | None:
    path = folder / _RUN
    try:
        return Setup(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError) as error:
        raise BadRequest(
            f"{path} is not the record of a run ({error}); name another folder, or add --fresh "
            "to replace it."
        ) from error


def _read_rows(path: Path) -> dict[str, Row]:
    """By id; a line that a kill broke off is left out, so its question is asked again."""
    rows: dict[str, Row] = {}
    lines = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    for line in lines.split("\n"):
        try:
            row = read_row(line)
        except (ValueError, TypeError, KeyError):
            continue
        rows.setdefault(row.id, row)
    return rows


def _write_whole(path: Path, text: str) -> None:
    """Replace a file at once, so that a kill leaves the old or the new one."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, path)
