"""Training questions with the sentences that an index offers them, and how right each is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rag import Assistant
from rag.answering import CANDIDATES
from rag.evaluation.metrics import norm
from rag.evaluation.questions import Question, read_questions
from rag.evidence.features import FEATURES, measure
from rag.evidence.units import Unit, cut_units
from rag.places import find_mentions
from rag.query import understand
from rag.retrieval import Filter, Retriever, Weights
from rag.types import Hit, Query

QUESTIONS = Path(__file__).parents[1] / "questions/train.jsonl"
# The embedded model and the reranker have learned from these questions, and put their passages
# first more often than those of others; what is fitted on that trusts the search too much:
# evals/LOG.md.
WORDS_ALONE = Weights(dense=0.0, cross_language=0.0)
SINGLE_EVERY = 4  # one question in so many is asked of its own plan as well


@dataclass
class Example:
    """A question with its candidate units, their features, and how right each of them is, 0-1.

    index: number of the index that it was asked of. single: whether of one plan of it alone.
    """

    question: Question
    query: Query
    hits: Sequence[Hit]
    units: list[Unit]
    rows: np.ndarray
    right: np.ndarray
    index: int
    single: bool = False


def read_examples(assistant: Assistant, index: int) -> Iterator[Example]:
    """Every training question with the candidates that an index gives."""
    read = _Reader(assistant, index)
    for question in read_questions(QUESTIONS):
        yield read.example(question)


def read_singles(assistant: Assistant, index: int) -> Iterator[Example]:
    """Questions asked of their own plan alone, as an index of little is.

    They are asked as of a text of one's own: without the place, and what is found is taken for no
    brief. Left out are those for which the plan offers nothing.
    """
    read = _Reader(assistant, index)
    pages: dict[str, set[int]] = {}
    for document in assistant.documents:
        pages.setdefault(document.work, set()).update(document.pages)
    for question in read_questions(QUESTIONS)[::SINGLE_EVERY]:
        own = [work for work, found in pages.items() if found & set(question.pages)]
        if question.must and len(own) == 1:
            placeless = replace(question, text=_without_places(question.text))
            single = read.example(placeless, document=own[0])
            single.rows[:, FEATURES.index("brief")] = 0
            if single.right.any():
                yield replace(single, single=True)


def _without_places(text: str) -> str:
    for mention in reversed(find_mentions(text)):
        text = text[: mention.start] + text[mention.end :]
    return text


class _Reader:
    def __init__(self, assistant: Assistant, index: int) -> None:
        self._index = index
        self._rarity = assistant.index.lexical.rarity
        self._retriever = Retriever(assistant.index, None, WORDS_ALONE)

    def example(self, question: Question, document: str | None = None) -> Example:
        query = understand(question.text)
        only = Filter(document=document)
        hits = self._retriever.search(query, top_k=CANDIDATES, only=only)
        units = cut_units(query, hits)
        rows = measure(query, hits, units, rarity=self._rarity)
        right = np.array([rightness(question, unit) for unit in units])
        return Example(question, query, hits, units, rows, right, self._index)


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
