"""The two gates that refuse: logistic regressions on questions to answer and on others.

Coefficients are bounded to the direction that each sign can only tell in, so that little support
never looks like much on texts unlike those it was fitted on.
source: Byrd, Lu, Nocedal, Zhu 1995, "A Limited Memory Algorithm for Bound Constrained
Optimization".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score

from evals.training.examples import Example
from rag.evidence import answerable, topic
from rag.evidence.logistic import Logistic
from rag.evidence.ranking import put_in_order

# Shares of the training questions refused wrongly, chosen so that both keep under 0.05 on others:
# of those for a figure, and of all.
_UNANSWERED, _UNTREATED = 0.05, 0.02
# What a question made from another, or from a pattern, counts beside one that somebody asked.
_MADE_YEAR, _MADE_ASIDE = 0.2, 0.5
_RIDGE = 1 / 0.3  # on the coefficients of signs scaled to deviation 1


class Signs(NamedTuple):
    """What a gate looks at, and which of it can tell in one direction only."""

    names: Sequence[str]
    rising: frozenset[str]
    falling: frozenset[str]

    def bounds(self, name: str) -> tuple[float | None, float | None]:
        return 0.0 if name in self.rising else None, 0.0 if name in self.falling else None


@dataclass
class Gate:
    """Rows of signs, shape (n, signs), with what is known of each.

    right: whether it is to be answered. fold: of its plan, 0 to 4. reported: whether it is among
    those that figures and the threshold are of. wrongly: share of the right ones refused there.
    """

    signs: Signs
    rows: np.ndarray
    right: np.ndarray
    fold: np.ndarray
    reported: np.ndarray
    weights: np.ndarray
    wrongly: float

    def fit(self, rows: np.ndarray, columns: Sequence[int]) -> Logistic:
        """On the rows where `rows` is True; columns: the signs looked at, by number."""
        chosen, right = self.rows[np.ix_(rows, columns)], self.right[rows].astype(float)
        counted = self.weights[rows]
        middle, spread = chosen.mean(axis=0), chosen.std(axis=0) + 1e-9
        scaled = np.column_stack([(chosen - middle) / spread, np.ones(len(chosen))])
        ridge = np.append(np.full(len(columns), _RIDGE), 0.0)

        def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
            odds = scaled @ weights
            missed = 1 / (1 + np.exp(-odds)) - right
            value = counted @ (np.logaddexp(0, odds) - right * odds) + ridge @ weights**2 / 2
            return float(value), scaled.T @ (counted * missed) + ridge * weights

        bounds = [self.signs.bounds(self.signs.names[c]) for c in columns] + [(None, None)]
        start = np.zeros(len(columns) + 1)
        found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x
        coefficients = found[:-1] / spread
        return Logistic(coefficients, float(found[-1] - coefficients @ middle), 0.0)

    def probabilities(self, columns: Sequence[int]) -> np.ndarray:
        """Of each row, by a fit that saw no question of its plan."""
        found = np.zeros(len(self.rows))
        for held_out in np.unique(self.fold):
            out = self.fold == held_out
            model = self.fit(~out, columns)
            found[out] = [model.probability(row) for row in self.rows[np.ix_(out, columns)]]
        return found

    def threshold(self, found: np.ndarray) -> float:
        """The probability under which a question is refused."""
        return float(np.quantile(found[self.reported & self.right], self.wrongly))

    def told(self, found: np.ndarray) -> str:
        """The area under the curve, and the shares refused, of those reported."""
        refused, real = found < self.threshold(found), self.reported
        area = roc_auc_score(self.right[real], found[real])
        wrongly = np.mean(refused[real & self.right])
        rightly = np.mean(refused[real & ~self.right])
        return f"area {area:.4f}, refused wrongly {wrongly:.3f}, rightly {rightly:.3f}"

    def ablate(self) -> None:
        every = range(len(self.signs.names))
        print("\n| sign left out | area, shares refused |")
        for name in ("", *self.signs.names):
            found = self.probabilities([i for i in every if self.signs.names[i] != name])
            print(f"| {name or 'nothing'} | {self.told(found)} |", flush=True)

    def record(self) -> dict[str, Any]:
        """What `rag.evidence.logistic` reads; prints how well it parts, cross-validated."""
        every = range(len(self.signs.names))
        found = self.probabilities(every)
        print("gate, cross-validated:", self.told(found))
        model = self.fit(np.ones(len(self.rows), dtype=bool), every)
        return {
            "signs": list(self.signs.names),
            "coefficients": [round(float(c), 5) for c in model.coefficients],
            "intercept": round(model.intercept, 5),
            "threshold": round(self.threshold(found), 4),
        }


def answerable_gate(
    examples: Sequence[Example], scores: Sequence[np.ndarray], fold: np.ndarray
) -> Gate:
    """Parts questions for a figure that is there from the others. scores: of each one's units."""
    used = [example.query.wants_figure for example in examples]

    def row(example: Example, score: np.ndarray) -> np.ndarray:
        if not example.units:
            return np.zeros(len(answerable.SIGNS))
        ranked = put_in_order(example.query, example.units, example.rows, score)
        return answerable.signs(example.query, ranked, example.rarity)

    kept = list(compress(examples, used))
    return Gate(
        Signs(answerable.SIGNS, answerable.RISING, answerable.FALLING),
        np.array([row(*each) for each in zip(kept, compress(scores, used), strict=True)]),
        np.array([example.question.answerable for example in kept]),
        fold[used],
        np.array([_is_reported(e) and e.query.kind != "compare" for e in kept]),
        np.array([_MADE_YEAR if e.made else 1.0 for e in kept]),
        _UNANSWERED,
    )


def topic_gate(examples: Sequence[Example], strangers: Sequence[Example], fold: np.ndarray) -> Gate:
    """Parts training questions with an answer from questions about other things. fold: of all."""
    mine = [example.question.answerable and bool(example.units) for example in examples]
    kept = np.append(mine, [bool(stranger.units) for stranger in strangers])
    used = [e for e, keep in zip((*examples, *strangers), kept, strict=True) if keep]
    return Gate(
        Signs(topic.SIGNS, topic.RISING, topic.FALLING),
        np.array([topic.signs(e.query, e.hits, e.units) for e in used]),
        np.array([e.question.answerable for e in used]),
        fold[kept],
        np.array([_is_reported(e) for e in used]),
        np.array([_MADE_ASIDE if e.made else 1.0 for e in used]),
        _UNTREATED,
    )


def _is_reported(example: Example) -> bool:
    return not (example.index or example.single or example.made)
