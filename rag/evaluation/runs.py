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
from rag.evaluation.rows import Asks, Judges, Row, ask_question
from rag.types import Answer, Document

Works = Mapping[str, frozenset[int]]
OnRow = Callable[[Row], object]
OpenBoth = Callable[[], tuple[Asks, Judges | None]]


def run(
    assistant: Asks,
    questions: Sequence[Question],
    *,
    documents: Iterable[Document] = (),
    on_row: OnRow | None = None,
    answers: Iterable[Answer] | None = None,
    judge: Judges | None = None,
) -> tuple[Row, ...]:
    """Ask every question in order, the first once beforehand so that all are timed warm.

    documents: those indexed; they tell which pages belong to one plan (all-plans recall).
    on_row:    called after each row, to keep it or for a progress bar.
    answers:   those to the questions, in order, where they are worked out together; ask_s is then
        what each says of its own time.
    judge:     takes citation recall and precision.
    """
    works = metrics.pages_by_work(documents)
    given = iter(answers) if answers is not None else None
    for question in questions[:1] if given is None else ():
        ask_question(assistant, question, works)
    rows = []
    for question in questions:
        answer = next(given) if given is not None else None
        rows.append(ask_question(assistant, question, works, answer=answer, judge=judge))
        if on_row:
            on_row(rows[-1])
    return tuple(rows)


def run_parallel(
    open_both: OpenBoth,
    questions: Sequence[Question],
    *,
    documents: Iterable[Document] = (),
    workers: int,
    on_row: OnRow | None = None,
) -> tuple[Row, ...]:
    """As `run`, in processes that each open an assistant of their own; rows in order of questions.

    open_both gives an assistant and its judge, or None for none; it must be a function that
    another process can import, or a partial of one.
    on_row is called here, as rows come in, whatever their order. If it raises, or a question
    does, no further question is begun.
    """
    works = metrics.pages_by_work(documents)
    rows: dict[str, Row] = {}
    for row in _rows_as_done(open_both, questions, works=works, workers=workers):
        rows[row.id] = row
        if on_row:
            on_row(row)
    return tuple(rows[question.id] for question in questions)


def _rows_as_done(
    open_both: OpenBoth,
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
        initargs=(open_both, works, questions[:1]),
    )
    try:
        asked: list[Future[Row]] = [pool.submit(_ask, question) for question in questions]
        for done in as_completed(asked):
            yield done.result()
    finally:
        pool.shutdown(cancel_futures=True)


class _Worker(NamedTuple):
    assistant: Asks
    judge: Judges | None
    works: Works


_worker: list[_Worker] = []  # one, in a process of the pool; empty in every other


def _begin(open_both: OpenBoth, works: Works, first: Sequence[Question]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the parent decides
    Thread(target=_leave_with_parent, daemon=True).start()
    _worker.append(_Worker(*open_both(), works))
    for question in first:
        _ask(question)


def _leave_with_parent() -> None:
    """End this process when a kill ends the parent, which can then send no more questions."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _ask(question: Question) -> Row:
    assistant, judge, works = _worker[0]
    return ask_question(assistant, question, works, judge=judge)
