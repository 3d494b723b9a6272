import json

import pytest

from rag.evaluation.reports import render, summarise
from rag.evaluation.runs import CitedRow, Row


def cited(*, on_page):
    return CitedRow(1, "d", "D", (1,), "q", 0, 1, on_page)


def make_row(type="fact", lang="zh", **changes):
    values = {
        "question": "?",
        "answer": "!",
        "refused": False,
        "citations": (),
        "scores": {"facts": 1.0, "false refusals": 0.0, "recall@1": 1.0, "MRR": 1.0},
        "missing_facts": (),
        "citation_violations": (),
        "stray_figures": (),
        "chars": 10,
        "ask_s": 0.010,
        "search_s": 0.001,
    }
    return Row(id="x", type=type, lang=lang, **values | changes)


ROWS = (
    make_row(citations=(cited(on_page=True), cited(on_page=True)), chars=100),
    make_row(
        lang="en",
        citations=(cited(on_page=False),),
        scores={"facts": 0.0, "false refusals": 1.0, "recall@1": 0.0, "MRR": 0.5},
        citation_violations=("a", "b"),
        ask_s=0.030,
    ),
    make_row(type="compare", scores={"facts": 1.0, "plans@5": 1.0}, stray_figures=("5",)),
    make_row(
        type="unanswerable",
        scores={"refused right": 1.0},
        citations=(cited(on_page=None),),
        ask_s=0.020,
    ),
)


def test_groups_are_all_then_types_then_languages_by_size_then_chinese_types():
    assert list(summarise(ROWS)) == [
        *("all", "answerable", "fact", "compare", "unanswerable", "zh", "en"),
        *("zh fact", "zh compare", "zh unanswerable"),
    ]


def test_each_group_counts_its_questions():
    counts = {name: columns["n"] for name, columns in summarise(ROWS).items()}
    assert counts["all"] == 4
    assert counts["answerable"] == 3
    assert (counts["zh"], counts["en"], counts["zh fact"]) == (3, 1, 1)


def test_scores_are_means_over_the_questions_they_are_defined_for():
    every = summarise(ROWS)["all"]
    assert every["facts"] == pytest.approx(2 / 3)
    assert every["recall@1"] == pytest.approx(1 / 2)
    assert every["MRR"] == pytest.approx(3 / 4)
    assert every["plans@5"] == every["refused right"] == 1.0
    assert every["false refusals"] == pytest.approx(1 / 2)


def test_faults_are_totals_and_on_page_a_share_of_citations():
    every = summarise(ROWS)["all"]
    assert (every["violations"], every["stray figures"]) == (2, 1)
    assert every["on page"] == pytest.approx(2 / 3)  # the unanswerable one's is left out


def test_times_are_milliseconds_at_the_median_and_the_95th_percentile():
    every = summarise(ROWS)["all"]
    assert every["ask p50 ms"] == pytest.approx(15)  # of 10, 10, 20, 30
    assert every["ask p95 ms"] == pytest.approx(28.5)  # 0.85 of the way from 20 to 30
    assert every["search p95 ms"] == pytest.approx(1)
    assert every["median chars"] == 10


def test_a_value_that_is_not_defined_is_none():
    refusals = summarise(ROWS)["unanswerable"]
    assert refusals["facts"] is refusals["MRR"] is refusals["on page"] is None
    assert refusals["refused right"] == 1.0


def test_a_summary_is_json():
    summary = summarise(ROWS)
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_no_rows_give_an_empty_summary():
    assert summarise(()) == {}


def test_the_text_has_two_aligned_tables_with_a_line_a_group():
    above, below = (part.splitlines() for part in render(summarise(ROWS)).split("\n\n"))
    assert len(above) == len(below) == 11
    assert {len({len(line) for line in part}) for part in (above, below)} == {1}
    assert "recall@1" in above[0]
    assert "ask p95 ms" in below[0]
    assert " ".join(above[1].split()) == "all 4 0.500 - - 0.750 - 1.000 - 0.667 1.000 0.500 - -"
    assert " ".join(below[1].split()) == "all 4 2 1 0.667 0 10.0 15.0 28.5 1.0 1.0"
    assert above[5].split()[:3] == ["unanswerable", "1", "-"]
