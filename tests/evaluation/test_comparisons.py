import json

import pytest

from rag.errors import BadRequest
from rag.evaluation.comparisons import compare, comparison_row, render_comparison
from rag.evaluation.folders import Run

from .fakes import make_row, make_setup

NAMES = ("runs/a", "runs/b")
MISSED = {"scores": {"facts": 0.0, "recall@1": 0.0}}
BEFORE = Run(
    make_setup(),
    (
        make_row("stays"),
        make_row("won", verdict="retrieval missed", **MISSED),
        make_row("lost"),
        make_row("lost too"),
        make_row("moved", verdict="answer missed", **MISSED),
        make_row("gone"),
    ),
)
AFTER = Run(
    make_setup(),
    (
        make_row("moved", verdict="refused", **MISSED),
        make_row("lost", verdict="refused", **MISSED),
        make_row("lost too", verdict="refused", **MISSED),
        make_row("won", verdict="cited elsewhere"),
        make_row("stays", ask_s=0.02),
        make_row("gone", question="asked otherwise?"),
    ),
)
FOUND = compare(BEFORE, AFTER, names=NAMES)


def test_questions_are_paired_by_id_and_words():
    assert FOUND.questions == 5


def test_won_and_lost_name_the_question_and_why():
    assert [(q.id, q.before, q.after) for q in FOUND.won] == [
        ("won", "retrieval missed", "cited elsewhere")
    ]
    assert [(q.id, q.before, q.after) for q in FOUND.lost] == [
        ("lost", "right", "refused"),
        ("lost too", "right", "refused"),
    ]


def test_moves_count_every_change_of_verdict_the_commonest_first():
    assert next(iter(FOUND.moves.items())) == (("right", "refused"), 2)
    assert FOUND.moves[("answer missed", "refused")] == 1
    assert sum(FOUND.moves.values()) == 4


def test_differences_are_of_the_questions_that_both_score():
    facts = FOUND.differences["facts"]
    assert (facts.n, facts.before, facts.after) == (5, 0.6, 0.4)
    assert FOUND.differences["passed"].gain == pytest.approx(-0.2)
    assert FOUND.differences["MRR"].n == 1  # the others lack it in one run
    assert FOUND.differences["ask ms"].gain == pytest.approx(2.0)
    assert "plans@1" not in FOUND.differences


def test_a_run_compared_with_itself_differs_nowhere():
    same = compare(BEFORE, BEFORE, names=NAMES)
    assert (same.won, same.lost, same.moves) == ((), (), {})
    assert {d.p for d in same.differences.values()} == {1.0}


def test_the_text_shows_differences_then_questions_then_moves():
    text = render_comparison(FOUND)
    assert "5 questions asked in both: runs/a (before), runs/b (after)" in text
    assert "facts                 5    0.600    0.400   -0.200" in text
    assert "won: 1\n  won        retrieval missed -> cited elsewhere: won?" in text
    assert "lost: 2\n" in text
    assert "    2  right -> refused" in text


def test_a_probability_too_small_to_show_is_not_shown_as_nought():
    names = [f"q{n}" for n in range(12)]
    before = Run(make_setup(), tuple(make_row(n, verdict="refused", **MISSED) for n in names))
    after = Run(make_setup(), tuple(map(make_row, names)))
    assert compare(before, after, names=NAMES).differences["facts"].p == 2 / 2**12
    (line,) = (
        line
        for line in render_comparison(compare(before, after, names=NAMES)).splitlines()
        if line.startswith("facts ")
    )
    assert line.endswith(" <0.001")


def test_a_comparison_is_json():
    row = comparison_row(FOUND)
    assert json.loads(json.dumps(row, allow_nan=False)) == row


def test_runs_of_other_questions_do_not_compare():
    other = Run(make_setup(), (make_row("else"),))
    with pytest.raises(BadRequest, match="runs/a and runs/b share no question"):
        compare(BEFORE, other, names=NAMES)
