"""How sure a figure is: bootstrap intervals, and paired comparisons of two runs. source: scipy.

Questions are drawn anew, with the same seed each time, so that a report of the same rows is the
same. An interval without width says that all questions agreed, not that the value is certain.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]
Floats = NDArray[np.float64]

CONFIDENCE = 0.95
_RESAMPLES = 1000  # the ends of an interval then wander by about a tenth of its width
_PERMUTATIONS = 9999
_SEED = 20221231
_BATCH = 250  # resamples held in memory at a time


class Difference(NamedTuple):
    """before, after: means over the `n` questions that both define. gain: after - before.

    low, high: 95 % bootstrap interval of the gain. p: two-sided paired randomisation test.
    """

    n: int
    before: float
    after: float
    gain: float
    low: float
    high: float
    p: float


def mean_interval(values: Sequence[float]) -> Interval | None:
    return _bootstrap((np.asarray(values, dtype=float),), np.mean)


def share_interval(met: Sequence[float], total: Sequence[float]) -> Interval | None:
    """Of sum(met) / sum(total), pairs drawn together; pairs of total 0 are left out."""
    pairs = [np.asarray(column, dtype=float) for column in (met, total)]
    counted = pairs[1] > 0
    return _bootstrap((pairs[0][counted], pairs[1][counted]), _ratio)


def quantile_interval(values: Sequence[float], share: float) -> Interval | None:
    """share: 0.5 for the median."""

    def quantile(sample: Floats, axis: int) -> Floats:
        return np.asarray(np.quantile(sample, share, axis=axis))

    return _bootstrap((np.asarray(values, dtype=float),), quantile)


def compare_paired(before: Sequence[float], after: Sequence[float]) -> Difference:
    """Value i of both belongs to the same question. source: scipy.stats.permutation_test, paired.

    Raises ValueError for no values.
    """
    first, second = (np.asarray(column, dtype=float) for column in (before, after))
    gains = second - first
    if not gains.size:
        raise ValueError("no question is scored in both runs")
    low, high = mean_interval(gains.tolist()) or (float(gains[0]), float(gains[0]))
    means = (float(first.mean()), float(second.mean()), float(gains.mean()))
    return Difference(gains.size, *means, low, high, _p_value(gains[gains != 0]))


def _p_value(changes: Floats) -> float:
    """How often a random choice of signs moves the sum at least as far; exact up to 13 changes."""
    from scipy.stats import permutation_test  # slow to load

    if changes.size < 2:  # of one change, either sign is as far
        return 1.0
    tested = permutation_test(
        (changes,), np.sum, permutation_type="samples", vectorized=True, batch=_BATCH,
        n_resamples=_PERMUTATIONS, rng=np.random.default_rng(_SEED),
    )  # fmt: skip
    return float(tested.pvalue)


def _ratio(met: Floats, total: Floats, axis: int) -> Floats:
    return np.asarray(met.sum(axis=axis) / total.sum(axis=axis))


def _bootstrap(data: tuple[Floats, ...], statistic: Callable[..., Any]) -> Interval | None:
    """The percentile interval; None for fewer than two questions, which nothing can be drawn of."""
    from scipy.stats import bootstrap

    if data[0].size < 2:
        return None
    found = bootstrap(
        data, statistic, method="percentile", paired=len(data) > 1, vectorized=True, batch=_BATCH,
        n_resamples=_RESAMPLES, confidence_level=CONFIDENCE, rng=np.random.default_rng(_SEED),
    ).confidence_interval  # fmt: skip
    return float(found.low), float(found.high)
