import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.types import Chunk, Document, Evidence, PageSpan, Section

TEXT = "一、目标。甲。二、任务。(一)能源。乙。"
SECTIONS = (
    Section("一、目标", 1, 0, 5, 7),
    Section("二、任务", 1, 7, 12, len(TEXT)),
    Section("(一)能源", 2, 12, 18, len(TEXT)),
)
DOCUMENT = Document(
    "d",
    "江苏省碳达峰实施方案",
    TEXT,
    "d.txt",
    region="江苏省",
    aliases=("Jiangsu",),
    page_spans=(PageSpan(5, 0, 9), PageSpan(6, 9, 15), PageSpan(9, 12, len(TEXT))),
    sections=SECTIONS,
)


@pytest.mark.parametrize(
    ("start", "end", "pages"),
    [
        (0, 9, (5,)),
        (8, 10, (5, 6)),
        (9, 12, (6,)),
        (12, 13, (6, 9)),
        (0, len(TEXT), (5, 6, 9)),
        (12, 12, (6, 9)),
        (len(TEXT), len(TEXT) + 1, ()),
    ],
)
def test_pages_are_those_that_hold_any_of_the_slice(start, end, pages):
    assert DOCUMENT.pages_of(start, end) == pages


def test_pages_of_a_document_are_each_named_once_and_ascending():
    spans = (PageSpan(7, 0, 2), PageSpan(3, 2, 4), PageSpan(7, 4, 6))
    assert dataclasses.replace(DOCUMENT, page_spans=spans).pages == (3, 7)
    assert dataclasses.replace(DOCUMENT, page_spans=()).pages == ()


def test_a_document_of_no_known_work_is_a_work_of_its_own():
    assert DOCUMENT.work == "d"
    assert dataclasses.replace(DOCUMENT, work="p001").work == "p001"


@pytest.mark.parametrize(
    ("offset", "path"),
    [
        (0, ("一、目标",)),
        (6, ("一、目标",)),
        (7, ("二、任务",)),
        (12, ("二、任务", "(一)能源")),
        (len(TEXT) - 1, ("二、任务", "(一)能源")),
        (len(TEXT), ()),
    ],
)
def test_section_path_names_the_sections_around_outermost_first(offset, path):
    assert DOCUMENT.section_path(offset) == path


@given(st.integers(0, len(TEXT)))
def test_sections_at_are_all_that_hold_the_offset(offset):
    holding = tuple(section for section in SECTIONS if section.start <= offset < section.end)
    assert DOCUMENT.sections_at(offset) == holding


SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), max_size=12)


@given(SPANS, st.integers(0, 45))
def test_sections_at_are_all_that_hold_the_offset_however_sections_lie(spans, offset):
    sections = tuple(Section("t", 1, start, start, start + long) for start, long in sorted(spans))
    document = dataclasses.replace(DOCUMENT, sections=sections)
    holding = tuple(section for section in sections if section.start <= offset < section.end)
    assert document.sections_at(offset) == holding


def test_a_chunk_is_a_slice_with_its_section_and_pages():
    chunk = Chunk(DOCUMENT, 12, 20)
    assert chunk.text == TEXT[12:20]
    assert chunk.section == ("二、任务", "(一)能源")
    assert chunk.pages == (6, 9)


def test_the_context_of_a_chunk_holds_title_region_aliases_and_headings():
    context = Chunk(DOCUMENT, 12, 20).context
    assert context == "江苏省碳达峰实施方案 江苏省 Jiangsu 二、任务 (一)能源"


def test_evidence_quotes_its_slice_and_knows_its_pages():
    evidence = Evidence(DOCUMENT, 8, 11, 1.0)
    assert evidence.quote == TEXT[8:11]
    assert evidence.pages == (5, 6)


@pytest.mark.parametrize("value", [DOCUMENT, Chunk(DOCUMENT, 0, 1), Evidence(DOCUMENT, 0, 1, 0.0)])
def test_values_are_frozen_and_can_be_compared_and_hashed(value):
    with pytest.raises(dataclasses.FrozenInstanceError):
        value.start = 3
    assert dataclasses.replace(value) == value
    assert len({value, dataclasses.replace(value)}) == 1
