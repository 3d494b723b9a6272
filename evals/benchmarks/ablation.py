"""What each part of the search brings, one row a part: page recall@5 and MRR by type and language.

    python -m evals.benchmarks.ablation [--index indexes/default] [--questions FILE]

The first two rows stand alone; each row after the third adds one part to the row above it. The
embedded model and the reranker learned from the training questions, so the default asks others.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd

from rag import Assistant, Settings
from rag.evaluation.questions import Question, read_questions
from rag.query import understand
from rag.rerankers import Reranker, load_reranker
from rag.retrieval import Retriever, Weights
from rag.types import Query

ROOT = Path(__file__).parents[2]
BEST = Weights()
ALONE = {"lexical alone": "lexical", "dense alone": "dense cross_language"}
ADDED = {
    "lexical and dense": "lexical dense cross_language",
    "+ glossary": "glossary",
    "+ place": "place central",
    "+ kind of document": "kind",
}
TOP_K, RECALL_AT = 10, 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--index", type=Path, default=Path("indexes/default"))
    parser.add_argument("--questions", type=Path, default=ROOT / "evals/questions/dev.jsonl")
    args = parser.parse_args()
    index = Assistant.load(args.index).index
    asked = [q for q in read_questions(args.questions) if q.pages]
    queries = [understand(question.text) for question in asked]
    table = {
        name: measure(Retriever(index, reranker, weights), asked, queries)
        for name, weights, reranker in settings()
    }
    print(pd.DataFrame(table).T.to_string(float_format="{:.3f}".format))


def settings() -> list[tuple[str, Weights, Reranker | None]]:
    rows: list[tuple[str, Weights, Reranker | None]] = []
    for name, parts in ALONE.items():
        rows.append((name, only(parts), None))
    so_far = ""
    for name, parts in ADDED.items():
        so_far += " " + parts
        rows.append((name, only(so_far), None))
    return [*rows, ("+ reranker", BEST, load_reranker(Settings()))]


def only(parts: str) -> Weights:
    """The weights of these parts, all others 0."""
    kept = parts.split()
    return Weights(**{k: v if k in kept else 0.0 for k, v in vars(BEST).items()})


def measure(retriever: Retriever, asked: list[Question], queries: list[Query]) -> dict[str, float]:
    recalls: dict[str, list[bool]] = defaultdict(list)
    ranks: list[float] = []
    for question, query in zip(asked, queries, strict=True):
        pages = set(question.pages)
        hits = retriever.search(query, top_k=TOP_K)
        met = [bool(pages & set(hit.chunk.pages)) for hit in hits]
        group = question.lang if question.lang in ("zh", "en") else "other"
        for label in ("all", f"zh {question.type}" if group == "zh" else group):
            recalls[label].append(any(met[:RECALL_AT]))
        ranks.append(1 / (met.index(True) + 1) if any(met) else 0.0)
    shares = {label: float(np.mean(found)) for label, found in sorted(recalls.items())}
    return shares | {"MRR": float(np.mean(ranks))}


if __name__ == "__main__":
    main()
