"""The reranker that ships: what a learned model sees in each candidate moves its score a little.

The model is a sum of shallow decision trees over the features named in FEATURES; it lies beside
this module as plain numbers. `python -m evals.training.train_reranker` makes it from the training
questions and prints what each feature brings.
"""

import json
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from rag.evidence.trees import Trees
from rag.types import Candidate, Query, Vectors
from rag.words import normalize, tokenize

WEIGHT = 0.03  # of the log-odds in the score; chosen on the training questions: evals/LOG.md
MODEL = Path(__file__).with_name("embedded.json")
_CLAUSE_END = re.compile(r"[\u3002\uff1b;\n!\uff01?\uff1f]|\.\s")
_FIGURE = re.compile(r"\d")

FEATURES = (
    "fused",  # as in Candidate, and the same beside the best one's
    "fused_share",
    "coverage",
    "coverage_share",
    "cosine",
    "cosine_share",
    "in_text",  # share of the question's words, by rarity, found in the chunk,
    "in_clause",  # in its best clause,
    "in_title",  # in the title of the document,
    "in_section",  # and in the headings around it
    "place",  # as in Candidate
    "year",  # 1 where a year asked for stands in the chunk, -1 where none does
    "figure",  # whether the best clause holds a figure
    "wants_figure",  # of the question
    "position",  # of the chunk in its document, 0 at the beginning
    "length",  # characters of the chunk, in thousands
    "original",  # 0 for a brief
    "same_language",
    "foreign",  # whether the question is not in Chinese
)


class EmbeddedReranker:
    """Adds WEIGHT times the log-odds of standing on a right page, less the best one's.

    Only to questions in Chinese: others it puts in no better order, even those it learned from
    (evals/LOG.md), since their words meet the passages' through the glossary alone.
    """

    name = "embedded"

    def rescore(
        self, query: Query, candidates: Sequence[Candidate], rarity: Callable[[str], float]
    ) -> Vectors:
        fused = np.array([candidate.fused for candidate in candidates], dtype=np.float32)
        if query.language != "zh":
            return fused
        odds = load_trees().log_odds(features(query, candidates, rarity))
        return np.asarray(fused + WEIGHT * (odds - odds.max()), dtype=np.float32)


@cache
def load_trees() -> Trees:
    record = json.loads(MODEL.read_text(encoding="utf-8"))
    assert tuple(record["features"]) == FEATURES, "retrain: python -m evals.training.train_reranker"
    return Trees.from_record(record)


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
