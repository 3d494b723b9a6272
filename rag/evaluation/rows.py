"""One question asked and scored, as a row that JSON can hold."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any, Protocol

from rag.evaluation import metrics
from rag.evaluation.questions import COMPARE, UNANSWERABLE, Question
from rag.evaluation.verdicts import find_verdict
from rag.types import Answer, Hit

TOP_K = 10
FACTS, REFUSALS, FALSE_REFUSALS = "facts", "refused right", "false refusals"
REFUSAL_PRECISION, LANGUAGE, CITED_PAGE = "refusal precision", "right language", "cited page"


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
    """One question asked and scored.

    works: ids of the works that its pages are of. answerable: as in Answer.
    scores: name -> value; a metric that isn't defined for the question is left out.
    verdict: one of `verdicts.VERDICTS`. chars: length of the answer with its markers.
    ask_s, search_s: wall time of the two calls. left_out: statements dropped. generator: who wrote.
    judge: whose word the citation recall and precision among the scores are; "" if not taken.
    """

    id: str
    type: str
    lang: str
    question: str
    pages: tuple[int, ...]
    must: tuple[tuple[str, ...], ...]
    works: tuple[str, ...]
    answer: str
    refused: bool
    answerable: float
    citations: tuple[CitedRow, ...]
    scores: dict[str, float]
    verdict: str
    missing_facts: tuple[tuple[str, ...], ...]
    citation_violations: tuple[str, ...]
    stray_figures: tuple[str, ...]
    chars: int
    ask_s: float
    search_s: float
    left_out: int = 0
    generator: str = ""
    judge: str = ""

    @property
    def can_be_answered(self) -> bool | None:
        """Whether the documents answer; None where the question set doesn't tell."""
        if self.type == UNANSWERABLE:
            return False
        return True if self.pages or self.must else None


def ask_question(
    assistant: Asks,
    question: Question,
    works: Mapping[str, frozenset[int]],
    *,
    answer: Answer | None = None,
    judge: Judges | None = None,
) -> Row:
    """Ask, search and score one question. works: as from `metrics.pages_by_work`.

    answer: one that is there already; its own word is then taken for the time it needed.
    judge: takes citation recall and precision.
    """
    begun = perf_counter()
    given_s = answer.timings_s.get("total", 0.0) if answer else None
    answer = answer or assistant.ask(question.text)
    answered = perf_counter()
    hits = assistant.search(question.text, top_k=TOP_K)
    found = perf_counter()
    cited = metrics.citation_scores(answer, judge.supports) if judge else {}
    scores = _answer_scores(answer, question) | _hit_scores(hits, question, works) | cited
    violations = metrics.citation_violations(answer)
    return Row(
        id=question.id,
        type=question.type,
        lang=question.lang,
        question=question.text,
        pages=question.pages,
        must=question.must,
        works=tuple(w for w, pages in works.items() if not pages.isdisjoint(question.pages)),
        answer=answer.text,
        refused=answer.refused,
        answerable=answer.answerable,
        citations=_cited(answer, question),
        scores=scores,
        verdict=find_verdict(question, answer, scores=scores, is_broken=bool(violations)),
        missing_facts=metrics.missing_facts(answer.text, question.must),
        citation_violations=violations,
        stray_figures=metrics.stray_figures(answer),
        chars=len(answer.text),
        ask_s=answered - begun if given_s is None else given_s,
        search_s=found - answered,
        left_out=answer.left_out,
        generator=answer.generator,
        judge=judge.name if judge else "",
    )


def write_row(row: Row) -> str:
    """The row as one line of JSON, its end included."""
    return json.dumps(asdict(row), ensure_ascii=False) + "\n"


def read_row(line: str) -> Row:
    """The row of a line that `write_row` gave; raises ValueError or TypeError for another."""
    values: dict[str, Any] = json.loads(line)
    cited = tuple(CitedRow(**c | {"pages": tuple(c["pages"])}) for c in values["citations"])
    groups = {name: tuple(map(tuple, values[name])) for name in ("must", "missing_facts")}
    names = ("pages", "works", "citation_violations", "stray_figures")
    return Row(**values | groups | {n: tuple(values[n]) for n in names} | {"citations": cited})


def _answer_scores(answer: Answer, question: Question) -> dict[str, float]:
    refused = float(answer.refused)
    scores = {LANGUAGE: metrics.in_language(answer, question)}
    if question.unanswerable:
        scores[REFUSALS] = refused
    if question.answerable:
        scores[FALSE_REFUSALS] = refused
    if answer.refused and (question.answerable or question.unanswerable):
        scores[REFUSAL_PRECISION] = float(question.unanswerable)
    if question.must:
        scores[FACTS] = metrics.facts_in_answer(answer, question)
    if question.pages:
        cited = any(metrics.cites_page(c, question.pages) for c in answer.citations)
        scores[CITED_PAGE] = float(cited and not answer.refused)
    return scores


def _hit_scores(
    hits: Sequence[Hit], question: Question, works: Mapping[str, frozenset[int]]
) -> dict[str, float]:
    if not question.pages:
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
            on_page=metrics.cites_page(citation, question.pages) if question.pages else None,
        )
        for citation in answer.citations
    )
