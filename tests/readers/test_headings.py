from hypothesis import given
from hypothesis import strategies as st

from rag.readers.headings import Heading, nest
from rag.readers.labels import find_outline
from rag.readers.outline import find_sections

from .checks import check_nesting

MARKS = [
    "一、",
    "二、",
    "(一)",
    "(二)",
    "1.",
    "2.",
    "(1)",
    "第一章",
    "第二条",
    "专栏1",
    "目标",
    "。",
    "\n",
    "a",
]


def headings(*ranks):
    return [Heading(f"h{i}", rank, 10 * i, 10 * i + 5) for i, rank in enumerate(ranks)]


def test_a_section_ends_where_the_next_of_its_rank_or_a_lower_begins():
    sections = nest(headings(1, 2, 3, 2, 1), 60)
    assert [section.end for section in sections] == [40, 30, 30, 40, 60]


def test_ranks_in_use_become_levels_from_one():
    assert [section.level for section in nest(headings(4, 6, 2, 6), 50)] == [2, 3, 1, 3]


def test_no_headings_give_no_sections():
    assert nest([], 9) == ()


@given(st.lists(st.integers(1, 6), max_size=30))
def test_sections_of_any_ranks_nest(ranks):
    check_nesting(nest(headings(*ranks), 10 * len(ranks)), 10 * len(ranks))


@given(st.lists(st.sampled_from(MARKS), max_size=40).map("".join))
def test_the_numbered_outline_nests_in_any_text(text):
    check_nesting(find_sections(text), len(text))


def test_many_sections_take_time_in_proportion_to_their_number():
    text = "一、目标。甲。(一)能源。乙。" * 20_000  # took minutes while it was quadratic
    assert len(find_sections(text)) == 40_000


def test_the_outline_goes_below_a_lone_heading():
    text = "标题\n一、目标\n甲。\n"
    lone, numbered = find_outline([Heading("标题", 3, 0, 3)], text)
    assert (lone.title, lone.level, lone.end) == ("标题", 1, len(text))
    assert (numbered.title, numbered.level, numbered.start) == ("一、目标", 2, 3)


def test_marked_headings_leave_the_numbering_alone():
    text = "甲\n乙\n一、目标\n"
    sections = find_outline([Heading("甲", 1, 0, 2), Heading("乙", 1, 2, 4)], text)
    assert [section.title for section in sections] == ["甲", "乙"]
