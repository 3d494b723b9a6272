import pytest

from rag.generators.ordering import Limit, asks_rank, find_limit, find_top, keeps, lowest_first
from rag.types import Target


@pytest.mark.parametrize(
    ("question", "limit"),
    [
        ("哪些省的占比超过30%?", Limit("above", 30, "%")),
        ("哪些省的占比不低于30%?", Limit("at_least", 30, "%")),
        ("哪些省的风电在1000万千瓦以下?", Limit("at_most", 1e7, "千瓦")),
        ("哪些省的光伏低于0.1亿千瓦", Limit("below", 1e7, "千瓦")),
        ("Which provinces aim for at least 5 GW?", Limit("at_least", 5e6, "千瓦")),
        ("Which provinces set forest coverage above 60 percent?", Limit("above", 60, "%")),
        ("各省2030年的目标?", None),
        ("哪些省到2030年达到25%?", None),
    ],
)
def test_a_limit_is_read_with_its_unit(question, limit):
    assert find_limit(question) == limit


def test_a_row_keeps_a_limit_of_its_own_dimension_alone():
    row = Target("a", 1, "风电装机", value="500", unit="万千瓦")
    assert keeps(row, Limit("at_least", 5e6, "千瓦"))
    assert not keeps(row, Limit("above", 5e6, "千瓦"))
    assert keeps(row, Limit("below", 6e6, "千瓦"))
    assert not keeps(row, Limit("above", 5, "%"))


@pytest.mark.parametrize(
    ("question", "rank", "lowest"),
    [
        ("哪个省最低?", True, True),
        ("谁的目标最高?", True, False),
        ("Welche Provinz hat die höchste Waldbedeckung?", True, False),
        ("Quelle province a la part la plus faible ?", True, True),
        ("Which province aims lowest?", True, True),
        ("各省的目标是多少?", False, False),
    ],
)
def test_the_first_or_the_last_is_asked_for(question, rank, lowest):
    assert (asks_rank(question), lowest_first(question)) == (rank, lowest)


@pytest.mark.parametrize(
    ("question", "count"),
    [
        ("最低的三个省", 3),
        ("前5名的省份", 5),
        ("哪两个省最高?", None),
        ("Top three provinces by forest coverage", 3),
        ("the top 10 cities", 10),
    ],
)
def test_as_many_are_shown_as_are_asked_for(question, count):
    assert find_top(question) == count
