"""Train the reranker: `python -m evals.training.train_reranker FOLDS PATH...`.

FOLDS holds the two embedding models that saw half of the training questions each
(`train_static --folds`): a question's features come from the one that did not see it. PATHs are
documents to find its pages in. Prints, cross-validated over plans, what the reranker brings and
what each feature does, then writes `rag/rerankers/embedded.json`.
source: scikit-learn, "Histogram-based gradient boosting".
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GroupKFold

from evals.training.fit_answers import as_record
from evals.training.pairs import QUESTIONS
from evals.training.unseen import Unseen
from rag.query import understand
from rag.rerankers.embedded import FEATURES, MODEL, WEIGHT, features
from rag.retrieval import Retriever
from rag.types import Vectors

FOLDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folds", type=Path)
    parser.add_argument("paths", type=Path, nargs="+")
    parser.add_argument("--ablate", action="store_true", help="also leave out each feature")
    args = parser.parse_args()
    rows = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    questions = [row for row in rows if row["pages"]]
    seen, right = read_features(args.folds, args.paths, questions)
    plans = np.array([question["plan"] for question in questions])
    fused = seen[:, :, 0]
    print_line("fused score alone", fused, right)
    print_line("and all features", fused + WEIGHT * cross_fitted(seen, right, plans), right)
    for column, name in enumerate(FEATURES[: None if args.ablate else 0]):
        without = np.delete(seen, column, axis=2)
        print_line(f"without {name}", fused + WEIGHT * cross_fitted(without, right, plans), right)
    write(fit(seen, right))


def read_features(
    folds: Path, paths: Sequence[Path], questions: Sequence[dict[str, Any]]
) -> tuple[Vectors, np.ndarray]:
    """(questions, candidates, FEATURES) and whether each candidate is on a right page."""
    seen, right = [], []
    with tempfile.TemporaryDirectory() as place:
        unseen = Unseen(folds, paths, Path(place))
        for question in questions:
            index = unseen.assistant(question["plan"]).index
            query, pages = understand(question["question"]), set(question["pages"])
            found = Retriever(index).candidates(query)
            seen.append(features(query, found, index.lexical.rarity))
            right.append([bool(pages & set(each.chunk.pages)) for each in found])
    return np.array(seen), np.array(right)


def fit(seen: Vectors, right: np.ndarray) -> HistGradientBoostingClassifier:
    model = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.06, max_leaf_nodes=8, min_samples_leaf=40, random_state=0
    )
    return model.fit(seen.reshape(-1, seen.shape[2]), right.ravel())


def cross_fitted(seen: Vectors, right: np.ndarray, plans: np.ndarray) -> np.ndarray:
    """Log-odds (questions, candidates), each from a model that saw no question of its plan."""
    odds = np.zeros(right.shape)
    for learned, held in GroupKFold(FOLDS).split(seen, groups=plans):
        model = fit(seen[learned], right[learned])
        odds[held] = model.decision_function(seen[held].reshape(-1, seen.shape[2])).reshape(
            len(held), -1
        )
    return odds


def print_line(name: str, scores: np.ndarray, right: np.ndarray) -> None:
    order = np.argsort(-scores, axis=1, kind="stable")
    found = np.take_along_axis(right, order, 1)[:, :10]
    first = np.where(found.any(1), 1 / (found.argmax(1) + 1), 0)
    print(f"{name:28} recall@5 {found[:, :5].any(1).mean():.3f}  MRR {first.mean():.4f}")


def write(model: HistGradientBoostingClassifier) -> None:
    record = {"features": list(FEATURES), **as_record(model)}
    MODEL.write_text(json.dumps(record, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
