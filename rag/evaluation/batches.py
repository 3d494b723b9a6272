"""A question set over an index, from file to finished run; what `rag eval` does."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rag.assistant import Assistant
from rag.evaluation.folders import Run, RunFolder, Setup, open_run
from rag.evaluation.questions import Question, read_questions
from rag.evaluation.rows import Row
from rag.evaluation.runs import OnRow, run, run_parallel
from rag.judging import Judge
from rag.manifest import Manifest
from rag.rendering import main_documents
from rag.settings import Settings, data_file
from rag.types import Document

_PACKAGE = Path(__file__).parents[1]
_TABLES = ("places.tsv", "glossary.tsv")  # read beside the code, wherever they are installed
Progress = Callable[[int, int], object]


def evaluate(  # noqa: PLR0913  (what a command's options are)
    questions: Path,
    *,
    index: Path,
    settings: Settings,
    out: Path | None = None,
    workers: int = 1,
    fresh: bool = False,
    progress: Progress = lambda done, total: None,
) -> Run:
    """Ask every question of the file; with `out`, into a run folder that a kill leaves usable.

    A run of the same index, settings, questions and program that stands at `out` is gone on with;
    of others, BadRequest is raised, or with `fresh` it is replaced. progress: called with the
    questions done, those of an earlier, broken off run included, and their number.
    """
    asked = read_questions(questions)
    assistant = Assistant.load(index, settings=settings)
    setup = Setup(
        index=str(index),
        index_checksum=_index_checksum(assistant.index.manifest),
        questions=str(questions),
        questions_checksum=hashlib.sha256(questions.read_bytes()).hexdigest(),
        count=len(asked),
        settings={name: str(value) for name, value in asdict(settings).items()},
        program_checksum=_program_checksum(),
        workers=workers,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        load=_load(),
        titles=_titles(assistant.documents, asked),
    )

    def ask(unasked: Sequence[Question], on_row: OnRow) -> tuple[Row, ...]:
        done = len(asked) - len(unasked)

        def told(row: Row) -> None:
            nonlocal done
            done += 1
            on_row(row)
            progress(done, len(asked))

        progress(done, len(asked))
        # A language model answers many questions at once; alone each would take as long as a batch.
        is_model = len(assistant.generators) > 1
        documents = assistant.documents
        if workers == 1 or is_model:
            assistant.embed_ahead([question.text for question in unasked])
            answers = assistant.ask_all([q.text for q in unasked]) if is_model else None
            return run(
                assistant, unasked, documents=documents, on_row=told, answers=answers,
                judge=assistant.judge,
            )  # fmt: skip
        opened = partial(_open_both, index, settings)
        return run_parallel(opened, unasked, documents=documents, workers=workers, on_row=told)

    if out is None:
        return Run(setup, ask(asked, lambda row: None))
    with open_run(out, setup, fresh=fresh) as folder:
        return Run(setup, _fill(folder, asked, ask))


def _open_both(index: Path, settings: Settings) -> tuple[Assistant, Judge]:
    assistant = Assistant.load(index, settings=settings)
    return assistant, assistant.judge


def _fill(
    folder: RunFolder,
    asked: Sequence[Question],
    ask: Callable[[Sequence[Question], OnRow], tuple[Row, ...]],
) -> tuple[Row, ...]:
    """All rows, in order: those kept, and those of the questions still to ask."""
    unasked = [question for question in asked if question.id not in folder.kept]
    return folder.sort(asked, ask(unasked, folder.add))


def _titles(documents: Sequence[Document], asked: Sequence[Question]) -> dict[str, str]:
    """Work -> title, of those with a page that is asked for."""
    pages = {page for question in asked for page in question.pages}
    concerned = main_documents(d for d in documents if not pages.isdisjoint(d.pages))
    return {work: document.title for work, document in concerned.items()}


def _load() -> float:
    told = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return round(told / (os.cpu_count() or 1), 1)


def _index_checksum(manifest: Manifest) -> str:
    """Of what the index holds; building it anew from the same files gives the same."""
    described = asdict(manifest)
    described.pop("created")
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()


def _program_checksum() -> str:
    """Of every file of the package: answers may change with any of them."""
    found = hashlib.sha256()
    for path in _program_files():
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def _program_files() -> Iterator[Path]:
    for path in sorted(_PACKAGE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path
    yield from map(data_file, _TABLES)
