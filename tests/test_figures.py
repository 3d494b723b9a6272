import pytest

from rag.figures import drop_years, find_figures, find_years, parse_number, to_base_unit


def figures(text):
    return [(f.value, f.unit, f.bound, f.years) for f in find_figures(text)]


def test_numbers_have_unit_bound_and_the_years_named_since_the_last():
    text = "到2025年,占比达到20%左右,装机1.2亿千瓦以上;到2030年,人口密度0.6-1万人/平方公里"
    assert figures(text) == [
        ("20", "%", "左右", ("2025",)),
        ("1.2", "亿千瓦", "以上", ()),
        ("0.6-1", "万人/平方公里", "", ("2030",)),
    ]


def test_years_dates_and_numbers_compared_with_are_none():
    assert figures("2021年10月24日印发,比2020年下降13.5%") == [("13.5", "%", "", ())]
    assert figures("在2020年基础上提高5个百分点") == [("5", "个百分点", "", ())]


def test_each_number_of_a_list_has_its_unit():
    (first, second) = find_figures("2025、2030年风电装机达到260、500万千瓦")
    assert (first.value, first.unit, first.years) == ("260", "万千瓦", ("2025", "2030"))
    assert (second.value, second.unit, second.years) == ("500", "万千瓦", ())
    assert first.listed
    assert second.listed


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("“十四五”期间新增", ("2021-2025",)),
        ("“十四五”末达到", ("2025",)),
        ("“十四五”、“十五五”期间分别", ("2021-2025", "2026-2030")),
        ("到2030年前", ("2030",)),
        ("2025年和2030年", ("2025", "2030")),
    ],
)
def test_years_aimed_at(text, years):
    assert [found for _, found in find_years(text)] == [years]


@pytest.mark.parametrize(
    "text", ["比2020年下降", "2021年以来", "2030年前碳达峰目标", "2035年远景目标", "2022年度"]
)
def test_years_that_set_nothing(text):
    assert find_years(text) == ()


def test_drop_years_leaves_the_rest():
    assert drop_years("到2025年,达到") == "到,达到"


@pytest.mark.parametrize(
    ("value", "number"),
    [("13.5", 13.5), ("-26", -26), ("2-3", 2.5), ("1/4", 0.25), ("", None), ("约两成", None)],
)
def test_printed_values_as_numbers(value, number):
    assert parse_number(value) == number


@pytest.mark.parametrize(
    ("unit", "factor", "base"),
    [
        ("亿千瓦", 1e8, "千瓦"),
        ("万千瓦", 1e4, "千瓦"),
        ("GW", 1e6, "千瓦"),
        ("千瓦", 1, "千瓦"),
        ("亿千瓦时", 1e8, "千瓦时"),
        ("万吨", 1e4, "吨"),
        ("亿吨标准煤", 1e8, "吨标准煤"),
        ("万公顷", 1e8, "平方米"),
        ("亩", 1e4 / 15, "平方米"),
        ("平方公里", 1e6, "平方米"),
        ("亿立方米", 1e8, "立方米"),
        ("万亿元", 1e12, "元"),
        ("千克标准煤/吨", 1, "千克标准煤/吨"),
        ("万人/平方公里", 1, "万人/平方公里"),
        ("%", 1, "%"),
        ("", 1, ""),
    ],
)
def test_units_in_their_base(unit, factor, base):
    assert to_base_unit(unit) == (pytest.approx(factor), base)
