import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.readers.outline import MAX_TITLE_CHARS, find_sections
from rag.types import Document

from .checks import check_sections

NUMBERINGS = ["一、", "二、", "三、", "十一、", "(一)", "(二)", "(3)", "1.", "2.", "12.", "2.5"]
OUTLINES = st.lists(
    st.sampled_from([*NUMBERINGS, "第一章", "第二条", "专栏1", "目标", "任务。", ",", "\n", " "])
    | st.text(max_size=5),
    max_size=40,
).map("".join)


def titles(text):
    return [section.title for section in find_sections(text)]


def levels(text):
    return [section.level for section in find_sections(text)]


def bodies(text):
    return [text[section.body : section.end] for section in find_sections(text)]


@given(st.text() | OUTLINES)
@example("一、")
@example("一、总体要求(一)指导思想。以。二、")
def test_sections_nest_within_the_bounds_of_any_text(text):
    check_sections(Document("d", "t", text, "d.txt", sections=find_sections(text)))


@given(OUTLINES)
def test_titles_are_short_one_line_and_begin_with_their_number(text):
    for section in find_sections(text):
        assert 0 < len(section.title) <= MAX_TITLE_CHARS + len("(一二三四)")
        assert section.title == section.title.strip()
        assert "\n" not in section.title
        assert text[section.start :].startswith(section.title[0])


def test_glued_headings_part_from_each_other_and_from_their_sentences():
    text = "提出如下意见。一、总体要求(一)指导思想。以新理念为指引。(二)主要目标到2025年。"
    assert titles(text) == ["一、总体要求", "(一)指导思想", "(二)主要目标"]
    assert levels(text) == [1, 2, 2]
    assert bodies(text) == [
        "(一)指导思想。以新理念为指引。(二)主要目标到2025年。",
        "以新理念为指引。",
        "到2025年。",
    ]


def test_four_depths_nest_whatever_the_width_of_the_brackets():
    text = "一、任务。(一)能源。1.煤电。(1)改造。推进。（2）淘汰。2．风电。二、保障。"
    assert titles(text) == [
        "一、任务",
        "(一)能源",
        "1.煤电",
        "(1)改造",
        "（2）淘汰",
        "2．风电",
        "二、保障",
    ]
    assert levels(text) == [1, 2, 3, 4, 4, 3, 1]


def test_chapters_stand_above_and_boxes_and_articles_below():
    text = "第一章 总则\n一、目的\n为了。\n专栏1 重点工程\n推进。\n第二章 附则\n"
    assert titles(text) == ["第一章 总则", "一、目的", "专栏1 重点工程", "第二章 附则"]
    assert levels(text) == [1, 2, 3, 1]


def test_articles_are_found_on_their_own():
    assert titles("第一条 目的。第二条 范围。") == ["第一条 目的", "第二条 范围"]


def test_a_heading_that_lost_its_stop_ends_at_its_noun():
    text = "一、总体要求坚持以新发展理念为引领" + "推动全面绿色转型" * 6 + "。"
    (section,) = find_sections(text)
    assert section.title == "一、总体要求"
    assert text[section.body :].startswith("坚持")


def test_a_sentence_with_a_figure_is_no_heading_but_its_noun_may_be():
    text = "一、主要目标到2030年达到25%。推进。二、任务。(一)光伏覆盖率达到50%。继续。"
    assert bodies(text)[0] == "到2030年达到25%。推进。"
    assert bodies(text)[2] == "光伏覆盖率达到50%。继续。"
    assert titles(text) == ["一、主要目标", "二、任务", "(一)光伏覆盖率达到50%"]
    text = "一、2025年前重点行动。推进。"
    assert (titles(text), bodies(text)) == (["一、2025年前重点行动"], ["推进。"])


def test_an_item_with_nothing_under_it_keeps_its_words_as_text():
    text = "一、任务。(一)推进光伏。(二)发展风电。二、保障。"
    assert bodies(text) == ["(一)推进光伏。(二)发展风电。", "推进光伏。", "发展风电。", "保障。"]
    assert titles(text) == ["一、任务", "(一)推进光伏", "(二)发展风电", "二、保障"]


def test_an_item_without_a_heading_is_named_by_its_first_words_and_keeps_them():
    text = "1.鼓励企业建设屋顶光伏" + "并网" * 30 + "。2.推广热泵" + "机组" * 30 + "。"
    first, second = find_sections(text)
    assert first.title.startswith("1.鼓励企业建设屋顶光伏")
    assert text[first.body : first.end].startswith("鼓励企业")
    assert text[second.body : second.end].startswith("推广热泵")


@pytest.mark.parametrize(
    "inside",
    [
        "坚持第一、第二产业协同",
        "达到2.5亿吨,降低1.3个百分点",
        "标准统一、智能高效",
        "发展一、二、三产业",
        "发展二、三产业",
        "依托一、二次能源管网",
        "比重超过三分之一、外受电增加",
        "按公式(1)计算,结果代入式(2)",
        "见表(1)和图(2)",
        "装机1.2万千瓦。2.6万千瓦在建",
        "(三)级以上",
        "工程3.建成",
    ],
)
def test_numbers_inside_sentences_are_no_headings(inside):
    assert titles(f"一、总体要求。坚持方向,{inside}。二、任务。") == ["一、总体要求", "二、任务"]
    assert titles(f"一、总体要求{inside}。二、任务。")[-1] == "二、任务"


@pytest.mark.parametrize("inside", ["按公式(1)计算", "见表(1)"])
def test_a_number_that_a_short_heading_refers_to_is_none_of_its_own(inside):
    assert titles(f"一、排放量{inside}。二、任务。") == [f"一、排放量{inside}", "二、任务"]


def test_a_number_out_of_count_is_no_heading():
    assert titles("一、甲。。四、乙。二、丙。") == ["一、甲", "二、丙"]
    assert titles("1.甲。7.乙。2.丙。") == ["1.甲", "2.丙"]


def test_one_number_left_out_does_not_hide_the_next():
    assert titles("一、甲。二、乙。四、丁。") == ["一、甲", "二、乙", "四、丁"]


def numeral(n):
    digits = "一二三四五六七八九"
    tens = ("" if n < 20 else digits[n // 10 - 1]) + ("十" if n >= 10 else "")
    return tens + (digits[n % 10 - 1] if n % 10 else "")


def test_a_count_may_run_through_all_chapters():
    counted = [f"({numeral(n)})" for n in range(1, 38)]
    chapters = [f"{numeral(c)}、章。" for c in range(1, 14)]
    text = "".join(
        (chapters[i // 3] if i % 3 == 0 else "") + f"{number}事项。推进。"
        for i, number in enumerate(counted)
    )
    found = titles(text)
    assert [title for title in found if title.startswith("(")] == [f"{n}事项" for n in counted]
    assert sum(title.endswith("章") for title in found) == 13


def test_counts_go_past_a_hundred():
    articles = ["九十九", "一百", "一百一", "一百二"]
    text = "".join(f"第{n}条 事项。" for n in [*map(numeral, range(1, 99)), *articles])
    assert titles(text)[-4:] == [f"第{n}条 事项" for n in articles]
    assert titles("第一条 甲。第二条 乙。第一百条 丙。") == ["第一条 甲", "第二条 乙"]


def test_a_text_whose_start_is_lost_may_open_with_any_number():
    text = "新格局。(二)基本原则。坚持。三、优化结构(三)调整产业。推进。四、能源。"
    assert titles(text) == ["(二)基本原则", "三、优化结构", "(三)调整产业", "四、能源"]


def test_a_line_break_lost_before_a_number_is_told_from_the_count():
    text = "一、目标。达到25%〔甲科负责〕二、任务。推进〔乙科、丙局〕三、保障。"
    assert titles(text) == ["一、目标", "二、任务", "三、保障"]


def test_a_text_without_numbers_has_no_sections():
    assert find_sections("") == ()
    assert find_sections("到2030年达到25%。继续推进。") == ()


def test_a_long_line_takes_no_time():
    text = "。(一)" * 20_000 + "第" * 100_000 + "一" * 100_000
    assert find_sections(text)


def test_a_long_name_of_an_action_ends_at_its_noun_where_its_full_stop_is_lost():
    goes_on = "针对钢铁、水泥、化工、有色等重点工业行业绿色低碳发展的需求,深度融合新兴技术。"
    names = ("低碳与零碳工业流程再造技术突破行动", "绿色低碳基础前沿创新引领行动")
    text = f"一、{names[0]}{goes_on}二、{names[1]}{goes_on}"
    assert titles(text) == [f"一、{names[0]}", f"二、{names[1]}"]


def test_a_heading_may_follow_a_square_bracket():
    text = "(一)节能行动。推进节能。[省工信厅负责](二)减排行动。推进减排。"
    assert titles(text) == ["(一)节能行动", "(二)减排行动"]
