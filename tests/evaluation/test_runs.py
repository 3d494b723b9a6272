from dataclasses import asdict, replace

import pytest

from rag.evaluation.questions import Question
from rag.evaluation.rows import read_row, write_row
from rag.evaluation.runs import run, run_parallel

from .fakes import PageAssistant, make_answer, make_citation, make_document, make_hit

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
        "nDCG@10": 1.0,
        "right language": 1.0,
        "cited page": 1.0,
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
    assert run_one(assistant, UNANSWERABLE).scores == {
        "refused right": 1.0,
        "refusal precision": 1.0,
        "right language": 0.0,  # asked in Chinese, refused in English
    }


def test_citations_of_an_unanswerable_question_are_neither_on_nor_off_the_page(assistant):
    row = run_one(assistant, Question("e", "unanswerable", "en", "solar in 2099"))
    assert row.scores == {"refused right": 0.0, "right language": 1.0}
    assert row.citations[0].on_page is None


def test_the_first_question_is_asked_once_more_to_warm_up(assistant):
    run(assistant, [FACT, MISSED])
    assert assistant.asked == [FACT.text, FACT.text, MISSED.text]


def test_rows_come_in_the_order_of_the_questions(assistant):
    rows = run(assistant, [COMPARE, FACT, UNANSWERABLE])
    assert [row.id for row in rows] == ["c", "a", "d"]


def test_no_questions_give_no_rows(assistant):
    assert run(assistant, []) == ()


def test_each_row_is_told_as_it_comes(assistant):
    told = []
    rows = run(assistant, [FACT, UNANSWERABLE], on_row=told.append)
    assert tuple(told) == rows


def untimed(rows):
    return [replace(row, ask_s=0, search_s=0) for row in rows]


def open_both():
    return PageAssistant([NORTH, SOUTH]), None


def test_several_processes_give_the_same_rows_in_the_same_order(assistant):
    questions = [COMPARE, FACT, MISSED, UNANSWERABLE]
    told = []
    rows = run_parallel(
        open_both, questions, documents=[NORTH, SOUTH], workers=2, on_row=told.append
    )
    assert untimed(rows) == untimed(run(assistant, questions, documents=[NORTH, SOUTH]))
    assert sorted(row.id for row in told) == ["a", "b", "c", "d"]


def test_what_stops_one_question_stops_the_run():
    def stop(row):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_parallel(open_both, [FACT, MISSED], workers=1, on_row=stop)


# rows


@pytest.mark.parametrize("question", [FACT, MISSED, COMPARE, UNANSWERABLE])
def test_a_row_comes_back_from_its_line(assistant, question):
    row = run_one(assistant, question)
    line = write_row(row)
    assert line.count("\n") == 1
    assert read_row(line) == row


@pytest.mark.parametrize("line", ["", "{", "[]", "{}", '{"id": "a"}'])
def test_another_line_is_no_row(line):
    with pytest.raises((ValueError, TypeError, KeyError)):
        read_row(line)


def test_a_row_keeps_what_was_expected_and_of_which_work(assistant):
    row = run_one(assistant, COMPARE)
    assert (row.pages, row.must, row.works) == (COMPARE.pages, COMPARE.must, ("north", "south"))
    assert row.can_be_answered is True
    assert run_one(assistant, UNANSWERABLE).can_be_answered is False


def test_a_question_without_pages_or_facts_counts_for_neither(assistant):
    row = run_one(assistant, Question("f", "unlabelled", "en", "how far does solar go"))
    assert row.scores == {"right language": 1.0}
    assert (row.verdict, row.can_be_answered) == ("unjudged", None)
    only_page = run_one(assistant, Question("g", "fact", "en", "how far does solar go", (32,)))
    assert (only_page.scores["recall@1"], only_page.verdict) == (1.0, "unjudged")
    assert "facts" not in only_page.scores


# verdicts


@pytest.mark.parametrize(
    ("question", "verdict"),
    [
        (FACT, "right"),
        (replace(FACT, pages=(31,), must=(("80",),)), "cited elsewhere"),
        (replace(FACT, must=(("81",),)), "answer missed"),
        (replace(FACT, pages=(99,), must=(("81",),)), "retrieval missed"),
        (MISSED, "refused"),
        (UNANSWERABLE, "right"),
        (Question("e", "unanswerable", "en", "solar in 2099"), "not refused"),
    ],
)
def test_the_verdict_says_what_became_of_a_question(assistant, question, verdict):
    assert run_one(assistant, question).verdict == verdict


class Marred:
    """Answers with a text and a citation of its own choosing."""

    def __init__(self, text, **changes):
        citation = replace(make_citation(NORTH, "solar reaches 80 GW"), **changes)
        self._answer = make_answer(text, citation)

    def ask(self, question):
        return self._answer

    def search(self, question, *, top_k):
        return (make_hit(NORTH, 32),)


def test_a_broken_citation_outweighs_a_right_fact():
    row = run_one(Marred("80 GW[1]", quote="81 GW"), FACT)
    assert row.verdict == "cited wrongly"
    assert row.scores["facts"] == 1.0


def test_a_right_answer_that_is_too_long_is_told_so():
    assert run_one(Marred("80 GW[1]" + "x" * 500), FACT).verdict == "too long"


# answers worked out together, and a judge


class Strict:
    """Bears out what is quoted word for word."""

    name = "strict"

    def supports(self, statement, passages):
        return any(statement in passage for passage in passages)


def test_a_judge_scores_the_citations_and_is_named(assistant):
    (row,) = run(assistant, [FACT], judge=Strict())
    assert row.scores["citation recall"] == row.scores["citation precision"] == 1.0
    assert row.judge == "strict"
    assert run_one(assistant, FACT).judge == ""


def test_answers_that_are_there_are_not_asked_for_again(assistant):
    given = replace(make_answer("80[1]"), timings_s={"total": 0.25})
    (row,) = run(assistant, [FACT], answers=iter([given]))
    assert (row.answer, row.ask_s, assistant.asked) == ("80[1]", 0.25, [])
