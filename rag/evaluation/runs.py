"""Ask an assistant a set of questions -> one scored row a question."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Protocol, TextIO

from rag.evaluation import metrics
from rag.evaluation.questions import COMPARE, Question
from rag.types import Answer, Document, Hit

TOP_K = 10
FACTS, REFUSALS, FALSE_REFUSALS = "facts", "refused right", "false refusals"


class Asks(Protocol):
    """What an evaluation needs of an assistant."""

    def ask(self, question: str) -> Answer: ...

    def search(self, question: str, *, top_k: int) -> tuple[Hit, ...]: ...


class Judges(Protocol):
    """Decides whether passages bear out a statement; see `rag.judging`."""

    @property
    def name(self) -> str: ...

    def supports(self, statement: str, passages: Sequence[str]) -> bool: ...


@dataclass(frozen=True)
class CitedRow:
    """A citation as kept in a row. on_page: whether it meets the question's pages; None if none."""

    marker: int
    document: str
    title: str
    pages: tuple[int, ...]
    quote: str
    start: int
    end: int
    on_page: bool | None


@dataclass(frozen=True)
class Row:
    """One question asked and scored; `dataclasses.asdict` gives what JSON can hold.

    scores: name -> value; a metric that isn't defined for the question's type is left out.
    chars: length of the answer with its markers. ask_s, search_s: wall time of the two calls.
    left_out: statements dropped. generator: who wrote. judge: whose word the citation recall and
        precision among the scores are; "" if they weren't taken.
    """

    id: str
    type: str
    lang: str
    question: str
    answer: str
    refused: bool
    citations: tuple[CitedRow, ...]
    scores: dict[str, float]
    missing_facts: tuple[tuple[str, ...], ...]
    citation_violations: tuple[str, ...]
    stray_figures: tuple[str, ...]
    chars: int
    ask_s: float
    search_s: float
    left_out: int = 0
    generator: str = ""
    judge: str = ""


def run(  # noqa: PLR0913 - what is asked, and by name what goes with it
    assistant: Asks,
    questions: Sequence[Question],
    *,
    documents: Iterable[Document] = (),
    out: Path | None = None,
    on_row: Callable[[Row], object] | None = None,
    answers: Iterable[Answer] | None = None,
    judge: Judges | None = None,
) -> tuple[Row, ...]:
    """Ask every question in order, the first once beforehand so that all are timed warm.

    documents: those indexed; they tell which pages belong to one plan (all-plans recall).
    out:       JSON lines, replaced if there; each row is written as soon as it is known.
    on_row:    called after each row, for a progress bar.
    answers:   those to the questions, in order, where they are worked out together; ask_s is then
        what each says of its own time.
    judge:     takes citation recall and precision.
    """
    works = metrics.pages_by_work(documents)
    given = iter(answers) if answers is not None else None
    for question in questions[:1] if given is None else ():
        run_question(assistant, question, works)
    rows = []
    with _open(out) if out else nullcontext() as lines:
        for question in questions:
            answer = next(given) if given is not None else None
            row = run_question(assistant, question, works, answer=answer, judge=judge)
            rows.append(row)
            if lines:
                lines.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")
                lines.flush()
            if on_row:
                on_row(row)
    return tuple(rows)


def run_question(
    assistant: Asks,
    question: Question,
    works: Mapping[str, frozenset[int]],
    *,
    answer: Answer | None = None,
    judge: Judges | None = None,
) -> Row:
    """Ask, search and score one question. works: as from `metrics.pages_by_work`.

    answer: one that is there already.
    """
    begun = perf_counter()
    given_s = answer.timings_s.get("total", 0.0) if answer else None
    answer = answer or assistant.ask(question.text)
    answered = perf_counter()
    hits = assistant.search(question.text, top_k=TOP_K)
    found = perf_counter()
    cited = metrics.citation_scores(answer, judge.supports) if judge else {}
    return Row(
        id=question.id,
        type=question.type,
        lang=question.lang,
        question=question.text,
        answer=answer.text,
        refused=answer.refused,
        citations=_cited(answer, question),
        scores=_answer_scores(answer, question) | _hit_scores(hits, question, works) | cited,
        missing_facts=metrics.missing_facts(answer.text, question.must),
        citation_violations=metrics.citation_violations(answer),
        stray_figures=metrics.stray_figures(answer),
        chars=len(answer.text),
        ask_s=answered - begun if given_s is None else given_s,
        search_s=found - answered,
        left_out=answer.left_out,
        generator=answer.generator,
        judge=judge.name if judge else "",
    )


def _open(out: Path) -> TextIO:
    out.parent.mkdir(parents=True, exist_ok=True)
    return out.open("w", encoding="utf-8")


def _answer_scores(answer: Answer, question: Question) -> dict[str, float]:
    refused = float(answer.refused)
    if not question.answerable:
        return {REFUSALS: refused}
    return {FACTS: metrics.facts_in_answer(answer, question), FALSE_REFUSALS: refused}


def _hit_scores(
    hits: Sequence[Hit], question: Question, works: Mapping[str, frozenset[int]]
) -> dict[str, float]:
    if not question.answerable:
        return {}
    scores = metrics.rank_hits(hits, question.pages)
    if question.type == COMPARE:
        scores |= metrics.rank_plans(hits, question.pages, works)
    return scores


def _cited(answer: Answer, question: Question) -> tuple[CitedRow, ...]:
    return tuple(
        CitedRow(
            marker=citation.marker,
            document=citation.document.id,
            title=citation.document.title,
            pages=citation.pages,
            quote=citation.quote,
            start=citation.start,
            end=citation.end,
            on_page=metrics.cites_page(citation, question.pages) if question.answerable else None,
        )
        for citation in answer.citations
    )
