"""Ask an assistant a set of questions -> one scored row a question; in one process or in several.

Processes rather than threads: asking is Python and small arrays, which threads do by turns.
"""

import os
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import NamedTuple

from rag.evaluation import metrics
from rag.evaluation.questions import Question
from rag.evaluation.rows import Asks, Row, ask_question
from rag.types import Document

Works = Mapping[str, frozenset[int]]
OnRow = Callable[[Row], object]


def run(
    assistant: Asks,
    questions: Sequence[Question],
    *,
    documents: Iterable[Document] = (),
    on_row: OnRow | None = None,
) -> tuple[Row, ...]:
    """Ask every question in order, the first once beforehand so that all are timed warm.

    documents: those indexed; they tell which pages belong to one plan (all-plans recall).
    on_row:    called after each row, to keep it or for a progress bar.
    """
    works = metrics.pages_by_work(documents)
    for question in questions[:1]:
        ask_question(assistant, question, works)
    rows = []
    for question in questions:
        rows.append(ask_question(assistant, question, works))
        if on_row:
            on_row(rows[-1])
    return tuple(rows)


def run_parallel(
    open_assistant: Callable[[], Asks],
    questions: Sequence[Question],
    *,
    documents: Iterable[Document] = (),
    workers: int,
    on_row: OnRow | None = None,
) -> tuple[Row, ...]:
    """As `run`, in processes that each open an assistant of their own; rows in order of questions.

    open_assistant must be a function that another process can import, or a partial of one.
    on_row is called here, as rows come in, whatever their order. If it raises, or a question
    does, no further question is begun.
    """
    works = metrics.pages_by_work(documents)
    rows: dict[str, Row] = {}
    for row in _rows_as_done(open_assistant, questions, works=works, workers=workers):
        rows[row.id] = row
        if on_row:
            on_row(row)
    return tuple(rows[question.id] for question in questions)


def _rows_as_done(
    open_assistant: Callable[[], Asks],
    questions: Sequence[Question],
    *,
    works: Works,
    workers: int,
) -> Iterator[Row]:
    # New interpreters instead of forks: a fork of a process with threads may never wake up.
    pool = ProcessPoolExecutor(
        max_workers=max(1, min(workers, len(questions))),
        mp_context=get_context("spawn"),
        initializer=_begin,
        initargs=(open_assistant, works, questions[:1]),
    )
    try:
        asked: list[Future[Row]] = [pool.submit(_ask, question) for question in questions]
        for done in as_completed(asked):
            yield done.result()
    finally:
        pool.shutdown(cancel_futures=True)


class _Worker(NamedTuple):
    assistant: Asks
    works: Works


_worker: list[_Worker] = []  # one, in a process of the pool; empty in every other


def _begin(open_assistant: Callable[[], Asks], works: Works, first: Sequence[Question]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the parent decides
    Thread(target=_leave_with_parent, daemon=True).start()
    _worker.append(_Worker(open_assistant(), works))
    for question in first:
        _ask(question)


def _leave_with_parent() -> None:
    """End this process when a kill ends the parent, which can then send no more questions."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _ask(question: Question) -> Row:
    return ask_question(_worker[0].assistant, question, _worker[0].works)
