"""Boosted decision trees from plain data, evaluated with numpy.

source: Friedman 2001, "Greedy Function Approximation: A Gradient Boosting Machine".
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.types import Vectors

Numbers = NDArray[np.float64]


class Trees:
    """A sum of trees on a scale of log-odds.

    trees: of each tree its nodes, the root first, as [feature, threshold, left, right, value]; a
    row goes left where its feature is at most the threshold. A leaf has left = right = 0.
    """

    def __init__(self, baseline: float, trees: Sequence[Sequence[Sequence[float]]]) -> None:
        longest = max(map(len, trees), default=1)
        nodes = np.zeros((len(trees), longest, 5))
        for row, tree in enumerate(trees):
            nodes[row, : len(tree)] = tree
        self._baseline = baseline
        self._features = nodes[:, :, 0].astype(np.int64)
        self._thresholds, self._values = nodes[:, :, 1], nodes[:, :, 4]
        self._children = nodes[:, :, 2:4].astype(np.int64)
        self._depth = longest // 2  # no path is longer: every inner node has two children

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Trees":
        """From what the training script wrote: a "baseline" and "trees"."""
        return cls(record["baseline"], record["trees"])

    def probabilities(self, rows: Numbers) -> Numbers:
        """rows: (n, features). Returns (n,), each 0 to 1."""
        return np.asarray(sigmoid(self.log_odds(rows)))

    def log_odds(self, rows: Numbers | Vectors) -> Numbers:
        """rows: (n, features). Returns (n,)."""
        at = np.zeros((len(rows), len(self._values)), dtype=np.int64)
        tree = np.arange(len(self._values))
        each = np.arange(len(rows))[:, None]
        for _ in range(self._depth):
            right = rows[each, self._features[tree, at]] > self._thresholds[tree, at]
            below = self._children[tree, at, right.astype(np.int64)]
            if not below.any():
                break
            at = np.where(below > 0, below, at)
        return np.asarray(self._baseline + self._values[tree, at].sum(axis=1))


def sigmoid(log_odds: Numbers | float) -> Numbers:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(log_odds, -60.0, 60.0))))
