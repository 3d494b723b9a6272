"""Training questions with the sentences that an index offers them, and how right each is."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from evals.training.unseen import HALVES, Unseen
from rag import Settings
from rag.answering import CANDIDATES
from rag.evaluation.metrics import norm
from rag.evaluation.questions import Question, read_questions
from rag.evidence.features import FEATURES, measure
from rag.evidence.units import Unit, cut_units
from rag.places import without_places
from rag.query import understand
from rag.rerankers import load_reranker
from rag.retrieval import Filter, Retriever
from rag.types import Hit, Query

QUESTIONS = Path(__file__).parents[1] / "questions/train.jsonl"
MOVED_EVERY = 2  # one question in so many is asked for another year, if it fits
ELSEWHEN = (2027, 2028, 2033, 2032, 2029, 2035, 2026, 2040)
SINGLE_EVERY = 4  # one question in so many is asked of its own plan as well


@dataclass
class Example:
    """A question with its candidate units, their features, and how right each of them is, 0-1.

    index: number of the index that it was asked of; rarity: of words there. single: whether it
    was asked of one plan alone. made: whether nobody asked it so: it was made from another or from
    a pattern.
    """

    question: Question
    query: Query
    hits: Sequence[Hit]
    units: list[Unit]
    rows: np.ndarray
    right: np.ndarray
    rarity: Callable[[str], float]
    index: int
    single: bool = False
    made: bool = False


def read_examples(unseen: Unseen, index: int) -> Iterator[Example]:
    """Every training question with the candidates that an index gives."""
    read = _Reader(unseen, index)
    for question in read_questions(QUESTIONS):
        yield read.example(question)


def ask_strangers(unseen: Unseen, questions: Iterable[str], *, made: bool) -> Iterator[Example]:
    """Questions that nothing in the index is about, of the models of both halves in turn."""
    read = _Reader(unseen, 0)
    for number, text in enumerate(questions):
        asked = Question(f"{number}", "unanswerable", "", text, plan=number)
        yield replace(read.example(asked), made=made)


def read_moved(unseen: Unseen, index: int) -> Iterator[Example]:
    """Questions for a figure of a year, asked for another year that no page of the plan names."""
    read = _Reader(unseen, index)
    texts: dict[str, str] = {}
    for document in unseen.assistant(0).documents:
        texts[document.work] = texts.get(document.work, "") + document.text
    works = _works_by_page(unseen)
    for number, question in enumerate(read_questions(QUESTIONS)[::MOVED_EVERY]):
        query = understand(question.text)
        years = [year for year in query.years if str(year) in question.text]
        own = {work for page in question.pages for work in works.get(page, ())}
        fits = query.wants_figure and query.kind != "compare" and question.answerable
        for year in ELSEWHEN[number % 2 :: 2] if fits and len(years) == 1 else ():
            if not any(str(year) in texts[work] for work in own):
                moved = question.text.replace(str(years[0]), str(year))
                asked = replace(question, text=moved, type="unanswerable", pages=(), must=())
                yield replace(read.example(asked), made=True)
                break


def _works_by_page(unseen: Unseen) -> dict[int, set[str]]:
    works: dict[int, set[str]] = {}
    for document in unseen.assistant(0).documents:
        for page in document.pages:
            works.setdefault(page, set()).add(document.work)
    return works


def read_singles(unseen: Unseen, index: int) -> Iterator[Example]:
    """Questions asked of their own plan alone, as an index of little is.

    They are asked as of a text of one's own: without the place, and what is found is taken for no
    brief. Left out are those for which the plan offers nothing.
    """
    read = _Reader(unseen, index)
    pages: dict[str, set[int]] = {}
    for document in unseen.assistant(0).documents:
        pages.setdefault(document.work, set()).update(document.pages)
    for question in read_questions(QUESTIONS)[::SINGLE_EVERY]:
        own = [work for work, found in pages.items() if found & set(question.pages)]
        if question.must and len(own) == 1:
            placeless = replace(question, text=without_places(question.text))
            single = read.example(placeless, document=own[0])
            single.rows[:, FEATURES.index("brief")] = 0
            if single.right.any():
                yield replace(single, single=True)


class _Reader:
    def __init__(self, unseen: Unseen, index: int) -> None:
        self._index = index
        reranker = load_reranker(Settings())
        both = [unseen.assistant(half).index for half in HALVES]
        self._embeds = [each.embedder.embed_passages for each in both]
        self._rarity = both[0].lexical.rarity
        self._retrievers = [Retriever(each, reranker) for each in both]

    def example(self, question: Question, document: str | None = None) -> Example:
        query = understand(question.text)
        only = Filter(document=document)
        retriever = self._retrievers[question.plan % 2]
        hits = retriever.search(query, top_k=CANDIDATES, only=only)
        units = cut_units(query, hits, self._embeds[question.plan % 2])
        rows = measure(query, hits, units, rarity=self._rarity)
        right = np.array([rightness(question, unit) for unit in units])
        return Example(question, query, hits, units, rows, right, self._rarity, self._index)


def rightness(question: Question, unit: Unit) -> float:
    """1 for a unit with the evidence, else the share of the facts it states; 0 on another page."""
    if not question.must or not set(unit.document.pages_of(unit.start, unit.end)) & set(
        question.pages
    ):
        return 0.0
    text = norm(unit.own_text)
    if any(norm(snippet) in text for snippet in question.evidence):
        return 1.0
    return float(np.mean(states(question, unit)))


def states(question: Question, unit: Unit) -> np.ndarray:
    """Which of the facts a unit states, shape (facts,)."""
    text = norm(unit.text)
    return np.array([any(norm(a) in text for a in group) for group in question.must], dtype=bool)
