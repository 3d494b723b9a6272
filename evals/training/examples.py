"""Training questions with the sentences that an index offers them, and how right each is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rag import Assistant
from rag.answering import CANDIDATES
from rag.embedders.static import load_embedded
from rag.evaluation.metrics import norm
from rag.evaluation.questions import Question, read_questions
from rag.evidence.features import FEATURES, measure
from rag.evidence.units import Unit, cut_units
from rag.places import find_mentions
from rag.query import understand
from rag.settings import Settings
from rag.types import Hit, Query

QUESTIONS = Path(__file__).parents[1] / "questions/train.jsonl"
SINGLE_EVERY = 4  # one question in so many is asked of single plans as well


@dataclass
class Example:
    """A question with its candidate units, their features, and how right each of them is, 0-1.

    index: number of the index that it was asked of. single: whether of one plan of it alone.
    answered: whether the units may answer.
    """

    question: Question
    query: Query
    hits: Sequence[Hit]
    units: list[Unit]
    rows: np.ndarray
    right: np.ndarray
    index: int
    answered: bool
    single: bool = False


def read_examples(assistant: Assistant, index: int) -> Iterator[Example]:
    """Every training question with the candidates that an index gives."""
    read = _Reader(assistant, index)
    for question in read_questions(QUESTIONS):
        yield read.example(question)


def read_singles(assistant: Assistant, index: int) -> Iterator[Example]:
    """Questions asked of a single plan, as an index of little is: of their own, and of another.

    Their own is asked as a text of one's own is: without its place, and taken for no brief. Left
    out are those that the other plan happens to answer, or for which their own offers nothing.
    """
    read = _Reader(assistant, index)
    draw = np.random.default_rng(0)
    pages: dict[str, set[int]] = {}
    for document in assistant.documents:
        pages.setdefault(document.work, set()).update(document.pages)
    for question in read_questions(QUESTIONS)[::SINGLE_EVERY]:
        if not question.must:
            continue
        own = [work for work, found in pages.items() if found & set(question.pages)]
        other = str(draw.choice([work for work in pages if work not in own]))
        stranger = read.example(question, document=other)
        if not any(states(question, unit).all() for unit in stranger.units):
            yield replace(
                stranger, right=np.zeros(len(stranger.units)), answered=False, single=True
            )
        if len(own) == 1:
            placeless = replace(question, text=_without_places(question.text))
            single = read.example(placeless, document=own[0])
            single.rows[:, FEATURES.index("brief")] = 0
            if single.right.any():
                yield replace(single, single=True)


def without_answer(example: Example) -> np.ndarray:
    """Which units are left if those are gone that stand on a page of the answer or state a fact."""
    question, pages = example.question, set(example.question.pages)
    return np.array(
        [
            not (set(u.document.pages_of(u.start, u.end)) & pages or states(question, u).any())
            for u in example.units
        ],
        dtype=bool,
    )


def _without_places(text: str) -> str:
    for mention in reversed(find_mentions(text)):
        text = text[: mention.start] + text[mention.end :]
    return text


class _Reader:
    def __init__(self, assistant: Assistant, index: int) -> None:
        self._assistant = assistant
        self._index = index
        self._rarity = assistant.index.lexical.rarity
        self._embed = load_embedded(Settings()).embed_passages

    def example(self, question: Question, document: str | None = None) -> Example:
        query = understand(question.text)
        hits = self._assistant.search(question.text, top_k=CANDIDATES, document=document)
        units = cut_units(query, hits)
        rows = measure(query, hits, units, rarity=self._rarity, embed=self._embed)
        right = np.array([rightness(question, unit) for unit in units])
        answered = question.answerable
        return Example(question, query, hits, units, rows, right, self._index, answered)


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
