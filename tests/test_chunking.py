from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.chunking import split_document
from rag.readers.headings import Heading, nest
from rag.types import Document, PageSpan

MARKED = st.text(st.sampled_from("甲乙ab1 。;,\n,、.") | st.characters(), max_size=400)


@st.composite
def documents(draw, kind="original"):
    """Any text with any nested sections."""
    text = draw(MARKED)
    starts = sorted(draw(st.sets(st.integers(0, max(len(text) - 1, 0)), max_size=8)))
    ranks = draw(st.lists(st.integers(1, 3), min_size=len(starts), max_size=len(starts)))
    headings = [Heading("h", r, s, s) for s, r in zip(starts, ranks, strict=True)]
    sections = nest(headings, len(text)) if text else ()
    return Document("d", "t", text, "d.txt", kind=kind, sections=sections)


def texts(document, chunk_chars=400):
    return [chunk.text for chunk in split_document(document, chunk_chars=chunk_chars)]


def document_with(text, *starts, **fields):
    headings = [Heading(text[s : s + 2], rank, s, s + 2) for s, rank in starts]
    return Document("d", "t", text, "d.txt", sections=nest(headings, len(text)), **fields)


@given(documents(), st.integers(1, 120))
@settings(deadline=None)  # the first example loads the splitter
def test_chunks_tile_any_text_and_keep_to_their_length(document, chunk_chars):
    chunks = split_document(document, chunk_chars=chunk_chars)
    assert "".join(chunk.text for chunk in chunks) == document.text
    assert [chunk.start for chunk in chunks] == [0, *(c.end for c in chunks)][: len(chunks)]
    assert all(0 < chunk.end - chunk.start <= chunk_chars for chunk in chunks)


@given(documents(), st.integers(1, 120))
@settings(deadline=None)
def test_a_level_1_section_always_begins_a_chunk(document, chunk_chars):
    starts = {chunk.start for chunk in split_document(document, chunk_chars=chunk_chars)}
    assert {section.start for section in document.sections if section.level == 1} <= starts


@given(documents(kind="brief"))
def test_the_chunks_of_a_brief_tile_it(document):
    assert "".join(texts(document)) == document.text
    assert all(texts(document))


def test_an_empty_text_has_no_chunk():
    assert texts(Document("d", "t", "", "d.txt")) == []


def test_short_neighbours_share_a_chunk_unless_the_later_is_of_level_1():
    text = "一、甲甲。(一)乙。(二)丙。二、丁。"
    document = document_with(text, (0, 1), (5, 2), (10, 2), (15, 1))
    assert texts(document) == ["一、甲甲。(一)乙。(二)丙。", "二、丁。"]
    assert texts(document, chunk_chars=11) == ["一、甲甲。(一)乙。", "(二)丙。", "二、丁。"]


def test_a_section_that_does_not_fit_begins_a_chunk_of_its_own():
    text = "一、甲。(一)" + "乙" * 9 + "。" + "(二)丙。"
    document = document_with(text, (0, 1), (4, 2), (17, 2))
    assert texts(document, chunk_chars=14) == ["一、甲。", "(一)" + "乙" * 9 + "。", "(二)丙。"]


def test_a_long_section_is_cut_at_sentence_ends_into_parts_of_about_equal_length():
    sentence = "到二五年占比达到百分之二十五。"
    parts = texts(Document("d", "t", (sentence + "占比！") * 35, "d.txt"), chunk_chars=100)
    assert all(part.endswith(("。", "！")) for part in parts)
    assert min(map(len, parts)) >= 0.6 * max(map(len, parts))


def test_a_sentence_a_little_over_its_equal_share_stays_whole():
    sentences = ["甲" * 239 + "。", "乙" * 259 + "。"]
    assert texts(Document("d", "t", "".join(sentences), "d.txt"), chunk_chars=400) == sentences


def test_a_sentence_longer_than_a_chunk_is_cut_at_commas_then_anywhere():
    assert texts(Document("d", "t", "甲甲甲,乙乙乙，丙丙", "d.txt"), chunk_chars=5) == [
        "甲甲甲,",
        "乙乙乙，",
        "丙丙",
    ]
    assert texts(Document("d", "t", "甲" * 7, "d.txt"), chunk_chars=3) == ["甲甲甲", "甲甲甲", "甲"]


BRIEF = """# 方案

概述。

## 目标

- 到2025年:22%(第258页)
  续行
- 到2030年:25%(第259页)

## 任务
### 能源

* 抽水蓄能(第260页)
1. 编号
"""


def test_every_bullet_of_a_brief_is_a_chunk_and_the_first_begins_with_its_headings():
    document = Document("b", "t", BRIEF, "b.md", kind="brief")
    assert texts(document, chunk_chars=5) == [
        "# 方案\n\n概述。\n\n",
        "## 目标\n\n- 到2025年:22%(第258页)\n  续行\n",
        "- 到2030年:25%(第259页)\n\n",
        "## 任务\n### 能源\n\n* 抽水蓄能(第260页)\n1. 编号\n",
    ]


def test_a_blank_line_before_a_bullet_is_no_chunk():
    document = Document("b", "t", "甲\n\n- 乙\n\n- 丙\n", "b.md", kind="brief")
    assert texts(document) == ["甲\n\n", "- 乙\n\n", "- 丙\n"]


def test_a_bullet_of_a_brief_has_its_own_pages_alone():
    text = "- 甲(第5页)\n- 乙(第6页)\n"
    spans = (PageSpan(5, 0, 9), PageSpan(6, 9, len(text)))
    document = Document("b", "t", text, "b.md", kind="brief", page_spans=spans)
    assert [c.pages for c in split_document(document, chunk_chars=99)] == [(5,), (6,)]


@pytest.mark.parametrize("chunk_chars", [1, 2, 3])
def test_tiny_chunks_are_possible(chunk_chars):
    document = Document("d", "t", "甲乙。丙。", "d.txt")
    assert all(len(text) <= chunk_chars for text in texts(document, chunk_chars))


@given(st.text(st.sampled_from("甲a"), min_size=1, max_size=200), st.integers(1, 50))
def test_a_run_without_a_place_to_cut_is_cut_into_equal_lengths(text, chunk_chars):
    """As the splitter does it a character at a time, which takes half a minute for 50 million."""
    found = texts(Document("d", "t", text, "d.txt"), chunk_chars=chunk_chars)
    size = len(found[0])
    assert found == [text[at : at + size] for at in range(0, len(text), size)]
    assert size == min(
        chunk_chars, len(text), ceil(len(text) / ceil(len(text) / chunk_chars) * 1.15)
    )
