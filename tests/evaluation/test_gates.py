import pytest

from rag.errors import BadRequest
from rag.evaluation.gates import Gate, find_failures, read_gate

SUMMARY = {
    "all": {"recall@5": 0.894, "violations": 1, "facts": None, "95 %": {}},
    "zh fact": {"recall@5": 0.99, "violations": 0, "facts": 0.5, "95 %": {}},
}


@pytest.mark.parametrize(
    ("text", "gate"),
    [
        ("recall@5=0.9", Gate("all", "recall@5", 0.9)),
        ("zh fact:facts=1", Gate("zh fact", "facts", 1.0)),
        (" stray figures = 0", Gate("all", "stray figures", 0.0)),
    ],
)
def test_a_limit_is_read(text, gate):
    assert read_gate(text) == gate


@pytest.mark.parametrize("text", ["recall@5", "=0.9", "recall@5=high", "recall@5=nan", ""])
def test_another_text_is_no_limit(text):
    with pytest.raises(BadRequest, match="is no limit; write METRIC=NUMBER"):
        read_gate(text)


@pytest.mark.parametrize(
    ("text", "is_ceiling", "failures"),
    [
        ("recall@5=0.894", False, []),
        ("recall@5=0.9", False, ["recall@5 is 0.894, at least 0.9 is needed"]),
        ("zh fact:recall@5=0.9", False, []),
        ("zh fact:facts=0.6", False, ["zh fact: facts is 0.500, at least 0.6 is needed"]),
        ("violations=0", True, ["violations is 1, at most 0 is needed"]),
        ("violations=1", True, []),
        ("facts=0", False, ["facts is without a value, at least 0 is needed"]),
    ],
)
def test_what_misses_its_limit_is_named_with_value_and_need(text, is_ceiling, failures):
    gate = read_gate(text, is_ceiling=is_ceiling)
    assert list(find_failures(SUMMARY, [gate])) == failures


@pytest.mark.parametrize(
    ("text", "told"),
    [("recal=1", "no metric 'recal'; one of recall@5, "), ("de:facts=1", "no group 'de'")],
)
def test_a_limit_that_no_run_has_is_told(text, told):
    with pytest.raises(BadRequest, match=told):
        list(find_failures(SUMMARY, [read_gate(text)]))
