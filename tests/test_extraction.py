from pathlib import Path

import pytest

from rag.extraction import extract_targets
from rag.figures import parse_number
from rag.readers import read_file
from rag.targets import TargetTable
from rag.types import Document, PageSpan, Section, Target

COMPILATION = Path(__file__).parents[1] / "../shared/corpus/000_a895838ed2e4cd84.txt"
TABLE = Path(__file__).parents[1] / "corpus/targets.csv"


def document(text, *titles):
    """A text whose sections begin at the titles given."""
    starts = [text.index(title) for title in titles] + [len(text)]
    sections = [
        Section(title, 1, start, start + len(title), end)
        for title, start, end in zip(titles, starts, starts[1:], strict=False)
    ]
    return Document(id="d1", title="", text=text, source="", work="p9", sections=tuple(sections))


def found(text, *titles):
    return [
        (t.indicator, t.year, t.value, t.unit, t.qualifier)
        for t in extract_targets(document(text, *titles))
    ]


def test_a_target_has_all_its_parts():
    text = "一、主要目标。到2030年,单位地区生产总值二氧化碳排放比2005年下降65%以上。"
    assert extract_targets(document(text, "一、主要目标")) == (
        Target(
            plan="p9",
            page=0,
            indicator="单位GDP二氧化碳排放下降",
            indicator_en="Reduction in CO2 emissions per unit of GDP",
            year="2030",
            value="65",
            unit="%",
            qualifier="以上",
            baseline_year="2005",
            origin="extracted",
        ),
    )


def test_clauses_take_the_year_of_their_sentence_and_under_goals_of_the_one_before():
    text = (
        "一、主要目标。到2025年,体系初步形成。非化石能源消费比重达到18%左右;森林覆盖率达到24.1%。"
        "到2030年,风电、太阳能发电总装机容量达到0.6亿千瓦。二、任务。森林覆盖率达到25%。"
    )
    assert found(text, "一、主要目标", "二、任务") == [
        ("非化石能源消费比重", "2025", "18", "%", "左右"),
        ("森林覆盖率", "2025", "24.1", "%", "达到"),
        ("风电和太阳能发电总装机", "2030", "0.6", "亿千瓦", "达到"),
        ("森林覆盖率", "", "25", "%", "达到"),
    ]


def test_an_omitted_subject_is_that_of_the_number_before():
    text = "到2025年,大宗固废年利用量达到1.3亿吨左右;到2030年,达到1.8亿吨。"
    assert found(text) == [
        ("大宗固废年利用量", "2025", "1.3", "亿吨", "左右"),
        ("大宗固废年利用量", "2030", "1.8", "亿吨", "达到"),
    ]


def test_another_subject_ends_it():
    assert found("到2025年,森林覆盖率达到24%,其余工作完成30%。") == [
        ("森林覆盖率", "2025", "24", "%", "达到")
    ]


def test_a_list_shares_out_its_numbers_among_subjects():
    text = "到2025年光伏、风电和生物质发电装机容量分别达3100万千瓦、1080万千瓦、60万千瓦。"
    assert [(t[0], t[2]) for t in found(text)] == [
        ("光伏装机", "3100"),
        ("风电装机", "1080"),
        ("生物质发电装机", "60"),
    ]


def test_a_list_shares_out_its_numbers_among_scopes():
    text = "到2025年,平板玻璃、水泥行业能效标杆水平以上的产能比例分别达到20%、30%。"
    targets = extract_targets(document(text))
    assert [(t.scope, t.value) for t in targets] == [("平板玻璃", "20"), ("水泥行业", "30")]


def test_a_list_shares_out_its_numbers_among_years():
    assert [
        (t[1], t[2], t[3]) for t in found("2025、2030年全市风电装机分别超过262、500万千瓦。")
    ] == [
        ("2025", "262", "万千瓦"),
        ("2030", "500", "万千瓦"),
    ]


def test_among_them_narrows_the_scope():
    text = "到2025年,装配式建筑占比达到30%左右,其中,呼和浩特、包头主城区达到40%左右。"
    targets = extract_targets(document(text))
    assert [(t.scope, t.value) for t in targets] == [("", "30"), ("呼和浩特、包头主城区", "40")]


@pytest.mark.parametrize(
    ("words", "qualifier"),
    [
        ("不低于70%", "以上"),
        ("不高于70%", "以下"),
        ("不超过70%", "以下"),
        ("超过70%", "以上"),
        ("控制在70%以内", "以下"),
        ("力争达到70%", "力争"),
        ("降至70%", "降至"),
        ("为70%", ""),
    ],
)
def test_qualifiers(words, qualifier):
    assert [t[4] for t in found(f"到2030年,绿色出行比例{words}。")] == [qualifier]


@pytest.mark.parametrize(
    "text",
    [
        "到2030年,森林覆盖率比2020年提高2%。",  # a change of a level is none
        "到2030年,单位国内生产总值能耗达到13%。",  # a change must say so
        "到2030年,森林覆盖率达到12亿千瓦。",
        "对供电煤耗在300克标准煤/千瓦时以上的煤电机组实施改造。",
        "2020年,森林覆盖率达到23%。",
        "绿色低碳发展取得成效。",
        "Forest coverage shall reach 30 % by 2030.",
        "",
    ],
)
def test_what_is_no_target(text):
    assert found(text) == []


def test_sections_that_report_are_left_out():
    text = "一、工作成效。森林覆盖率达到20%。"
    assert found(text, "一、工作成效") == []


def test_a_lost_percent_sign_is_borne():
    assert found("到2025年城镇建筑可再生能源替代率达到8。") == [
        ("城镇建筑可再生能源替代率", "2025", "8", "", "达到")
    ]


def test_peaks_count_where_they_are_the_plans_own():
    own = "一、主要目标。2030年前,城乡建设领域碳排放达到峰值。"
    others = "一、主要目标。深入贯彻习近平总书记关于2030年前实现碳达峰的部署。"
    basis = "一、主要目标。为2030年前碳达峰奠定坚实基础。"
    (target,) = extract_targets(document(own, "一、主要目标"))
    assert (target.indicator, target.scope) == ("二氧化碳排放达峰年份", "城乡建设领域")
    assert (target.year, target.value, target.unit) == ("2030", "2030", "年")
    assert found(others, "一、主要目标") == found(basis, "一、主要目标") == []


def test_the_page_is_the_first_of_mention_and_number():
    text = "到2025年,森林覆盖率达到24%。"
    paged = Document(
        id="d1", title="", text=text, source="", page_spans=(PageSpan(7, 0, 9), PageSpan(8, 9, 19))
    )
    assert [(t.plan, t.page) for t in extract_targets(paged)] == [("d1", 7)]


def test_a_target_said_twice_is_found_once():
    assert len(found("到2025年,森林覆盖率达到24%。到2025年,森林覆盖率达到24%。")) == 1


@pytest.mark.skipif(not COMPILATION.exists(), reason="the shared compilation is not here")
def test_on_the_compilation_most_of_what_is_found_stands_in_the_curated_table():
    rows = TargetTable.read(TABLE).rows
    known = {(t.plan, t.indicator, t.year, parse_number(t.value)) for t in rows}
    ours = [t for d in read_file(COMPILATION)[::4] for t in extract_targets(d)]
    right = [t for t in ours if (t.plan, t.indicator, t.year, parse_number(t.value)) in known]
    assert len(ours) > 200
    assert len(right) > 0.8 * len(ours)
