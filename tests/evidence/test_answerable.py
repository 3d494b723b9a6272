import numpy as np
import pytest
from generators.making import ask, equal_rarity, make_document, make_hit, make_ranker
from hypothesis import given
from hypothesis import strategies as st

from rag.evidence.answerable import FALLING, RISING, SIGNS, estimate, model, signs

SHARE = "2030年非化石能源消费比重达到多少?"


def offered(question, text):
    """The query, and the units of a document that is asked."""
    query = ask(question)
    return query, make_ranker().rank(query, [make_hit(make_document(text))])


def chance(question, text):
    return estimate(*offered(question, text), equal_rarity)


def sign(name, question, text):
    return signs(*offered(question, text), equal_rarity)[SIGNS.index(name)]


def test_nothing_found_answers_nothing():
    assert estimate(ask(SHARE), [], equal_rarity) == 0.0


def test_the_question_in_the_texts_own_words_is_answered():
    assert chance(SHARE, "到2030年,非化石能源消费比重达到25%左右。") >= model().threshold


@pytest.mark.parametrize("question", ["森林覆盖率是多少?", "能耗下降多少?", SHARE])
def test_a_text_on_something_else_gives_no_figure_asked_for(question):
    text = "建设海上风电基地。近海风电装机达到260万千瓦。"
    assert chance(question, text) < model().threshold


def test_a_figure_of_another_unit_is_doubted():
    text = "到2030年,风电装机达到{}。"
    question = "2030年风电装机达到多少万千瓦?"
    assert chance(question, text.format("2500万千瓦")) > chance(question, text.format("25%"))


@given(st.lists(st.floats(0, 1), min_size=len(SIGNS), max_size=len(SIGNS)), st.data())
def test_more_support_never_makes_an_answer_less_likely(values, data):
    name = data.draw(st.sampled_from(sorted(RISING | FALLING)))
    less, more = np.array(values), np.array(values)
    more[SIGNS.index(name)] += data.draw(st.floats(0, 1))
    low, high = (less, more) if name in RISING else (more, less)
    assert model().probability(low) <= model().probability(high)


def test_the_signs_say_what_the_best_unit_holds_and_lacks():
    text = "到2030年,非化石能源消费比重达到25%。森林覆盖率稳步提高。"
    assert sign("content_with_figure", SHARE, text) > 0.8
    assert sign("unknown", SHARE, text) < 0.2
    assert sign("missing", "抽水蓄能的补偿机制是什么?", text) == 1.0
    assert sign("year_met", SHARE, text) == 1.0
    assert sign("asks_unit", "抽水蓄能?", text) == 0.0


def test_what_asks_for_no_figure_is_not_judged_here():
    assert chance("怎样建设海上风电基地?", "森林覆盖率稳步提高。") == 1.0
