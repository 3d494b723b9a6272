"""The gate that refuses: fitted on questions that the documents answer and on such as they don't.

The training questions that no plan answers are few, and all ask for a figure. So every other one is
shown to the gate twice: as it is, and without the passages that answer it; and one in four with its
own plan alone, which it doesn't name then, and with another.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from evals.training.examples import Example, without_answer
from rag.evidence.answerable import FALLING, RISING, SIGNS, signs
from rag.evidence.ranking import put_in_order

# False refusals that may be; a threshold keeps under it with 97.5 % certainty. Of what is no figure
# few: the words of a topic vary, and a passage that tells something of it helps more than none.
MOST_WRONG = {"figure": 0.05, "other": 0.015}
_MADE_WEIGHT = 0.05  # of a question made unanswerable, beside a real one
_LEAST_UNITS = 5  # that must be left without the answer
_Rarity = Callable[[str], float]


class Gate:
    """Rows of signs with what is known of them. scores: of the units of each example.

    made: whether a row is of a question made unanswerable. fold: as in `fit_answers.folds`.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        scores: Sequence[np.ndarray],
        fold: np.ndarray,
        rarities: Sequence[_Rarity],
    ) -> None:
        """rarities: of each index."""
        rows, answered, made, first, places = [], [], [], [], []
        for example, score, place in zip(examples, scores, fold, strict=True):
            rarity = rarities[example.index]
            kept = np.ones(len(example.units), dtype=bool)
            rows.append(_row(example, score, kept, rarity))
            answered.append(example.answered)
            made.append(example.single and not example.answered)
            first.append(not (example.index or example.single) and example.query.kind != "compare")
            places.append(place)
            if example.answered and not example.single and example.query.kind != "compare":
                kept = without_answer(example)
                if kept.sum() >= _LEAST_UNITS:
                    rows.append(_row(example, score, kept, rarity))
                    answered.append(False)
                    made.append(True)
                    first.append(False)
                    places.append(place)
        self.rows, self.fold = np.array(rows), np.array(places)
        self.answered, self.made = np.array(answered), np.array(made)
        self.of_figure = self.rows[:, SIGNS.index("asks_figure")] > 0
        self.reported = np.array(first)  # comparisons aren't refused by it

    def fit(self, rows: np.ndarray, columns: Sequence[int]) -> HistGradientBoostingClassifier:
        """On the rows where `rows` is True; columns: the signs looked at, as numbers of SIGNS."""
        way = [int(SIGNS[c] in RISING) - int(SIGNS[c] in FALLING) for c in columns]
        return HistGradientBoostingClassifier(
            max_iter=80,
            max_leaf_nodes=5,
            learning_rate=0.08,
            min_samples_leaf=15,
            l2_regularization=5.0,
            early_stopping=False,
            monotonic_cst=way,
            random_state=0,
        ).fit(
            self.rows[np.ix_(rows, columns)],
            self.answered[rows],
            sample_weight=np.where(self.made[rows], _MADE_WEIGHT, 1.0),
        )

    def probabilities(self, columns: Sequence[int]) -> np.ndarray:
        """Of each row, by trees that saw no question of its plan."""
        found = np.zeros(len(self.rows))
        for held_out in np.unique(self.fold):
            out = self.fold == held_out
            model = self.fit(~out, columns)
            found[out] = model.predict_proba(self.rows[np.ix_(out, columns)])[:, 1]
        return found

    def thresholds(self, found: np.ndarray) -> dict[str, float]:
        """The probability under which a question for a figure, or another, is refused."""
        least = {}
        for kind, most in MOST_WRONG.items():
            right = found[self.reported & self.answered & (self.of_figure == (kind == "figure"))]
            least[kind] = float(np.quantile(right, _share_under(most, len(right))))
        return least

    def told(self, found: np.ndarray) -> str:
        """The area under the curve, and the shares refused, of the first index."""
        least = self.thresholds(found)
        refused = found < np.where(self.of_figure, least["figure"], least["other"])
        real = self.reported & ~self.made
        area = roc_auc_score(self.answered[real], found[real])
        shares = {
            "wrongly": real & self.answered,
            "of the unanswerable": real & ~self.answered,
            "of figures without their answer": self.made & self.of_figure,
            "of others without it": self.made & ~self.of_figure,
            "of single plans wrongly": self.answered & ~self.reported & ~self.made,
        }
        parts = (f"{name} {np.mean(refused[rows]):.3f}" for name, rows in shares.items())
        return f"area {area:.4f}, refused " + ", ".join(parts)

    def ablate(self) -> None:
        every = range(len(SIGNS))
        print("\n| sign left out | area, refused right |")
        for name in ("", *SIGNS):
            found = self.probabilities([i for i in every if SIGNS[i] != name])
            print(f"| {name or 'nothing'} | {self.told(found)} |", flush=True)


def fit_gate(
    gate: Gate, as_record: Callable[[HistGradientBoostingClassifier], dict[str, Any]]
) -> dict[str, Any]:
    """What `rag.evidence.answerable` reads. as_record: a model as plain data."""
    every = range(len(SIGNS))
    found = gate.probabilities(every)
    print("gate, cross-validated:", gate.told(found))
    model = gate.fit(np.ones(len(gate.rows), dtype=bool), every)
    least = {kind: round(each, 4) for kind, each in gate.thresholds(found).items()}
    return {"signs": list(SIGNS), "thresholds": least, **as_record(model)}


def _row(example: Example, score: np.ndarray, kept: np.ndarray, rarity: _Rarity) -> np.ndarray:
    """The signs of an example with the units of `kept` alone."""
    if not kept.any():
        return np.zeros(len(SIGNS))
    units = [unit for unit, is_kept in zip(example.units, kept, strict=True) if is_kept]
    ranked = put_in_order(example.query, units, score[kept].tolist(), example.rows[kept])
    return signs(example.query, ranked, rarity)


def _share_under(most: float, count: int) -> float:
    """The highest share whose 97.5 % bound, seen in `count` cases, is still under `most`."""
    shares = np.arange(0, most, 1e-4)
    bounds = shares + 1.96 * np.sqrt(shares * (1 - shares) / count)
    return float(shares[bounds < most][-1])
