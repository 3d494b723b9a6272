import json
import math

import pytest

from rag.evidence.logistic import Logistic, in_order

SIGNS = ("near", "far")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "gate.json"
    record = {"signs": SIGNS, "coefficients": [2.0, -1.0], "intercept": 0.5, "threshold": 0.4}
    path.write_text(json.dumps(record), encoding="utf-8")
    return path


def test_the_probability_is_the_sigmoid_of_the_weighted_sum(path):
    model = Logistic.load(path, SIGNS)
    row = in_order(SIGNS, {"far": 3, "near": 1})
    assert row.tolist() == [1.0, 3.0]
    assert model.probability(row) == pytest.approx(1 / (1 + math.exp(0.5)))
    assert model.threshold == 0.4


def test_a_file_of_other_signs_is_no_model_of_these(path):
    with pytest.raises(AssertionError, match="refit"):
        Logistic.load(path, ("far", "near"))
