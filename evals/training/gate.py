"""The gate that refuses: a logistic regression on the training questions, answerable or not.

Coefficients are bounded to the direction that each sign can only tell in, so that little support
never looks like much on texts unlike those it was fitted on.
source: Byrd, Lu, Nocedal, Zhu 1995, "A Limited Memory Algorithm for Bound Constrained
Optimization".
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score

from evals.training.examples import Example
from rag.evidence.answerable import FALLING, RISING, SIGNS, signs
from rag.evidence.ranking import put_in_order

FALSE_REFUSALS = 0.028  # aimed at here, so that other questions keep under 0.05
_RIDGE = 1 / 0.3  # on the coefficients of signs scaled to deviation 1
_Rarity = Callable[[str], float]


class Logistic(NamedTuple):
    """Log-odds are `rows @ coefficients + intercept`."""

    coefficients: np.ndarray
    intercept: float

    def probabilities(self, rows: np.ndarray) -> np.ndarray:
        return np.asarray(1 / (1 + np.exp(-(rows @ self.coefficients + self.intercept))))


class Gate:
    """Rows of signs with what is known of them. scores: of the units of each example.

    fold: as in `fit_answers.folds`. rarities: of each index.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        scores: Sequence[np.ndarray],
        fold: np.ndarray,
        rarities: Sequence[_Rarity],
    ) -> None:
        each = zip(examples, scores, strict=True)
        self.rows = np.array([_row(e, score, rarities[e.index]) for e, score in each])
        self.answered = np.array([e.question.answerable for e in examples])
        self.fold = fold
        # Comparisons aren't refused by it.
        self.reported = np.array(
            [not (e.index or e.single or e.query.kind == "compare") for e in examples]
        )

    def fit(self, rows: np.ndarray, columns: Sequence[int]) -> Logistic:
        """On the rows where `rows` is True; columns: the signs looked at, as numbers of SIGNS."""
        chosen, answered = self.rows[np.ix_(rows, columns)], self.answered[rows].astype(float)
        middle, spread = chosen.mean(axis=0), chosen.std(axis=0) + 1e-9
        scaled = np.column_stack([(chosen - middle) / spread, np.ones(len(chosen))])
        ridge = np.append(np.full(len(columns), _RIDGE), 0.0)

        def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
            odds = scaled @ weights
            missed = 1 / (1 + np.exp(-odds)) - answered
            value = np.sum(np.logaddexp(0, odds) - answered * odds) + ridge @ weights**2 / 2
            return float(value), scaled.T @ missed + ridge * weights

        bounds = [_bounds(SIGNS[column]) for column in columns] + [(None, None)]
        start = np.zeros(len(columns) + 1)
        found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x
        coefficients = found[:-1] / spread
        return Logistic(coefficients, float(found[-1] - coefficients @ middle))

    def probabilities(self, columns: Sequence[int]) -> np.ndarray:
        """Of each row, by a fit that saw no question of its plan."""
        found = np.zeros(len(self.rows))
        for held_out in np.unique(self.fold):
            out = self.fold == held_out
            found[out] = self.fit(~out, columns).probabilities(self.rows[np.ix_(out, columns)])
        return found

    def threshold(self, found: np.ndarray) -> float:
        """The probability under which a question is refused."""
        return float(np.quantile(found[self.reported & self.answered], FALSE_REFUSALS))

    def told(self, found: np.ndarray) -> str:
        """The area under the curve, and the shares refused, of the first index."""
        refused, real = found < self.threshold(found), self.reported
        area = roc_auc_score(self.answered[real], found[real])
        wrongly = np.mean(refused[real & self.answered])
        return (
            f"area {area:.4f}, refused wrongly {wrongly:.3f}, "
            f"of the unanswerable {np.mean(refused[real & ~self.answered]):.3f}"
        )

    def ablate(self) -> None:
        every = range(len(SIGNS))
        print("\n| sign left out | area, refused right |")
        for name in ("", *SIGNS):
            found = self.probabilities([i for i in every if SIGNS[i] != name])
            print(f"| {name or 'nothing'} | {self.told(found)} |", flush=True)


def fit_gate(gate: Gate) -> dict[str, Any]:
    """What `rag.evidence.answerable` reads."""
    every = range(len(SIGNS))
    found = gate.probabilities(every)
    print("gate, cross-validated:", gate.told(found))
    model = gate.fit(np.ones(len(gate.rows), dtype=bool), every)
    return {
        "signs": list(SIGNS),
        "coefficients": [round(float(c), 5) for c in model.coefficients],
        "intercept": round(model.intercept, 5),
        "threshold": round(gate.threshold(found), 4),
    }


def _bounds(sign: str) -> tuple[float | None, float | None]:
    if sign in RISING:
        return 0.0, None
    return (None, 0.0) if sign in FALLING else (None, None)


def _row(example: Example, score: np.ndarray, rarity: _Rarity) -> np.ndarray:
    if not example.units:
        return np.zeros(len(SIGNS))
    ranked = put_in_order(example.query, example.units, score.tolist())
    return signs(example.query, ranked, rarity)
