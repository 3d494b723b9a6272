import pytest

from rag.mentions import find_unmentioned, find_unmentioned_years, mentioned_in
from rag.query import understand
from rag.types import Document

PLANS = (
    Document("a", "浙江省碳达峰方案", "推进深远海风电基地建设。", "a.txt", region="浙江省"),
    Document("b", "江苏省碳达峰方案", "探索核聚变技术。", "b.txt", region="江苏省"),
)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("浙江的方案提没提核聚变?", "核聚变"),
        ("浙江有没有提到核聚变?", "核聚变"),
        ("浙江有没有提核聚变", "核聚变"),
        ("浙江提到核聚变了吗?", "核聚变"),
        ("浙江是否提及核聚变?", "核聚变"),
        ("Does the Zhejiang plan mention nuclear fusion?", "nuclear fusion"),
        ("浙江提到的核聚变项目有哪些?", ""),
        ("浙江有没有提高电价?", ""),
        ("浙江提出了什么目标?", ""),
    ],
)
def test_the_words_are_those_whose_mention_is_asked_about(question, words):
    assert mentioned_in(understand(question)) == words


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("浙江的方案提没提核聚变?", "核聚变"),  # another place's plan does
        ("江苏的方案提没提核聚变?", ""),
        ("浙江有没有提到海上风电?", ""),  # by another of its names
        ("Does the Zhejiang plan mention nuclear fusion?", "nuclear fusion"),
        ("方案提没提核反应堆?", ""),  # of no place
        ("湖南的方案提没提核聚变?", ""),  # which has no plan here
    ],
)
def test_what_no_plan_of_the_place_holds_is_told(question, words):
    query = understand(question)
    names = {place.name for place in query.places}
    assert find_unmentioned(query, [p for p in PLANS if p.region in names]) == words


@pytest.mark.parametrize(
    ("question", "years"),
    [
        ("浙江2027年风电装机是多少?", (2027,)),
        ("浙江2025年风电装机是多少?", ()),
        ("浙江2025年和2027年风电装机是多少?", ()),  # one of them is named
        ("浙江十五五的风电装机?", ()),  # not said in figures
    ],
)
def test_a_year_that_no_plan_of_the_place_names_is_told(question, years):
    plan = Document(
        "a", "浙江省碳达峰方案", "到2025年,风电装机达到641万千瓦。", "a.txt", region="浙江省"
    )
    assert find_unmentioned_years(understand(question), [plan]) == years
    assert find_unmentioned_years(understand(question), []) == ()
