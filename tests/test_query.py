import pytest

from rag.errors import BadRequest
from rag.query import MAX_QUESTION_CHARS, understand


def place_names(question):
    return [place.name for place in understand(question).places]


@pytest.mark.parametrize("question", ["", "  \n", "???", "!?。…", "——"])
def test_a_question_without_a_letter_or_figure_is_refused_with_an_example(question):
    with pytest.raises(BadRequest, match=r"empty.*`rag ask "):
        understand(question)


def test_a_question_over_the_limit_is_refused_with_both_lengths():
    with pytest.raises(BadRequest, match=r"4,001 characters.*4,000.*rag index"):
        understand("问" * (MAX_QUESTION_CHARS + 1))
    assert understand("问" * MAX_QUESTION_CHARS).question == "问" * MAX_QUESTION_CHARS


def test_the_question_is_kept_as_typed_without_space_around():
    assert understand("  湖南２０３０年的目标? \n").question == "湖南２０３０年的目标?"


@pytest.mark.parametrize(
    ("question", "years"),
    [
        ("2030年的目标", (2030,)),
        ("2025、2030年分别是多少", (2025, 2030)),
        ("2030年和2025年,2030年", (2025, 2030)),
        ("２０３０年的目标", (2030,)),
        ("هدف عام ٢٠٣٠", (2030,)),
        ("“十四五”时期", (2025,)),
        ("十五五和2060年", (2030, 2060)),
        ("the 14th Five-Year Plan", (2025,)),
        ("the 14th five year plan", (2025,)),
        ("12030万千瓦", ()),
        ("20301", ()),
        ("1990年", ()),
        ("今年", ()),
    ],
)
def test_years_named_and_of_plans_are_found_once_ascending(question, years):
    assert understand(question).years == years


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("江苏2030年非化石能源消费比重是多少?", "fact"),
        ("湖南的主管部门是谁", "fact"),
        ("江苏和浙江2025年的比重分别是多少?", "compare"),
        ("江苏与浙江谁更高", "compare"),
        ("Compare Jiangsu and Zhejiang", "compare"),
        ("川渝共建的环境权益交易机构是什么?", "fact"),
        ("川渝和江苏2025年的比重是多少?", "compare"),
        ("湖南要采取哪些措施?", "list"),
        ("列举湖南的重点任务", "list"),
        ("Which measures does Hunan list?", "list"),
        ("湖南怎样发展抽水蓄能?", "scope"),
        ("how does Hunan develop hydrogen?", "scope"),
        ("如何提高比重,提高多少?", "fact"),
        ("Wie hoch ist der Anteil?", "fact"),
    ],
)
def test_the_kind_of_answer_is_told(question, kind):
    assert understand(question).kind == kind


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("2030年比重是多少", True),
        ("达峰率", True),
        ("几个市", True),
        ("How many GW?", True),
        ("what share of energy", True),
        ("Combien de GW ?", True),
        ("Wie viel Strom?", True),
        ("¿Cuánta energía?", True),
        ("Сколько?", True),
        ("割合は?", True),
        ("얼마입니까?", True),
        ("كم النسبة؟", True),
        ("如何控制煤炭消费", False),
        ("哪些城市率先达峰", False),
        ("几乎全部项目", False),
        ("How is coal controlled?", False),
        ("ما نظام التحكم والحكم؟", False),
    ],
)
def test_whether_a_figure_is_asked(question, wanted):
    assert understand(question).wants_figure is wanted


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("江苏的目标?", "zh"),
        ("What is Jiangsu's target?", "en"),
        ("江蘇省の目標は何ですか", "ja"),
        ("Какова цель?", "ru"),
    ],
)
def test_the_language_is_that_of_the_question(question, language):
    assert understand(question).language == language


def test_places_are_found_in_any_width_and_composition():
    assert place_names("Ｈｕｎａｎ和江苏") == ["湖南省", "江苏省"]
    assert place_names("Pe\u0301kin") == ["北京市"]
    assert place_names("\u110c\u1161\u11bc\u110a\u116e\u1109\u1165\u11bc") == ["江苏省"]


def test_a_foreign_question_is_put_into_chinese_with_its_places_and_years():
    chinese = understand("non-fossil energy in Jiangsu by 2030").chinese
    assert "非化石能源" in chinese
    assert chinese.endswith("江苏省 2030年")
    assert understand("江苏2030年非化石能源").chinese == ""


def test_half_a_character_is_replaced():
    assert "\ud800" not in understand("江苏\ud800目标").question


def test_efficiency_asks_for_no_figure_but_a_rate_does():
    assert not understand("江苏如何提高能源利用效率?").wants_figure
    assert understand("江苏2025年森林覆盖率?").wants_figure


def test_kinds_of_documents_are_named():
    assert understand("江苏双碳实施意见提出什么?").document_kinds == ("意见",)
    assert understand("江苏2025年森林覆盖率?").document_kinds == ()


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("重庆全市与大足区2025年森林覆盖率各是多少?", "compare"),
        ("上海徐汇区与上海市的目标", "compare"),
        ("上海市徐汇区的目标", "fact"),
        ("按照国务院的意见,全国2030年要下降多少?", "fact"),
        ("浙江省与国家2030年的目标有什么不同?", "compare"),
        ("大足区的意见和大足区的方案对比重的要求是否一致?", "compare"),
        ("Which measures does Jiangsu plan?", "list"),
        ("Which storage and backup rules does Shanghai give?", "list"),
        ("Which green exchange does Hebei want to establish?", "fact"),
        ("What green space rate should built-up areas reach?", "fact"),
        ("What main areas does the plan cover?", "list"),
    ],
)
def test_what_is_compared_or_listed_is_told_from_what_is_named(question, kind):
    assert understand(question).kind == kind


def test_the_nation_beside_a_place_is_a_place():
    assert place_names("浙江省与国家的2030年目标") == ["浙江省", "中国"]
    assert place_names("国家和浙江对氢能的要求") == ["中国", "浙江省"]
    assert place_names("国家的2030年目标") == []
    assert place_names("浙江落实国家要求") == ["浙江省"]


def test_of_all_provinces_the_nation_is_none():
    assert place_names("全国哪个省2025年非化石能源占比最高?") == []
    assert understand("全国各省的目标?").everywhere
    assert understand("What share do provinces aim for in 2030?").everywhere
    assert not understand("What does the province do?").everywhere
    assert understand("2030年非化石能源消费比重最低的省份是哪个?").everywhere
    assert understand("Quelle province vise le plus ?").everywhere
    assert not understand("江苏让哪几个市先试?").everywhere


def test_four_cities_by_one_name_are_compared_where_one_is_to_be_first():
    assert len(place_names("四个直辖市2030年的目标排序")) == 4
    assert understand("四个直辖市谁的目标最高?").kind == "compare"
    assert understand("川渝怎样协同?").kind != "compare"


@pytest.mark.parametrize(
    ("question", "years"),
    [
        ("重庆规模以上工业能耗较2020年下降多少?", ()),
        ("2030年比2005年下降多少?", (2030,)),
        ("到2025年在2020年的基础上提高多少?", (2025,)),
        ("上海2025年和2030年的光伏目标?", (2025, 2030)),
        ("How much lower than in 2020 must it be by 2025?", (2025,)),
        ("What changes from 2025 to 2030?", (2025, 2030)),
        ("De combien par rapport à 2005 en 2030 ?", (2030,)),
        ("2030年までに2020年比で何%下げますか?", (2030,)),
    ],
)
def test_a_year_compared_with_is_not_asked_for(question, years):
    assert understand(question).years == years


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("浙江光伏", "scope"),
        ("CCUS", "scope"),
        ("green hydrogen Ningxia", "scope"),
        ("浙江光伏?", "fact"),
        ("浙江2025年光伏装机", "fact"),
        ("浙江光伏装机规模", "fact"),
        ("谁负责光伏", "fact"),
    ],
)
def test_a_few_words_that_ask_nothing_ask_for_all_there_is(text, kind):
    assert understand(text).kind == kind


def test_a_quantity_of_a_year_is_a_figure():
    assert understand("内蒙古2026年新型储能装机").wants_figure
    assert understand("What is Zhejiang's forest coverage target for 2025?").wants_figure
    assert not understand("内蒙古如何发展新型储能装机").wants_figure


@pytest.mark.parametrize("said", ["非化石能源占比", "非化石能源的比重", "非化石占比"])
def test_the_share_of_non_fossil_energy_is_that_in_consumption(said):
    assert understand(f"广东2030年{said}?").question == "广东2030年非化石能源消费比重?"
    assert understand("非化石能源装机比重?").question == "非化石能源装机比重?"
