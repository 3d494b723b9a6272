from pathlib import Path

import pytest

from rag.indicator_names import IndicatorNames
from rag.targets import TargetTable
from rag.types import Target

TABLE = Path(__file__).parents[1] / "corpus/targets.csv"


@pytest.fixture(scope="module")
def names():
    return IndicatorNames(TargetTable.read(TABLE).rows)


@pytest.mark.parametrize(
    ("text", "indicator"),
    [
        ("非化石能源占比", "非化石能源消费比重"),
        ("non-fossil share", "非化石能源消费比重"),
        ("part des énergies non fossiles", "非化石能源消费比重"),
        ("비화석에너지 비중", "非化石能源消费比重"),
        ("forest coverage", "森林覆盖率"),
        ("森林覆盖", "森林覆盖率"),
        ("лесистость", "森林覆盖率"),
        ("الغطاء الحرجي", "森林覆盖率"),
        ("PUE", "数据中心PUE"),
        ("风光装机", "风电和太阳能发电总装机"),
        ("wind and solar capacity", "风电和太阳能发电总装机"),
        ("capacità eolica", "风电装机"),
        ("碳强度", "单位GDP二氧化碳排放下降"),
        ("2025年各省森林覆盖率目标谁最高", "森林覆盖率"),
        ("compare Jiangsu and Zhejiang's 2030 non-fossil share", "非化石能源消费比重"),
        ("哪些省提出2030年风光装机", "风电和太阳能发电总装机"),
        ("湖南省碳达峰实施方案里2025年新型储能装机是多少?", "新型储能装机"),
        ("Wie hoch ist der Waldanteil in Guangxi im Jahr 2030?", "森林覆盖率"),
        ("広東省の2030年の森林被覆率は?", "森林覆盖率"),
    ],
)
def test_names_phrases_and_questions(names, text, indicator):
    assert names.resolve(text)[0] == indicator


@pytest.mark.parametrize("text", ["谁是省长", "今天天气怎么样?", "Who wrote this?", "", "2030年"])
def test_what_names_none_gives_none(names, text):
    assert names.resolve(text) == ()


def test_a_name_of_the_table_is_itself_alone(names):
    assert names.resolve("绿色工厂") == ("绿色工厂",)


def test_the_best_come_first_and_at_most_five(names):
    found = names.resolve("新能源汽车占比")
    assert found[0] == "新能源汽车占比"
    found = names.resolve("新能源汽车的产量和销量比例")
    assert 2 <= len(found) <= 5
    assert {"新能源汽车产量占比", "新能源汽车销量占比"} <= set(found)


def test_the_likely_come_before_their_equals():
    names = IndicatorNames(Target("p1", 1, name) for name in ("甲级绿色园区", "乙级绿色园区"))
    assert names.resolve("多少绿色园区")[0] == "乙级绿色园区"  # by the alphabet
    assert names.resolve("多少绿色园区", likely={"甲级绿色园区"})[0] == "甲级绿色园区"


def test_a_small_table_is_no_looser():
    names = IndicatorNames([Target("p1", 1, "森林覆盖率", "Forest coverage rate")])
    assert names.resolve("forest coverage in Hunan") == ("森林覆盖率",)
    assert names.resolve("non-fossil share") == names.resolve("绿色工厂多少家") == ()


def test_a_table_without_rows_names_none():
    assert IndicatorNames(()).resolve("森林覆盖率") == ()
