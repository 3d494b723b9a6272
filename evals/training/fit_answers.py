"""Fit the answer-sentence ranker and the gate that refuses on `evals/questions/train.jsonl`.

    python -m evals.training.fit_answers --index FOLDER [--index FOLDER ...] [--ablate]

FOLDER: an index of the compilation's full text, with or without the open corpus; the first is the
one that figures are of. Writes `rag/evidence/ranker.json` and `rag/evidence/answerable.json`; with
--ablate it writes nothing and prints what each group of features brings. Every figure printed is
cross-validated, the folds parted by plan, so that no plan is in both. Needs scikit-learn
(`pip install -e .[train]`); a few minutes on 2 cores, deterministic. To be run again whenever the
embedded model, the reading of questions, the search or the features change.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from rag import Assistant
from rag.answering import CANDIDATES
from rag.embedders.static import load_embedded
from rag.evaluation.metrics import norm
from rag.evaluation.questions import Question, read_questions
from rag.evidence.answerable import COEFFICIENTS, SIGNS, signs
from rag.evidence.features import FEATURES, measure
from rag.evidence.ranking import TREES
from rag.evidence.units import Unit, cut_units
from rag.query import understand
from rag.settings import Settings
from rag.types import Hit, Query

ROOT = Path(__file__).parents[2]
QUESTIONS = ROOT / "evals/questions/train.jsonl"
FOLDS = 5
FALSE_REFUSALS = 0.028  # aimed at on the training questions, so that others keep under 0.05
_RANKED = ("fact", "paraphrase", "list", "scope", "compare")
_SHORT, _LONG = 140, 420  # characters of quotes: one clause, and what an answer may hold
# More of these never makes a unit worse, whatever chance the training questions hold.
_RISING = (
    "cover", "cover_pairs", "cover_content", "cover_near", "cover_below_best", "near_below_best",
    "content_below_best", "run", "run_below_best", "hit_share", "hit_rank", "cosine",
    "cosine_below_best", "figure_asked", "unit_asked", "year_met", "place_asked",
)  # fmt: skip
_GROUPS = {
    "cover of the unit": ("cover", "cover_pairs", "cover_below_best", "density"),
    "content beyond the title": ("cover_content", "content_below_best", "cover_title"),
    "headings": ("cover_headings", "cover_heading", "opens_section"),
    "neighbours": ("cover_near", "near_below_best"),
    "longest shared run": ("run", "run_below_best"),
    "passage": ("hit_score", "hit_share", "hit_rank"),
    "embedded model": ("cosine", "cosine_below_best"),
    "figure and unit": ("figure", "figure_asked", "unit_asked", "no_figure"),
    "year": ("year_met",),
    "place, brief, language": ("place_asked", "brief", "other_language", "foreign"),
    "length and items": ("length", "items"),
    "kind of question": ("asks_list", "asks_scope", "asks_figure"),
}


@dataclass
class Example:
    """A question with its candidate units, their features, and how right each of them is, 0-1."""

    question: Question
    query: Query
    hits: Sequence[Hit]
    units: list[Unit]
    rows: np.ndarray
    right: np.ndarray
    index: int
    rarity: Callable[[str], float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--index", type=Path, action="append", required=True)
    parser.add_argument("--ablate", action="store_true")
    args = parser.parse_args()
    examples = [e for i, folder in enumerate(args.index) for e in read_examples(folder, i)]
    if args.ablate:
        ablate_ranker(examples)
        ablate_gate(examples, cross_validate(examples, np.arange(len(FEATURES))))
        return
    every = np.arange(len(FEATURES))
    scores = cross_validate(examples, every)
    print("ranker, cross-validated:", told(examples, scores))
    trees = fit_trees(*stacked(examples), every)
    write(TREES, {"features": list(FEATURES), **as_record(trees)})
    gate = fit_gate(examples, scores)
    write(COEFFICIENTS, gate)
    print(f"{len(examples):,} questions -> {TREES.name}, {COEFFICIENTS.name}")


def read_examples(folder: Path, index: int) -> list[Example]:
    """Every training question with the candidates that an index gives."""
    assistant = Assistant.load(folder)
    rarity, embed = assistant.index.lexical.rarity, load_embedded(Settings()).embed_passages
    examples = []
    for question in read_questions(QUESTIONS):
        query = understand(question.text)
        hits = assistant.search(question.text, top_k=CANDIDATES)
        units = cut_units(query, hits)
        rows = measure(query, hits, units, rarity=rarity, embed=embed)
        right = np.array([rightness(question, unit) for unit in units])
        examples.append(Example(question, query, hits, units, rows, right, index, rarity))
    return examples


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
    text = norm(unit.text)
    return np.array([any(norm(a) in text for a in group) for group in question.must], dtype=bool)


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
        if question.answerable and not example.index:
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


def ranked(example: Example, score: np.ndarray) -> list[Unit]:
    order = np.argsort(-score, kind="stable")
    return [example.units[i]._replace(score=float(score[i])) for i in order]


def gate_rows(
    examples: Sequence[Example], scores: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    rows = [
        signs(e.query, ranked(e, s), e.rarity) if e.units else np.zeros(len(SIGNS))
        for e, s in zip(examples, scores, strict=True)
    ]
    return np.array(rows), np.array([e.question.answerable for e in examples])


def fit_logistic(rows: np.ndarray, labels: np.ndarray) -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=3000)).fit(
        rows, labels
    )


def gate_probabilities(
    examples: Sequence[Example], rows: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    fold = folds(examples)
    found = np.zeros(len(labels))
    for held_out in range(FOLDS):
        out = fold == held_out
        found[out] = fit_logistic(rows[~out], labels[~out]).predict_proba(rows[out])[:, 1]
    return found


def fit_gate(examples: Sequence[Example], scores: Sequence[np.ndarray]) -> dict[str, Any]:
    """Coefficients for the signs as they are, and the threshold of the aimed false refusals."""
    rows, labels = gate_rows(examples, scores)
    found = gate_probabilities(examples, rows, labels)
    print("gate, cross-validated:", refused(examples, found, labels))
    asked = [e.query.kind != "compare" for e in examples]  # comparisons aren't refused by it
    threshold = float(np.quantile(found[labels & np.array(asked)], FALSE_REFUSALS))
    model = fit_logistic(rows, labels)
    scaler, logistic = model.steps[0][1], model.steps[1][1]
    coefficients = logistic.coef_[0] / scaler.scale_
    intercept = float(logistic.intercept_[0] - np.dot(coefficients, scaler.mean_))
    return {
        "signs": list(SIGNS),
        "coefficients": [round(float(c), 5) for c in coefficients],
        "intercept": round(intercept, 5),
        "threshold": round(threshold, 4),
    }


def refused(examples: Sequence[Example], found: np.ndarray, labels: np.ndarray) -> str:
    """Of the first index: the area, and the share refused right at 3.5 and 5 % refused wrong."""
    first = np.array([e.index == 0 for e in examples])
    found, labels = found[first], labels[first]
    shares = [
        np.mean(found[~labels] < np.quantile(found[labels], wrong))
        for wrong in (FALSE_REFUSALS, 0.05)
    ]
    return f"area {roc_auc_score(labels, found):.4f}, refused {shares[0]:.3f} {shares[1]:.3f}"


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


def ablate_gate(examples: Sequence[Example], scores: Sequence[np.ndarray]) -> None:
    rows, labels = gate_rows(examples, scores)
    print("\n| sign left out | area, refused right |")
    for name in ("", *SIGNS):
        kept = [i for i, sign in enumerate(SIGNS) if sign != name]
        found = gate_probabilities(examples, rows[:, kept], labels)
        print(f"| {name or 'nothing'} | {refused(examples, found, labels)} |", flush=True)


def write(path: Path, record: dict[str, Any]) -> None:
    path.write_text(json.dumps(record, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
