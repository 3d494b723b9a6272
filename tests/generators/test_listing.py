import pytest

from rag.evidence.features import Asked
from rag.generators.listing import are_counted, list_headings

from .making import ask, equal_rarity, make_document

PLAN = (
    "一、总体目标。2030年前达峰。"
    "二、重点任务。全面实施能源、工业、交通等“碳达峰三大行动”。"
    "(一)能源转型行动。发展风电。(二)工业达峰行动。推进改造。(三)绿色交通行动。推广公交。"
    "三、组织实施。(一)加强统筹协调。建立机制。(二)强化责任落实。压实责任。"
)


def headings(question, text=PLAN, **fields):
    query, document = ask(question), make_document(text, **fields)
    return list_headings(query, [document], Asked(query, equal_rarity))


@pytest.mark.parametrize(
    "question",
    ["江苏碳达峰方案的重点任务有哪些?", "江苏“碳达峰三大行动”是哪三个?", "江苏的三大行动有哪些?"],
)
def test_the_headings_under_the_section_asked_for_are_listed_and_cited(question):
    statement = headings(question)
    assert statement.text.endswith("能源转型行动；工业达峰行动；绿色交通行动")
    quotes = [evidence.quote for evidence in statement.evidence]
    assert quotes == ["(一)能源转型行动。", "(二)工业达峰行动。", "(三)绿色交通行动。"]


@pytest.mark.parametrize(
    "question",
    [
        "江苏怎样发展风电?",  # asks for no list
        "江苏的海上风电基地有哪些?",  # no section of it
        "江苏的五大行动有哪些?",  # another number
    ],
)
def test_other_questions_get_no_headings(question):
    assert headings(question) is None


def test_a_brief_has_no_headings_of_its_own():
    assert headings("江苏碳达峰方案的重点任务有哪些?", kind="brief") is None


def test_the_section_that_fits_best_is_listed():
    assert "加强统筹协调" in headings("江苏碳达峰方案的组织实施有哪些要求?").text


def test_headings_of_the_number_and_the_kind_asked_for_are_all_there_is_to_say():
    question = "江苏的三大行动有哪些?"
    told = headings(question, PLAN.replace("“碳达峰三大行动”", "各项任务"))
    assert len(told.evidence) == 3
    assert are_counted(ask(question), told)
    assert not are_counted(ask("江苏碳达峰方案的重点任务有哪些?"), told)
    assert headings("江苏的三大工程有哪些?", PLAN.replace("“碳达峰三大行动”", "任务")) is None


def test_the_first_sections_of_a_plan_are_its_items_where_they_are_as_many_as_asked_for():
    text = "一、能源转型行动。发展风电。二、工业达峰行动。推进改造。三、组织实施。建立机制。"
    found = headings("江苏方案提出了哪两大行动?", text)
    assert [e.quote for e in found.evidence] == ["一、能源转型行动。", "二、工业达峰行动。"]
    assert headings("江苏方案提出了哪三大行动?", text) is None


def test_a_heading_that_runs_on_is_cut_after_the_noun_of_the_others():
    text = PLAN.replace(
        "(二)工业达峰行动。推进改造。", "(二)工业达峰行动工业对全省达峰有重要影响。推进改造。"
    )
    found = headings("江苏的三大行动有哪些?", text)
    assert [e.quote for e in found.evidence][1] == "(二)工业达峰行动"


def test_items_are_listed_for_a_question_in_another_language():
    found = headings("What are the three actions in Jiangsu's plan?")
    assert found.text.endswith("能源转型行动; 工业达峰行动; 绿色交通行动")
