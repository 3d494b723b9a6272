"""Retrieval outside the home field: `python -m evals.benchmarks.general_retrieval DATA`.

DATA holds CMRC 2018 dev (Chinese questions to 848 passages) and FLORES-200 devtest (1,012 sentences
in ten languages) as gzipped JSON lines. Prints one table: recall@10 of the right passage, and how
often the English sentence nearest to one in another language is its translation. The embedded
default stands beside BM25 over jieba's words and beside any model named by --model.
"""

import argparse
import gzip
import json
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import bm25s
import numpy as np
import pandas as pd
import rjieba

from rag import Assistant, Settings
from rag.embedders import load_embedder

_PASSAGES = "qa_zh_cmrc2018_dev.jsonl.gz"
_SENTENCES = "pairs_flores200_ten_languages.jsonl.gz"
_LANGUAGES = ("zh", "ja", "ko", "fr", "de", "es", "ru", "ar", "pt")
TOP_K = 10
WIDTHS = (128, 64)  # the model was trained to be cut there
Rank = Callable[[Sequence[str], Sequence[str]], np.ndarray]  # queries, texts -> rows, best first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", help="a sentence-transformers model or folder to compare with")
    args = parser.parse_args()
    rows = read(args.data / _PASSAGES)
    passages = list(dict.fromkeys(row["context"] for row in rows))
    questions = [row["question"] for row in rows]
    right = [passages.index(row["context"]) for row in rows]
    sentences = read(args.data / _SENTENCES)
    table: dict[str, dict[str, str]] = {}
    ways: dict[str, Rank] = {"BM25": lexical, "embedded, dense only": dense("embedded")}
    ways |= {f"embedded, first {width}": dense("embedded", width) for width in WIDTHS}
    if args.model:
        ways[f"{Path(args.model).name}, dense only"] = dense(args.model)
    for name, rank in ways.items():
        found = rank(questions, passages)
        table[name] = {"CMRC recall@10": f"{recall(found, right):.3f}", **matched(rank, sentences)}
    found = hybrid(questions, passages)
    table["embedded default, hybrid"] = {"CMRC recall@10": f"{recall(found, right):.3f}"}
    print(pd.DataFrame(table).T.fillna("").to_string())


def read(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def recall(found: Sequence[Sequence[int]], right: Sequence[int]) -> float:
    return float(np.mean([r in list(rows)[:TOP_K] for rows, r in zip(found, right, strict=True)]))


def matched(rank: Rank, sentences: Sequence[dict[str, str]]) -> dict[str, str]:
    """Top-1 of the English sentence by the language that is asked in."""
    english = [row["en"] for row in sentences]
    own = np.arange(len(english))
    tops = {lang: rank([row[lang] for row in sentences], english)[:, 0] for lang in _LANGUAGES}
    return {f"{lang}-en": f"{(top == own).mean():.3f}" for lang, top in tops.items()}


def lexical(queries: Sequence[str], texts: Sequence[str]) -> np.ndarray:
    """BM25 with its usual parameters."""
    bm25 = bm25s.BM25()
    bm25.index([rjieba.cut(text.lower()) for text in texts], show_progress=False)
    known = [[t for t in rjieba.cut(q.lower()) if t in bm25.vocab_dict] for q in queries]
    scores = [bm25.get_scores(words) if words else np.zeros(len(texts)) for words in known]
    return np.argsort(-np.array(scores), axis=1, kind="stable")


def dense(model: str, width: int | None = None) -> Rank:
    """By the cosine of the first `width` dimensions, of all for None."""
    embedder = load_embedder(Settings(embedder=model))
    passages = cache(embedder.embed_passages)  # the English sentences are asked for nine times

    def rank(queries: Sequence[str], texts: Sequence[str]) -> np.ndarray:
        sides = (embedder.embed_queries(queries), passages(tuple(texts)))
        one, other = (side[:, :width] for side in sides)
        lengths = np.maximum(np.linalg.norm(other, axis=1), 1e-9)
        scores = one @ other.T / lengths
        return np.argsort(-scores, axis=1, kind="stable")

    return rank


def hybrid(queries: Sequence[str], texts: Sequence[str]) -> list[list[int]]:
    """What `rag search` finds with a passage a file."""
    with tempfile.TemporaryDirectory() as folder:
        documents = Path(folder) / "documents"
        documents.mkdir()
        for row, text in enumerate(texts):
            (documents / f"{row:04}.txt").write_text(text, encoding="utf-8")
        assistant = Assistant.build([documents], index=Path(folder) / "index")
        found = [assistant.search(query, top_k=3 * TOP_K) for query in queries]
    return [
        list(dict.fromkeys(int(Path(hit.chunk.document.source).stem) for hit in hits))
        for hits in found
    ]


if __name__ == "__main__":
    main()
