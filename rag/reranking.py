"""The best candidates of a search put in order anew, by what a learned model sees in each.

The model is a sum of shallow decision trees over the features named in FEATURES; it ships as plain
numbers in `reranking.json`. `python -m evals.training.train_reranker` makes it from the training
questions and prints what each feature brings.
source: Friedman 2001, "Greedy Function Approximation: A Gradient Boosting Machine".
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rag.types import Chunk, Query, Vectors
from rag.words import normalize, tokenize

_MODEL = Path(__file__).with_name("reranking.json")
_CLAUSE_END = re.compile(r"[\u3002\uff1b;\n!\uff01?\uff1f]|\.\s")
_FIGURE = re.compile(r"\d")

FEATURES = (
    "fused",  # the score of the search, and the same beside the best one's
    "fused_share",
    "coverage",  # of the question's words by chunk and context, as BM25 weighs them
    "coverage_share",
    "cosine",
    "cosine_share",
    "in_text",  # share of the question's words, by rarity, found in the chunk,
    "in_clause",  # in its best clause,
    "in_title",  # in the title of the document,
    "in_section",  # and in the headings around it
    "place",  # 1 where the document is of a place asked for, -1 where it is of another
    "year",  # 1 where a year asked for stands in the chunk, -1 where none does
    "figure",  # whether the best clause holds a figure
    "wants_figure",  # of the question
    "position",  # of the chunk in its document, 0 at the beginning
    "length",  # characters of the chunk, in thousands
    "original",  # 0 for a brief
    "same_language",
    "foreign",  # whether the question is not in Chinese
)


@dataclass(frozen=True)
class Candidate:
    """A chunk found, and what the searches said of it. place: as in FEATURES."""

    chunk: Chunk
    fused: float
    coverage: float
    cosine: float
    place: float


class Tree(NamedTuple):
    """Node i asks whether `feature[i] <= threshold[i]`; a leaf has feature -1 and gives its value.

    Each is a list with an entry a node; left and right are numbers of nodes, 0 the root.
    """

    feature: list[int]
    threshold: list[float]
    left: list[int]
    right: list[int]
    value: list[float]


class Reranker:
    """Scores candidates by the sum of what its trees give; higher is better."""

    def __init__(self, trees: Sequence[Tree]) -> None:
        size = max((len(tree.feature) for tree in trees), default=1)
        self._nodes = [  # one array a field, shape (trees, nodes), filled up with zeros
            np.array([[*column, *[0] * (size - len(column))] for column in columns])
            for columns in zip(*trees, strict=True)
        ]
        self._depth = max((_depth(tree) for tree in trees), default=0)

    def scores(self, rows: Vectors) -> Vectors:
        """rows: float32 (n, FEATURES). Returns log-odds of being right, float32 (n,)."""
        feature, threshold, left, right, value = self._nodes
        tree = np.arange(len(feature))[:, None]
        node = np.zeros((len(feature), len(rows)), dtype=np.int64)
        for _ in range(self._depth):
            asked = feature[tree, node]
            goes_left = rows[np.arange(len(rows)), asked] <= threshold[tree, node]
            below = np.where(goes_left, left[tree, node], right[tree, node])
            node = np.where(asked < 0, node, below)
        return np.asarray(value[tree, node].sum(axis=0), dtype=np.float32)


@cache
def load_reranker() -> Reranker:
    """The model that ships with the program."""
    model = json.loads(_MODEL.read_text(encoding="utf-8"))
    assert tuple(model["features"]) == FEATURES, "retrain: python -m evals.training.train_reranker"
    return Reranker([Tree(**tree) for tree in model["trees"]])


def _depth(tree: Tree) -> int:
    depth = [0] * len(tree.feature)
    for node, feature in enumerate(tree.feature):
        if feature >= 0:
            depth[tree.left[node]] = depth[tree.right[node]] = depth[node] + 1
    return max(depth)


def features(
    query: Query, candidates: Sequence[Candidate], rarity: Callable[[str], float]
) -> Vectors:
    """What the model looks at, float32 (candidates, FEATURES)."""
    best = _best(candidates)
    words = {text: _weighed(text, rarity) for text in (query.question, query.chinese)}
    rows = [_row(query, candidate, best, words) for candidate in candidates]
    return np.array(rows, dtype=np.float32).reshape(-1, len(FEATURES))


def _best(candidates: Sequence[Candidate]) -> tuple[float, float, float]:
    scores = [(c.fused, c.coverage, c.cosine) for c in candidates]
    fused, coverage, cosine = (max(1e-9, *column) for column in zip(*scores, strict=True))
    return fused, coverage, cosine


def _row(
    query: Query,
    candidate: Candidate,
    best: tuple[float, float, float],
    words: dict[str, dict[str, float]],
) -> tuple[float, ...]:
    """The values of FEATURES, in their order."""
    chunk, document = candidate.chunk, candidate.chunk.document
    own = words[query.chinese if document.language == "zh" and query.chinese else query.question]
    text = _plain(chunk.text)
    clause, in_clause = _best_clause(text, own)
    return (
        candidate.fused,
        candidate.fused / best[0],
        candidate.coverage,
        candidate.coverage / best[1],
        candidate.cosine,
        candidate.cosine / best[2],
        _share(text, own),
        in_clause,
        _share(_plain(document.title), own),
        _share(_plain(" ".join(chunk.section)), own),
        candidate.place,
        _year(query, text),
        bool(_FIGURE.search(clause)),
        query.wants_figure,
        chunk.start / max(len(document.text), 1),
        len(text) / 1000,
        document.kind == "original",
        document.language == query.language,
        query.language != "zh",
    )


def _year(query: Query, text: str) -> float:
    if not query.years:
        return 0.0
    return 1.0 if any(str(year) in text for year in query.years) else -1.0


def _plain(text: str) -> str:
    return normalize(text).lower()


def _weighed(text: str, rarity: Callable[[str], float]) -> dict[str, float]:
    """The words of a question that tell something, with their share of its rarity."""
    tokens = [token for token in dict.fromkeys(tokenize(text)) if len(token) > 1] or tokenize(text)
    weights = {token: rarity(token) for token in tokens}
    whole = sum(weights.values())
    return {token: weight / whole for token, weight in weights.items()} if whole else {}


def _share(text: str, words: dict[str, float]) -> float:
    return sum(weight for word, weight in words.items() if word in text)


def _best_clause(text: str, words: dict[str, float]) -> tuple[str, float]:
    clauses = [clause for clause in _CLAUSE_END.split(text) if clause] or [text]
    shares = [_share(clause, words) for clause in clauses]
    best = int(np.argmax(shares))
    return clauses[best], shares[best]
