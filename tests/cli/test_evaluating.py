import json

import pytest

from .running import QUESTION, assert_fails

SET = {
    "id": "q1",
    "type": "fact",
    "lang": "zh",
    "question": QUESTION,
    "pages": [1],
    "must": [["2800万千瓦"]],
}


def test_eval_scores_a_question_set_and_keeps_the_rows(rag, built, tmp_path):
    (tmp_path / "set.jsonl").write_text(json.dumps(SET, ensure_ascii=False), encoding="utf-8")
    ran = rag("eval", "set.jsonl", "--json", "--out", "reports/mine", "--index", built)
    assert (ran.code, ran.err) == (0, "")
    summary = json.loads(ran.out)
    assert summary["all"]["n"] == 1
    assert summary["zh"]["facts"] == summary["zh"]["recall@1"] == 1
    assert json.loads((tmp_path / "reports/mine/summary.json").read_text()) == summary
    rows = (tmp_path / "reports/mine/rows.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(row)["id"] for row in rows] == ["q1"]
    assert "# set.jsonl over " in (tmp_path / "reports/mine/summary.md").read_text("utf-8")
    assert "<!doctype html>" in (tmp_path / "reports/mine/report.html").read_text("utf-8")
    table = rag("eval", "set.jsonl", "--index", built)
    assert "recall@1" in table.out
    assert not table.err  # no bar where nobody watches


LIMITS = ("--fail-under", "recall@5=0.9", "--fail-over", "zh:violations=0")


def write_sets(folder):
    """The question, and one that the page number makes a miss."""
    lines = [json.dumps(SET | change, ensure_ascii=False) for change in ({}, {"id": "q2"})]
    (folder / "right.jsonl").write_text("\n".join(lines), encoding="utf-8")
    missed = json.dumps(SET | {"id": "q2", "pages": [99]}, ensure_ascii=False)
    (folder / "missed.jsonl").write_text(f"{lines[0]}\n{missed}", encoding="utf-8")


def test_eval_fails_by_name_value_and_need_where_a_limit_is_missed(rag, built, tmp_path):
    write_sets(tmp_path)
    assert rag("eval", "right.jsonl", *LIMITS, "--index", built).code == 0
    ran = rag("eval", "missed.jsonl", *LIMITS, "--json", "--index", built)
    assert (ran.code, ran.err) == (3, "rag: recall@5 is 0.500, at least 0.9 is needed\n")
    assert json.loads(ran.out)["all"]["recall@5"] == 0.5


def test_a_limit_that_is_none_fails_before_anything_is_asked(rag, built, tmp_path):
    write_sets(tmp_path)
    ran = rag("eval", "right.jsonl", "--fail-under", "recall@5", "--out", "r", "--index", built)
    assert_fails(ran, "'recall@5' is no limit")
    assert not (tmp_path / "r").exists()


def test_eval_does_not_go_on_with_a_changed_set_unless_told_to(rag, built, tmp_path):
    write_sets(tmp_path)
    assert rag("eval", "right.jsonl", "--out", "r", "--index", built).code == 0
    (tmp_path / "missed.jsonl").rename(tmp_path / "right.jsonl")
    again = ("eval", "right.jsonl", "--out", "r", "--index", built)
    assert_fails(rag(*again), "r holds a run with another question set", "--fresh")
    assert rag(*again, "--fresh").code == 0


def test_compare_names_what_was_won_and_lost(rag, built, tmp_path):
    write_sets(tmp_path)
    for name in ("right", "missed"):
        rag("eval", f"{name}.jsonl", "--out", name, "--index", built)
    told = rag("compare", "right", "missed")
    assert (told.code, told.err) == (0, "")
    assert "recall@5              2    1.000    0.500   -0.500" in told.out
    assert "    1  right -> cited elsewhere" in told.out
    row = json.loads(rag("compare", "right", "right", "--json").out)
    assert (row["questions"], row["won"], row["lost"]) == (2, [], [])
    assert_fails(rag("compare", "right", "nosuch"), "there is no run at nosuch")


@pytest.mark.parametrize("line", ["{", '{"id": "q1"}', ""])
def test_a_question_set_that_cannot_be_used_fails_in_one_line(rag, built, tmp_path, line):
    (tmp_path / "set.jsonl").write_text(line)
    assert_fails(rag("eval", "set.jsonl", "--index", built), "set.jsonl")


def test_a_report_that_cannot_be_written_fails_in_one_line(rag, built, tmp_path):
    (tmp_path / "set.jsonl").write_text(json.dumps(SET))
    (tmp_path / "file.txt").write_text("years of work")
    ran = rag("eval", "set.jsonl", "--out", "file.txt", "--index", built)
    assert_fails(ran, "file.txt can't be made a folder (File exists)", "--out evals/reports/mine")
    assert (tmp_path / "file.txt").read_text() == "years of work"
