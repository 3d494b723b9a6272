import pytest

from rag.generators.comparing import MAX_ROWS, Comparer
from rag.generators.embedded import EmbeddedGenerator
from rag.targets import TargetTable
from rag.types import Document, PageSpan, Target

from .making import ask, make_hit, make_ranker

INDICATOR = "非化石能源消费比重"


def plan(work, region, text, title="", **fields):
    spans = (PageSpan(7, 0, len(text)),)
    fields = {"level": "province", "language": "zh", "page_spans": spans} | fields
    return Document(work, title or f"{region}方案", text, "d.txt", region=region, **fields)


PLANS = (
    plan("js", "江苏省", "到2030年,非化石能源消费比重达到27.40%左右,煤炭占30%。"),
    plan("zj", "浙江省", "到2030年,非化石能源消费比重达到30%。", status="draft"),
    plan("ah", "安徽省", "到2030年,光伏装机达到3000万千瓦。"),
    plan("wx", "无锡市", "到2030年,非化石能源消费比重达到22%。", level="city"),
)
ROWS = (
    Target("js", 7, INDICATOR, year="2030", value="27.4", unit="%", qualifier="左右"),
    Target("zj", 7, INDICATOR, year="2030", value="30", unit="%", qualifier="达到"),
    Target("zj", 7, INDICATOR, year="2025", value="24", unit="%"),
    Target("wx", 7, INDICATOR, year="2030", value="22", unit="%"),
)


def compare(question, plans=PLANS, rows=ROWS):
    table = TargetTable(rows, {document.work: document.region for document in PLANS})
    comparer = Comparer(table, EmbeddedGenerator(make_ranker()))
    return comparer.generate(ask(question), [make_hit(d) for d in plans], plans).statements


def lines(question, **fields):
    return [statement.text for statement in compare(question, **fields)]


def test_each_region_has_a_row_highest_first_as_its_plan_prints_it():
    assert lines("江苏和浙江2030年非化石能源消费比重各是多少?") == [
        "非化石能源消费比重:",
        "浙江省:30%(第7页、征求意见稿)",
        "江苏省:27.40%左右(第7页)",
    ]


def test_the_lowest_comes_first_where_the_lowest_is_asked_for():
    found = lines("江苏和浙江2030年非化石能源消费比重谁最低?")
    assert found[1].startswith("江苏省")


def test_a_row_cites_the_clause_that_holds_its_figure():
    _, _, jiangsu = compare("江苏和浙江2030年非化石能源消费比重各是多少?")
    assert jiangsu.evidence[0].quote == PLANS[0].text
    assert jiangsu.evidence[0].document.id == "js"


def test_all_provinces_are_asked_without_the_cities():
    found = lines("2030年各省非化石能源消费比重目标谁最高?")
    assert [line[:3] for line in found[1:]] == ["浙江省", "江苏省"]


def test_a_place_without_a_row_gets_what_its_passages_say_with_a_figure():
    found = lines("江苏和安徽2030年非化石能源消费比重各是多少?")
    assert found[-1] == "《安徽省方案》(第7页):到2030年,光伏装机达到3000万千瓦。"


def test_a_place_of_which_nothing_gives_a_figure_is_named():
    plans = (PLANS[0], plan("ah", "安徽省", "大力发展光伏。"))
    found = lines("江苏和安徽2030年非化石能源消费比重各是多少?", plans=plans)
    assert found[-1] == "文档没有给出数字:安徽省。"


def test_a_row_whose_figure_no_document_prints_is_not_shown():
    wrong = (Target("js", 7, INDICATOR, year="2030", value="99", unit="%"), ROWS[1])
    found = lines("江苏和浙江2030年非化石能源消费比重各是多少?", rows=wrong)
    assert not any("99" in line for line in found)


def test_a_question_of_one_place_or_without_figures_is_not_for_the_table():
    assert compare("江苏2030年非化石能源消费比重是多少?") == ()
    assert compare("江苏和浙江分别怎样发展光伏?") == ()


def test_a_long_table_is_cut_and_says_so():
    plans = tuple(plan(f"p{i}", "江苏省", f"到2030年,比重达到{i + 10}%。") for i in range(20))
    rows = tuple(
        Target(d.work, 7, INDICATOR, year="2030", value=str(i + 10), unit="%")
        for i, d in enumerate(plans)
    )
    table = TargetTable(rows, {d.work: d.region for d in plans})
    comparer = Comparer(table, EmbeddedGenerator(make_ranker()))
    draft = comparer.generate(ask("2030年各省非化石能源消费比重谁最高?"), [], plans)
    assert len(draft.statements) == 1 + MAX_ROWS + 1
    assert draft.statements[-1].text == "还有其他地区的数字,这里未全部列出。"


def test_two_plans_of_a_region_that_agree_share_a_row_with_both_citations():
    again = plan("js2", "江苏省", "到2030年,非化石能源消费比重达到27.40%左右。")
    rows = (
        *ROWS,
        Target("js2", 7, INDICATOR, year="2030", value="27.4", unit="%", qualifier="左右"),
    )
    found = compare("江苏和浙江2030年非化石能源消费比重各是多少?", plans=(*PLANS, again), rows=rows)
    assert [len(statement.evidence) for statement in found] == [0, 1, 2]


def test_an_english_question_has_the_names_of_the_places_in_english():
    _, first, _ = lines("Compare the 2030 非化石能源消费比重 of Jiangsu and Zhejiang: how much?")
    assert first.startswith("Zhejiang: 30% (")


def test_two_plans_of_a_region_that_differ_are_both_named():
    other = plan("js2", "江苏省", "到2030年,非化石能源消费比重达到28%。", title="能源规划")
    rows = (*ROWS, Target("js2", 7, INDICATOR, year="2030", value="28", unit="%"))
    found = [
        statement.text
        for statement in compare(
            "江苏和浙江2030年非化石能源消费比重各是多少?", plans=(*PLANS, other), rows=rows
        )
    ]
    assert found == [
        "非化石能源消费比重:",
        "浙江省:30%(第7页、征求意见稿)",
        "江苏省《能源规划》:28%(第7页)",
        "《江苏省方案》:27.40%左右(第7页)",
    ]


def test_a_second_question_has_a_table_of_its_own():
    question = "江苏和浙江2030年非化石能源消费比重谁更高?煤炭消费比重各是多少?"
    rows = (
        *ROWS,
        Target("js", 7, "煤炭消费比重", year="2030", value="30", unit="%"),
        Target("zj", 7, "煤炭消费比重", year="2030", value="20", unit="%"),
    )
    text = "到2030年,非化石能源消费比重达到30%,煤炭占20%。"
    plans = (PLANS[0], plan("zj", "浙江省", text))
    found = [statement.text for statement in compare(question, plans=plans, rows=rows)]
    assert found[3:] == ["煤炭消费比重:", "江苏省:30%(第7页)", "浙江省:20%(第7页)"]


@pytest.mark.parametrize(
    ("question", "row"),
    [
        (
            "Compare the 2030 non-fossil share of Jiangsu and Zhejiang",
            "Jiangsu: about 27.40% (p. 7)",
        ),
        ("Comparez la part non fossile du Jiangsu et du Zhejiang en 2030", "environ 27.40%"),
        ("江蘇省と浙江省の2030年の非化石エネルギー消費比率を比較", "27.40%前後"),
    ],
)
def test_a_figures_qualifier_is_said_in_the_askers_language(question, row):
    assert any(row in line for line in lines(question))


def test_what_is_quoted_for_a_place_without_a_row_names_its_plan():
    text = "推进节能。到2030年,光伏装机达到3000万千瓦。" + "推进节能降碳。" * 3
    plans = (*PLANS[:2], plan("ah", "安徽省", text))
    found = lines("江苏和安徽2030年非化石能源消费比重各是多少?", plans=plans)
    assert all("安徽省" in line for line in found if "3000" in line or "推进" in line)


PROVINCES = (
    plan("js", "江苏省", "到2030年,非化石能源消费比重力争达到27%以上。"),
    plan("zj", "浙江省", "到2030年,非化石能源消费比重达到30%。"),
    plan("gd", "广东省", "主要目标是:到2035年,森林丰美,非化石能源消费比重达到45%左右。"),
)
SHARES = (
    Target("js", 7, INDICATOR, year="2030", value="27", unit="%", qualifier="力争"),
    Target("zj", 7, INDICATOR, year="2030", value="30", unit="%"),
    Target("gd", 7, INDICATOR, year="2035", value="45", unit="%"),
)


def of_provinces(question):
    return lines(question, plans=PROVINCES, rows=SHARES)[1:]


def test_only_the_regions_beyond_a_limit_are_listed_where_there_are_such():
    assert of_provinces("哪些省2030年非化石能源消费比重超过27%?") == ["浙江省:30%(第7页)"]
    assert len(of_provinces("哪些省2030年非化石能源消费比重不低于27%?")) == 2


def test_where_no_region_keeps_a_limit_that_is_said_before_the_nearest():
    found = of_provinces("哪些省2030年非化石能源消费比重超过80%?")
    assert found[:2] == ["没有地区的数字在此限内;最接近的是:", "浙江省:30%(第7页)"]
    assert of_provinces("哪些省2030年非化石能源消费比重低于5%?")[1].startswith("江苏省")


def test_an_indicator_of_another_source_of_power_is_no_answer():
    plans = (plan("js", "江苏省", "到2025年,风电装机达到2800万千瓦。"),)
    rows = (Target("js", 7, "风电装机", year="2025", value="2800", unit="万千瓦"),)
    assert not compare("哪些省的核电装机超过100万千瓦?", plans=plans, rows=rows)
    assert compare("哪些省的风电装机超过100万千瓦?", plans=plans, rows=rows)


def test_a_figure_aimed_at_is_told_as_such_with_its_bound():
    assert of_provinces("各省2030年非化石能源消费比重?")[1] == "江苏省:力争27%以上(第7页)"


def test_of_all_years_the_highest_comes_first_with_its_year():
    found = of_provinces("哪个省的非化石能源消费比重目标最高?")
    assert found[0] == "广东省:45%左右(2035、第7页)"
    assert "江苏省" in found[-1]


def test_the_year_of_a_clause_is_quoted_along_with_it():
    later = (plan("gd", "广东省", "到2035年,森林覆盖率达到59%;非化石能源消费比重达到45%左右。"),)
    statement = compare("各省非化石能源消费比重?", plans=(*PROVINCES[:2], *later), rows=SHARES)[-1]
    assert statement.evidence[0].quote == later[0].text


def test_of_the_cities_in_a_province_each_has_a_row():
    plans = (
        plan("js", "江苏省", "到2030年,非化石能源消费比重达到27%。"),
        plan("nj", "南京市", "到2030年,非化石能源消费比重达到21%。", level="city"),
        plan("wx", "无锡市", "到2030年,非化石能源消费比重达到22%。", level="city"),
        plan("hz", "杭州市", "到2030年,非化石能源消费比重达到30%。", level="city"),
    )
    figures = ("27", "21", "22", "30")
    rows = tuple(
        Target(d.work, 7, INDICATOR, year="2030", value=value, unit="%")
        for d, value in zip(plans, figures, strict=True)
    )
    found = lines("江苏各市2030年非化石能源消费比重?", plans=plans, rows=rows)[1:]
    assert found == ["无锡市:22%(第7页)", "南京市:21%(第7页)"]


def test_a_city_that_is_named_asks_for_no_level():
    found = lines("浙江和无锡市哪个地区2030年非化石能源消费比重更高?")[1:]
    assert [line[:2] for line in found] == ["浙江", "无锡"]
