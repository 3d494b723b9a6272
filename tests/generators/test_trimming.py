import pytest

from rag.evidence.features import Asked
from rag.evidence.units import Unit
from rag.generators.trimming import trim_unit

from .making import ask, equal_rarity, make_document

LONG = (
    "到2030年,非化石能源消费比重达到25%左右,风电装机容量达到2500万千瓦以上,"
    "森林覆盖率保持在24%以上,单位地区生产总值能耗持续大幅下降,绿色低碳发展格局基本形成,"
    "碳达峰目标顺利实现。"
)


def trimmed(question, text=LONG):
    query, document = ask(question), make_document(text)
    unit = Unit(document, 0, len(text), 0, 1.0, 0)
    return trim_unit(query, unit, Asked(query, equal_rarity)).text


@pytest.mark.parametrize(
    ("question", "end"),
    [
        ("2030年非化石能源消费比重是多少?", "达到25%左右"),
        ("2030年风电装机达到多少万千瓦?", "2500万千瓦以上"),
        ("2030年森林覆盖率是多少?", "24%以上"),
    ],
)
def test_a_long_sentence_ends_with_the_figure_asked_for(question, end):
    assert trimmed(question).endswith(end)
    assert LONG.startswith(trimmed(question))


@pytest.mark.parametrize(
    "question",
    ["怎样发展风电?", "2030年海上养殖面积是多少亩?", "江苏和浙江2030年森林覆盖率各是多少?"],
)
def test_without_the_figure_asked_for_it_is_whole(question):
    assert trimmed(question) == LONG


def test_a_short_sentence_is_whole():
    short = "到2030年,比重达到25%,装机达到30万千瓦。"
    assert trimmed("2030年比重达到多少?", short) == short


def test_a_part_that_says_little_of_the_question_does_not_keep_the_end():
    text = LONG.replace("绿色低碳发展格局", "能源发展格局")
    assert trimmed("2030年非化石能源消费比重是多少?", text).endswith("达到25%左右")
