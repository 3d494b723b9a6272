"""Fit the answer-sentence ranker and the gate that refuses on `evals/questions/train.jsonl`.

    python -m evals.training.fit_answers FOLDS --of PATH... [--of PATH...] --data DIR [--ablate]

FOLDS: embedding models that saw half of the training questions each (`train_static --folds`), so
that what a question is asked of has not learned from it. PATHs: the compilation's full text, with
or without the open corpus; figures are of the first collection. DIR: general data, for questions
about other things. Writes `ranker.json`, `answerable.json` and `topic.json` of `rag/evidence`; with
--ablate it writes nothing and prints what each group of features brings. Every figure printed is
cross-validated, the folds parted by plan, so that no plan is in both. Needs scikit-learn
(`pip install -e .[train]`); a few minutes on 2 cores, deterministic. To be run again whenever the
embedded model, the reading of questions, the search or the features change.
"""

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from evals.training.examples import (
    Example,
    ask_strangers,
    read_examples,
    read_moved,
    read_singles,
    states,
)
from evals.training.gate import answerable_gate, topic_gate
from evals.training.strangers import ask_of_places, read_strangers
from evals.training.unseen import Unseen
from rag.evidence import answerable, topic
from rag.evidence.features import FEATURES
from rag.evidence.ranking import TREES

FOLDS = 5
_RANKED = ("fact", "paraphrase", "list", "scope", "compare")
_SHORT, _LONG = 140, 420  # characters of quotes: one clause, and what an answer may hold
# More of these never makes a unit worse, whatever chance the training questions hold.
_RISING = (
    "cover", "cover_pairs", "cover_content", "cover_near", "cover_below_best", "near_below_best",
    "content_below_best", "cover_clause", "clause_below_best", "cosine", "cosine_below_best",
    "run", "run_below_best", "hit_share",
    "figure_asked", "unit_asked", "when_asked", "year_met", "place_asked",
)  # fmt: skip
_GROUPS = {
    "cover of the unit": ("cover", "cover_pairs", "cover_below_best", "density"),
    "content beyond the title": ("cover_content", "content_below_best", "cover_title"),
    "headings": ("cover_headings", "cover_heading", "opens_section"),
    "neighbours": ("cover_near", "near_below_best"),
    "longest shared run": ("run", "run_below_best"),
    "one clause": ("cover_clause", "clause_below_best"),
    "cosine": ("cosine", "cosine_below_best"),
    "passage": ("hit_share",),
    "figure and unit": ("figure", "figure_asked", "unit_asked", "no_figure"),
    "year": ("year_met", "when_asked"),
    "place, brief, language": ("place_asked", "brief", "other_language", "foreign"),
    "length and items": ("length", "items"),
    "kind of question": ("asks_list", "asks_scope", "asks_figure"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folds", type=Path)
    parser.add_argument("--of", type=Path, action="append", nargs="+", required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder of general questions")
    parser.add_argument("--ablate", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        each = [Unseen(args.folds, of, Path(place, str(i))) for i, of in enumerate(args.of)]
        fit_all(each, read_strangers(args.data), ablate=args.ablate)


def fit_all(collections: Sequence[Unseen], strangers: Sequence[str], *, ablate: bool) -> None:
    examples = [e for i, each in enumerate(collections) for e in read_examples(each, i)]
    examples += [*read_singles(collections[0], 0), *read_moved(collections[0], 0)]
    every = np.arange(len(FEATURES))
    scores = cross_validate(examples, every)
    print("ranker, cross-validated:", told(examples, scores))
    fold = folds(examples)
    others = list(ask_strangers(collections[0], strangers, made=False))
    asides = ask_of_places(strangers, collections[0].places)
    others += ask_strangers(collections[0], asides, made=True)
    gates = {
        answerable.COEFFICIENTS: answerable_gate(examples, scores, fold),
        topic.COEFFICIENTS: topic_gate(
            examples, others, np.append(fold, np.arange(len(others)) % FOLDS)
        ),
    }
    if ablate:
        ablate_ranker(examples)
        for gate in gates.values():
            gate.ablate()
        return
    trees = fit_trees(*stacked(examples), every)
    write(TREES, {"features": list(FEATURES), **as_record(trees)})
    for path, gate in gates.items():
        write(path, gate.record())
    print(f"{len(examples):,} questions, {len(others):,} strangers -> {TREES.name}, the gates")


def stacked(examples: Sequence[Example]) -> tuple[np.ndarray, np.ndarray]:
    """Rows and labels of all units of the questions of which some unit is right."""
    used = [e for e in examples if e.question.type in _RANKED and e.right.size and e.right.max()]
    labels = [
        e.right >= (0.25 if e.question.type in ("list", "scope") else 0.5)  # parts count there
        for e in used
    ]
    return np.vstack([e.rows for e in used]), np.concatenate(labels)


def fit_trees(
    rows: np.ndarray, labels: np.ndarray, columns: np.ndarray
) -> HistGradientBoostingClassifier:
    """columns: the features that are looked at, as numbers of FEATURES."""
    rising = [int(FEATURES[column] in _RISING) for column in columns]
    return HistGradientBoostingClassifier(
        max_iter=120,
        max_leaf_nodes=7,
        learning_rate=0.1,
        min_samples_leaf=60,
        l2_regularization=5.0,
        early_stopping=False,
        monotonic_cst=rising,
        random_state=0,
    ).fit(rows[:, columns], labels)


def as_record(model: HistGradientBoostingClassifier) -> dict[str, Any]:
    """The trees as `rag.evidence.trees.Trees` reads them."""
    trees = []
    for (predictor,) in model._predictors:
        nodes = predictor.nodes
        trees.append(
            [
                [0, 0, 0, 0, round(float(n["value"]), 5)]
                if n["is_leaf"]
                else [
                    int(n["feature_idx"]),
                    float(f"{n['num_threshold']:.6g}"),
                    int(n["left"]),
                    int(n["right"]),
                    0,
                ]
                for n in nodes
            ]
        )
    return {"baseline": round(float(model._baseline_prediction.ravel()[0]), 5), "trees": trees}


def folds(examples: Sequence[Example]) -> np.ndarray:
    plans = sorted({e.question.plan for e in examples})
    of_plan = {plan: i % FOLDS for i, plan in enumerate(plans)}
    return np.array([of_plan[e.question.plan] for e in examples])


def cross_validate(examples: Sequence[Example], columns: np.ndarray) -> list[np.ndarray]:
    """Scores of each example's units, by trees that saw no question of its plan."""
    fold = folds(examples)
    scores = [np.zeros(0)] * len(examples)
    for held_out in range(FOLDS):
        rows, labels = stacked([e for e, f in zip(examples, fold, strict=True) if f != held_out])
        model = fit_trees(rows, labels, columns)
        for i in np.flatnonzero(fold == held_out):
            if examples[i].units:
                scores[i] = model.predict_proba(examples[i].rows[:, columns])[:, 1]
    return scores


def told(examples: Sequence[Example], scores: Sequence[np.ndarray]) -> str:
    """Share of the first index's questions all of whose facts the best units state."""
    short, long = defaultdict(list), defaultdict(list)
    for example, score in zip(examples, scores, strict=True):
        question = example.question
        if question.answerable and not (example.index or example.single):
            kind = f"{question.lang if question.lang in ('zh', 'en') else 'other'} {question.type}"
            short[kind].append(is_told(example, score, _SHORT))
            long[kind].append(is_told(example, score, _LONG))
    whole = [np.mean(list(chain.from_iterable(table.values()))) for table in (short, long)]
    parts = (f"{k} {np.mean(short[k]):.3f}/{np.mean(long[k]):.3f}" for k in sorted(short))
    return f"{whole[0]:.3f}/{whole[1]:.3f}  " + ", ".join(parts)


def is_told(example: Example, score: np.ndarray, chars: int) -> bool:
    found = np.zeros(len(example.question.must), dtype=bool)
    for i in np.argsort(-score, kind="stable"):
        chars -= example.units[i].end - example.units[i].start
        found |= states(example.question, example.units[i])
        if chars <= 0:
            break
    return bool(found.all())


def ablate_ranker(examples: Sequence[Example]) -> None:
    print("| left out | one clause | long answer | zh paraphrase | other fact |")
    every = np.arange(len(FEATURES))
    for name, group in {"nothing": (), **_GROUPS}.items():
        columns = np.array([i for i in every if FEATURES[i] not in group])
        line = told(examples, cross_validate(examples, columns))
        parts = dict(part.rsplit(" ", 1) for part in line.split("  ")[1].split(", "))
        short, long = line.split("  ")[0].split("/")
        cells = (name, short, long, parts["zh paraphrase"], parts["other fact"])
        print("| " + " | ".join(cells) + " |", flush=True)


def write(path: Path, record: dict[str, Any]) -> None:
    path.write_text(json.dumps(record, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
