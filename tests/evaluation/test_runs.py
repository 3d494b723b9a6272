import json
from dataclasses import asdict

import pytest

from rag.evaluation.questions import Question
from rag.evaluation.runs import run

from .fakes import PageAssistant, make_document

NORTH = make_document("north", "energy falls 15% ", "solar reaches 80 GW", first=31)
SOUTH = make_document("south", "energy falls 13%", first=71)
FACT = Question("a", "fact", "en", "how far does north solar go", (32,), (("80",),))
MISSED = Question("b", "fact", "en", "price of bread", (31,), (("15%",),))
COMPARE = Question("c", "compare", "en", "energy falls", (31, 32, 71), (("15%",), ("13%",)))
UNANSWERABLE = Question("d", "unanswerable", "zh", "面包价格")


@pytest.fixture
def assistant():
    return PageAssistant([NORTH, SOUTH])


def run_one(assistant, question):
    (row,) = run(assistant, [question], documents=[NORTH, SOUTH])
    return row


def test_a_fact_row_holds_answer_citation_and_scores(assistant):
    row = run_one(assistant, FACT)
    assert (row.id, row.type, row.lang, row.question) == ("a", "fact", "en", FACT.text)
    assert (row.answer, row.chars, row.refused) == ("solar reaches 80 GW[1]", 22, False)
    assert asdict(row.citations[0]) == {
        "marker": 1,
        "document": "north",
        "title": "north plan",
        "pages": (32,),
        "quote": "solar reaches 80 GW",
        "start": 17,
        "end": 36,
        "on_page": True,
    }
    assert row.scores == {
        "facts": 1.0,
        "false refusals": 0.0,
        "recall@1": 1.0,
        "recall@5": 1.0,
        "recall@10": 1.0,
        "MRR": 1.0,
    }
    assert (row.missing_facts, row.citation_violations, row.stray_figures) == ((), (), ())
    assert row.ask_s > 0
    assert row.search_s > 0


def test_a_false_refusal_scores_nothing(assistant):
    row = run_one(assistant, MISSED)
    assert row.refused
    assert row.missing_facts == (("15%",),)
    assert (row.scores["false refusals"], row.scores["facts"], row.scores["MRR"]) == (1, 0, 0)


def test_a_compare_row_scores_all_plans_with_the_pages_of_a_work_together(assistant):
    scores = run_one(assistant, COMPARE).scores
    assert [scores[f"plans@{k}"] for k in (1, 5, 10)] == [0.0, 1.0, 1.0]
    assert scores["facts"] == 0.0


def test_an_unanswerable_row_scores_its_refusal_alone(assistant):
    assert run_one(assistant, UNANSWERABLE).scores == {"refused right": 1.0}


def test_citations_of_an_unanswerable_question_are_neither_on_nor_off_the_page(assistant):
    row = run_one(assistant, Question("e", "unanswerable", "en", "solar in 2099"))
    assert row.scores == {"refused right": 0.0}
    assert row.citations[0].on_page is None


def test_the_first_question_is_asked_once_more_to_warm_up(assistant):
    run(assistant, [FACT, MISSED])
    assert assistant.asked == [FACT.text, FACT.text, MISSED.text]


def test_rows_come_in_the_order_of_the_questions(assistant):
    rows = run(assistant, [COMPARE, FACT, UNANSWERABLE])
    assert [row.id for row in rows] == ["c", "a", "d"]


def test_no_questions_give_no_rows(assistant):
    assert run(assistant, []) == ()


def test_rows_are_written_as_json_lines_one_by_one(assistant, tmp_path):
    out = tmp_path / "reports" / "run.jsonl"
    written = []
    rows = run(
        assistant,
        [FACT, UNANSWERABLE],
        out=out,
        on_row=lambda row: written.append((row.id, out.read_text("utf-8").count("\n"))),
    )
    assert written == [("a", 1), ("d", 2)]
    lines = out.read_text("utf-8").splitlines()
    assert lines == [json.dumps(asdict(row), ensure_ascii=False) for row in rows]
    assert "面包价格" in lines[1]
