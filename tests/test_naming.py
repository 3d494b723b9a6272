import pytest

from rag.naming import PlanNames
from rag.query import understand
from rag.types import Document


def plan(work, title, region, *aliases):
    return Document(work, title, "。", "d.txt", region=region, aliases=aliases)


NAMES = PlanNames(
    [
        plan("peak", "湖南省碳达峰实施方案", "湖南省", "湖南碳达峰方案"),
        plan(
            "energy", "湖南省推动能源绿色低碳转型做好碳达峰工作的实施方案", "湖南省", "湖南能源方案"
        ),
        plan("finance", "湖南省财政支持做好碳达峰碳中和工作的实施意见", "湖南省", "湖南财政意见"),
        plan("jiangsu", "江苏省碳达峰实施方案", "江苏省"),
    ]
)


@pytest.mark.parametrize(
    ("question", "works"),
    [
        ("湖南能源方案与湖南省碳达峰实施方案的抽水蓄能目标一致吗?", {"energy", "peak"}),
        ("湖南财政意见和湖南能源方案各怎么说?", {"finance", "energy"}),
    ],
)
def test_two_plans_of_one_place_are_told_apart(question, works):
    assert set(NAMES.find(understand(question), count=2)) == works


def test_a_plan_of_another_place_than_asked_is_not_named():
    assert "jiangsu" not in NAMES.find(understand("湖南省碳达峰实施方案的目标?"), count=4)


def test_a_question_without_a_telling_word_names_none():
    assert NAMES.find(understand("今天天气?"), count=2) == ()


def test_a_title_in_full_that_no_plan_bears_is_absent_and_a_shortened_one_is_not():
    question = "《湖南省碳达峰方案》和《长江流域水资源保护规划》有何不同?"
    assert NAMES.find_absent(understand(question)) == ("长江流域水资源保护规划",)
