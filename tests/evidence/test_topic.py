import pytest
from generators.making import PLAN, ask, make_document, make_hit, make_ranker
from hypothesis import given
from hypothesis import strategies as st

from rag.evidence.topic import FALLING, RISING, SIGNS, estimate, model, signs


def found(question, text=PLAN, score=0.1):
    """What `estimate` is given of one document; score: little, as of a question without its words.

    Its own search would score it higher the more of the question's words it holds.
    """
    query, hits = ask(question), [make_hit(make_document(text), score)]
    return query, hits, make_ranker().rank(query, hits)


def test_nothing_found_treats_nothing():
    assert estimate(ask("风电?"), [], []) == 0.0


@pytest.mark.parametrize(
    "question",
    [
        "江苏2030年非化石能源消费比重达到多少?",
        "怎样建设海上风电基地?",
        "风力发电在海上怎么搞?",
    ],
)
def test_what_a_text_treats_is_treated(question):
    assert estimate(*found(question, score=0.3)) >= model().threshold


@pytest.mark.parametrize(
    "question",
    [
        "感冒了应该吃什么药?",
        "红楼梦的作者是谁?",
        "江苏最好吃的菜是什么?",
        "Who won the World Cup in 2018?",
        "Comment faire cuire du pain ?",
        "Кто написал «Войну и мир»?",
        "パンの焼き方を教えてください。",
    ],
)
def test_what_no_text_is_about_is_not(question):
    assert estimate(*found(question)) < model().threshold


def test_the_signs_are_those_of_the_nearest_unit_and_the_best_hit():
    query, hits, units = found("怎样建设海上风电基地?", score=0.7)
    row = dict(zip(SIGNS, signs(query, hits, units), strict=True))
    assert row["cosine"] == max(unit.cosine for unit in units)
    assert (row["score"], row["foreign"]) == (0.7, 0.0)
    english = found("How are offshore wind bases built?", score=0.7)
    assert signs(*english)[SIGNS.index("foreign")] == 1.0
    assert row["foreign_known"] == 0.0
    assert signs(*english)[SIGNS.index("foreign_known")] > 0.4
    stranger = found("Who won the World Cup in 2018?")
    assert signs(*stranger)[SIGNS.index("foreign_known")] == 0.0


@given(st.tuples(*[st.floats(0, 1)] * len(SIGNS)), st.sampled_from(SIGNS), st.floats(0, 1))
def test_what_is_nearer_is_never_less_likely_treated(values, name, more):
    higher = [v + more if n == name else v for n, v in zip(SIGNS, values, strict=True)]
    low, high = (model().probability(row) for row in (values, higher))
    if name in RISING:
        assert low <= high
    if name in FALLING:
        assert high <= low
