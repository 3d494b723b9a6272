import numpy as np
import pytest

from rag.evaluation import intervals


def test_a_mean_lies_within_its_interval_and_near_the_normal_one():
    values = [1.0] * 80 + [0.0] * 20
    low, high = intervals.mean_interval(values)
    assert low == pytest.approx(0.8 - 1.96 * 0.04, abs=0.02)
    assert high == pytest.approx(0.8 + 1.96 * 0.04, abs=0.02)


def test_the_same_values_give_the_same_interval():
    values = np.linspace(0, 1, 37).tolist()
    assert intervals.mean_interval(values) == intervals.mean_interval(values)


def test_equal_values_give_an_interval_without_width():
    assert intervals.mean_interval([1.0, 1.0, 1.0]) == (1.0, 1.0)


@pytest.mark.parametrize("values", [[], [0.5]])
def test_nothing_can_be_drawn_of_fewer_than_two(values):
    assert intervals.mean_interval(values) is None


def test_a_share_of_all_is_drawn_by_question_and_not_by_citation():
    # ten citations of one question all right, one each of ten questions all wrong
    met, total = [10] + [0] * 10, [10] + [1] * 10
    low, high = intervals.share_interval(met, total)
    assert low == 0.0
    assert high > 0.6  # of single citations drawn alone it would stay near a half
    assert intervals.share_interval([*met, 0], [*total, 0]) == (low, high)


def test_a_quantile_lies_within_its_interval():
    values = list(range(101))
    low, high = intervals.quantile_interval(values, 0.95)
    assert low < 95 < high
    assert low > 85
    assert high <= 100


def test_a_difference_is_that_of_pairs():
    found = intervals.compare_paired([0, 0, 1, 1], [1, 1, 1, 0])
    assert (found.n, found.before, found.after, found.gain) == (4, 0.5, 0.75, 0.25)
    assert found.low < 0.25 < found.high


def test_the_test_of_signs_is_exact_for_few_changes():
    # five gains of five: 2 of the 32 choices of signs are as far from none
    assert intervals.compare_paired([0] * 5 + [1], [1] * 6).p == pytest.approx(2 / 32)
    assert intervals.compare_paired([0, 1, 1], [1, 0, 1]).p == 1.0
    assert intervals.compare_paired([1, 0], [1, 0]).p == 1.0


def test_many_changes_one_way_are_no_chance():
    before = [0.0] * 40
    assert intervals.compare_paired(before, [1.0] * 30 + [0.0] * 10).p < 0.001


def test_runs_without_a_common_question_do_not_compare():
    with pytest.raises(ValueError, match="no question"):
        intervals.compare_paired([], [])
