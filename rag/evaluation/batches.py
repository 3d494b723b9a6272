"""A question set over an index, from file to finished run; what `rag eval` does."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path

from rag.assistant import Assistant
from rag.evaluation.folders import Run, Setup, open_run
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
    opened = partial(_open_both, index, settings)
    ask = partial(_ask, assistant, opened=opened, workers=workers)
    if out is None:
        return Run(setup, ask(asked, on_row=_counting(progress, 0, len(asked))))
    with open_run(out, setup, fresh=fresh) as folder:
        unasked = [question for question in asked if question.id not in folder.kept]
        told = _counting(progress, len(asked) - len(unasked), len(asked))
        rows = ask(unasked, on_row=_both(folder.add, told))
        return Run(setup, folder.sort(asked, rows))


def _counting(progress: Progress, done: int, total: int) -> OnRow:
    """Tells how many are done: `done` at once, and one more for each row."""
    progress(done, total)
    numbers = count(done + 1)
    return lambda row: progress(next(numbers), total)


def _both(first: OnRow, second: OnRow) -> OnRow:
    def tell(row: Row) -> None:
        first(row)
        second(row)

    return tell


def _ask(
    assistant: Assistant,
    questions: Sequence[Question],
    *,
    opened: Callable[[], tuple[Assistant, Judge]],
    workers: int,
    on_row: OnRow,
) -> tuple[Row, ...]:
    """A row a question, in order. opened: gives each further process an assistant of its own.

    A language model answers many questions at once; alone each would take as long as a batch.
    """
    documents, is_model = assistant.documents, len(assistant.generators) > 1
    if workers > 1 and not is_model:
        return run_parallel(opened, questions, documents=documents, workers=workers, on_row=on_row)
    texts = [question.text for question in questions]
    assistant.embed_ahead(texts)
    answers = assistant.ask_all(texts) if is_model else None
    return run(
        assistant, questions, documents=documents, on_row=on_row, answers=answers,
        judge=assistant.judge,
    )  # fmt: skip


def _open_both(index: Path, settings: Settings) -> tuple[Assistant, Judge]:
    assistant = Assistant.load(index, settings=settings)
    return assistant, assistant.judge


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
