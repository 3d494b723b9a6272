from pathlib import Path

import pytest

from rag.errors import BadRequest, ReadError
from rag.figures import value_number
from rag.targets import TargetTable
from rag.types import Target

CURATED = Path(__file__).parents[1] / "corpus/targets.csv"
WIND_AND_SUN = "风电和太阳能发电总装机"
ROWS = (
    Target("p1", 3, "森林覆盖率", "Forest coverage rate", "", "2025", "24.1", "%"),
    Target("p2", 9, "森林覆盖率", "Forest coverage rate", "", "2025", "61.5", "%"),
    Target("p3", 5, "森林覆盖率", "Forest coverage rate", "城区", "2025", "21", "%"),
    Target("p2", 9, "森林覆盖率", "Forest coverage rate", "", "2030", "62", "%", "左右"),
    Target("p1", 4, WIND_AND_SUN, "Wind and solar capacity", "", "2030", "1.2", "亿千瓦"),
    Target("p2", 8, WIND_AND_SUN, "Wind and solar capacity", "", "2030", "5400", "万千瓦", "以上"),
    Target("p3", 6, "新增光伏装机", "New PV capacity", "", "2021-2025", "2.2", "万千瓦"),
    Target("p3", 7, "绿色工厂", "Green factories", "", "2025", "20", "家"),
    Target("p1", 7, "绿色工厂数量", "Green factories", "", "2025", "", "家", note="一批"),
    Target("p4", 1, "低碳园区数量", "Low-carbon parks", "", "", "3-5", "个"),
)
REGIONS = {"p1": "全国", "p2": "浙江省", "p3": "上海市徐汇区", "p4": "上海市"}


@pytest.fixture
def table():
    return TargetTable(ROWS, regions=REGIONS)


def values(rows):
    return [f"{row.value}{row.unit}" for row in rows]


def test_everything_comes_by_year_then_highest_then_without_a_year(table):
    rows = table.find()
    assert sorted(rows, key=ROWS.index) == list(ROWS)
    assert [row.year[-4:] for row in rows] == ["2025"] * 6 + ["2030"] * 3 + [""]


def test_one_dimension_is_ordered_in_one_unit(table):
    assert values(table.find(WIND_AND_SUN)) == ["1.2亿千瓦", "5400万千瓦"]


@pytest.mark.parametrize(
    "words", ["森林覆盖率", "森林覆盖", "forest coverage", "Waldbedeckung", "couverture forestière"]
)
def test_an_indicator_is_found_in_any_words(table, words):
    assert values(table.find(words, year=2025)) == ["61.5%", "24.1%", "21%"]


def test_rows_that_name_the_same_otherwise_are_found_too(table):
    assert [row.plan for row in table.find("绿色工厂")] == ["p3", "p1"]


@pytest.mark.parametrize("region", ["浙江", "Zhejiang", "浙江省", "저장성", "Чжэцзян"])
def test_a_region_in_any_language(table, region):
    assert {row.plan for row in table.find(region=region)} == {"p2"}


def test_a_region_has_only_its_own_plans_unless_those_within_are_asked(table):
    assert {row.plan for row in table.find(region="上海")} == {"p4"}
    assert {row.plan for row in table.find(region="上海", within=True)} == {"p3", "p4"}
    assert {row.plan for row in table.find(region="中国")} == {"p1"}
    assert {row.plan for row in table.find(region="China", within=True)} == set(REGIONS)


def test_a_place_without_a_plan_has_no_rows(table):
    assert table.find(region="甘肃") == ()


def test_a_name_of_no_place_is_refused_with_one_that_is(table):
    with pytest.raises(BadRequest, match=r"no place known in 'Atlantis'.*places\.tsv.*浙江"):
        table.find(region="Atlantis")


def test_a_span_counts_for_its_last_year(table):
    assert values(table.find("新增光伏装机", year=2025)) == ["2.2万千瓦"]
    assert values(table.find("新增光伏装机", year="2021-2025")) == ["2.2万千瓦"]
    assert table.find("新增光伏装机", year=2021) == ()


def test_plans_one_or_several(table):
    assert {row.plan for row in table.find(plan="p2")} == {"p2"}
    assert {row.plan for row in table.find(plan={"p2", "p4"})} == {"p2", "p4"}


def test_what_nothing_fits_is_empty(table):
    assert table.find("谁是省长") == ()
    assert TargetTable(()).find() == ()
    assert TargetTable(()).find("森林覆盖率") == ()


def test_indicators_of_the_place_asked_come_first():
    rows = (Target("p1", 1, "甲级绿色园区"), Target("p2", 1, "乙级绿色园区"))
    table = TargetTable(rows, {"p1": "浙江省", "p2": "江苏省"})
    assert table.resolve_indicators("浙江的绿色园区有多少")[0] == "甲级绿色园区"
    assert table.resolve_indicators("江苏的绿色园区有多少")[0] == "乙级绿色园区"


@pytest.mark.parametrize(
    ("value", "unit", "number"),
    [
        ("1.2", "亿千瓦", 1.2e8),
        ("800", "MW", 8e5),
        ("2-3", "万吨", 2.5e4),
        ("-26", "千克标准煤/吨", -26),
        ("20", "%", 20),
        ("", "%", None),
    ],
)
def test_values_in_their_base_unit(value, unit, number):
    row = Target("p1", 1, "x", value=value, unit=unit)
    assert value_number(row) == (None if number is None else pytest.approx(number))


def test_written_and_read_it_is_the_same(table, tmp_path):
    path = tmp_path / "targets.csv"
    table.write(path)
    assert TargetTable.read(path).rows == ROWS
    assert TargetTable.read(path, REGIONS).find(region="浙江") == table.find(region="浙江")


def test_the_curated_table_is_read_whole():
    rows = TargetTable.read(CURATED).rows
    assert len(rows) == 1789
    assert rows[2] == Target(
        plan="p001",
        page=3,
        indicator="非化石能源消费比重",
        indicator_en="Share of non-fossil energy in energy consumption",
        year="2025",
        value="20",
        unit="%",
        qualifier="左右",
    )


HEADER = "plan_id,page,indicator,indicator_en,scope,year,value,unit,qualifier,baseline_year,note\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("p1,x,森林覆盖率,,,2025,24,%,,,\n", r":2 has 'x' as page, needed is a page number; corr"),
        (",3,森林覆盖率,,,2025,24,%,,,\n", r":2 has '' as plan_id, needed is a plan's id"),
        ("p1,3,森林覆盖率,,,25,24,%,,,\n", r":2 has '25' as year, needed is a year, a span"),
        ("p1,3,森林覆盖率,,,2025,about 24,%,,,\n", r":2 has 'about 24' as value, needed is"),
        ("p1,3,森林覆盖率\n", r":2 has no cell as \w+, needed is"),
    ],
)
def test_a_malformed_row_is_named_with_its_line_and_what_is_needed(tmp_path, line, message):
    path = tmp_path / "targets.csv"
    path.write_text(HEADER + line, encoding="utf-8")
    with pytest.raises(ReadError, match=message):
        TargetTable.read(path)


def test_a_missing_column_is_named(tmp_path):
    path = tmp_path / "targets.csv"
    path.write_text("plan_id,page\np1,3\n", encoding="utf-8")
    with pytest.raises(ReadError, match=r":1 lacks the column indicator, .*needs plan_id,page"):
        TargetTable.read(path)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_what_is_no_csv_is_told_with_the_remedy(tmp_path, content):
    path = tmp_path / "targets.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ReadError, match=r"targets\.csv can't be read.*CSV in UTF-8"):
        TargetTable.read(path)
