import json

import pytest

from rag.evaluation.folders import Run
from rag.evaluation.reports import (
    judge_note,
    render,
    render_markdown,
    summarise,
    title_groups,
    told_settings,
)

from .fakes import cited, make_row, make_setup

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


def test_groups_are_all_types_languages_by_size_chinese_types_documents():
    assert list(summarise(ROWS)) == [
        *("all", "answerable", "fact", "compare", "unanswerable", "zh", "en"),
        *("zh fact", "zh compare", "zh unanswerable", "document d"),
    ]


def test_each_group_counts_its_questions():
    counts = {name: columns["n"] for name, columns in summarise(ROWS).items()}
    assert counts["all"] == 4
    assert counts["answerable"] == 3
    assert (counts["zh"], counts["en"], counts["zh fact"]) == (3, 1, 1)


def test_a_question_that_nothing_is_known_of_is_not_among_the_answerable():
    rows = (*ROWS, make_row(type="unlabelled", pages=(), must=(), works=()))
    assert summarise(rows)["answerable"]["n"] == 3


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
    assert render({}) == "no question"


def test_every_figure_has_an_interval_around_it_where_one_can_be_drawn():
    every = summarise(ROWS)["all"]
    for name in ("facts", "MRR", "on page", "median chars", "ask p95 ms"):
        low, high = every["95 %"][name]
        assert low <= every[name] <= high
    assert every["95 %"]["MRR"] == [0.5, 1.0]
    assert "refused right" not in every["95 %"]  # of one question
    assert "violations" not in every["95 %"]


def test_documents_are_groups_of_their_own_with_intervals():
    rows = (make_row(works=("b", "a")), make_row(works=("b",), scores={}), make_row(works=()))
    summary = summarise(rows)
    titled = title_groups(summary, {"b": "B plan"}, documents=True)
    assert {name: columns["n"] for name, columns in titled.items()} == {"a": 1, "b B plan": 2}
    assert "median chars" in titled["b B plan"]["95 %"]
    assert list(title_groups(summary, {}, documents=False)) == list(summary)[:-2]


def test_settings_that_choose_nothing_are_not_told():
    values = {"generator": "embedded", "chunk_chars": "None", "downloads": "False", "model": ""}
    setup = make_setup(settings=values | {"context_tokens": "0", "batch_size": "64"})
    assert told_settings(setup) == {"generator": "embedded", "batch_size": "64"}


def test_the_text_begins_with_all_figures_and_has_three_aligned_tables():
    figures, *tables = (part.splitlines() for part in render(summarise(ROWS)).split("\n\n"))
    assert [line.split()[:2] for line in figures[:3]] == [
        ["n", "4"],
        ["recall@1", "0.500"],
        ["MRR", "0.750"],
    ]
    assert figures[1].endswith("0.000 to 1.000")
    assert [len(table) for table in tables] == [11, 11, 11]
    assert all(len({len(line) for line in table}) == 1 for table in tables)
    ranks, answers, costs = tables
    assert "recall@1" in ranks[0]
    assert " ".join(ranks[1].split()) == "all 4 0.500 - - 0.750 - - 1.000 -"
    assert " ".join(answers[1].split()) == "all 4 0.667 1.000 - 0.500 - - - - 0.667"
    assert " ".join(costs[1].split()) == "all 4 2 1 0 10 15 28.5 1 1"
    assert ranks[5].split()[:3] == ["unanswerable", "1", "-"]


@pytest.mark.parametrize(
    ("setup", "told"),
    [
        ({"load": 0.4}, "measured in one process, one question at a time. Index"),
        ({"workers": 2}, "with 2 processes asking at once, so above those of one. Index"),
        ({"load": 3.5}, "at a time; 3.5 other processes a core wanted to run as well. Index"),
    ],
)
def test_markdown_names_the_run_and_how_its_times_were_taken(setup, told):
    run = Run(make_setup(**setup), ROWS)
    text = render_markdown(run, summarise(ROWS))
    assert text.startswith("# set.jsonl over indexes/a\n")
    assert told in text
    assert "| MRR | 0.750 | 0.500 to 1.000 |" in text
    assert "| fact | 2 | - | 0.750 (0.500 to 1.000) | 0.500 (0.000 to 1.000) |" in text
    assert "| d d plan | 3 | - | 0.750 (0.500 to 1.000) |" in text
    assert "judged by" not in text
    assert "| right | 4 | every expected fact is stated" in text


def test_the_judge_of_the_citations_is_named():
    row = make_row(scores={"citation recall": 1.0, "citation precision": 0.5}, judge="some/NLI")
    told = "Citation recall and precision are judged by some/NLI."
    assert f"\n{told}\n" in render_markdown(Run(make_setup(), (row,)), summarise([row]))
    assert judge_note([row, row]) == told
    assert "words that statement and quote share" in judge_note([make_row(judge="lexical")])
    assert judge_note([make_row()]) == ""
