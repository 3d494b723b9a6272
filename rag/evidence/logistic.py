"""A logistic regression over named signs, read from a JSON file beside its module."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.evidence.trees import Numbers, sigmoid


@dataclass(frozen=True)
class Logistic:
    """threshold: the probability under which what it tells is taken not to be so."""

    coefficients: Numbers
    intercept: float
    threshold: float

    @classmethod
    def load(cls, path: Path, signs: Sequence[str]) -> "Logistic":
        record = json.loads(path.read_text(encoding="utf-8"))
        assert record["signs"] == list(signs), "refit: python -m evals.training.fit_answers"
        coefficients = np.array(record["coefficients"])
        return cls(coefficients, record["intercept"], record["threshold"])

    def probability(self, row: Numbers) -> float:
        """Of signs in their order; 0 to 1."""
        return float(sigmoid(self.intercept + float(np.dot(row, self.coefficients))))


def in_order(signs: Sequence[str], values: Mapping[str, float]) -> Numbers:
    return np.array([float(values[name]) for name in signs])
