import pytest

from rag.evidence.units import Unit
from rag.generators.verdicts import find_verdict

from .making import ask, make_document

BAN = "严禁新建燃煤自备电厂。"
LEAVE = "允许符合条件的企业建设自备电厂。"


def verdict(question, text, score=0.9, **fields):
    return find_verdict(
        ask(question), Unit(make_document(text, **fields), 0, len(text), 0, 0, 0, score=score)
    )


@pytest.mark.parametrize(
    ("question", "text", "said"),
    [
        ("江苏能不能新建燃煤自备电厂?", BAN, "forbidden"),
        ("江苏可以建自备电厂吗?", LEAVE, "allowed"),
        ("May Jiangsu build new captive coal plants?", BAN, "forbidden"),
        ("Is it allowed to build them?", "New plants are banned.", "forbidden"),
    ],
)
def test_what_the_text_says_in_plain_words_is_the_verdict(question, text, said):
    language = "zh" if text in (BAN, LEAVE) else "en"
    assert verdict(question, text, language=language) == said


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("江苏怎样管自备电厂?", BAN),  # asks no yes or no
        ("江苏是不是禁止新建,能不能改造?", BAN),  # yes to a ban is no
        ("江苏能不能新建燃煤自备电厂?", "推动自备电厂改造。"),
        ("江苏能不能新建燃煤自备电厂?", "严禁新建,允许改造。"),  # both
        ("Darf Jiangsu neue Kraftwerke bauen?", BAN),  # no words known
    ],
)
def test_where_the_text_or_the_question_is_not_plain_there_is_none(question, text):
    assert verdict(question, text) == ""


def test_a_sentence_that_may_be_of_something_else_gives_none():
    assert verdict("江苏能不能新建燃煤自备电厂?", BAN, score=0.3) == ""


def test_what_is_asked_about_is_mentioned():
    assert verdict("江苏有没有提到自备电厂?", BAN) == "mentioned"
    assert verdict("江苏有没有提到核电站?", BAN) == ""
    assert verdict("江苏有没有提碳税?", "落实低碳税收政策。") == ""
    assert verdict("江苏有没有提到氢能?", "推进氢能、储能发展。") == "mentioned"
    assert verdict("江苏有没有提到碳关税?", "降低关税。") == ""
