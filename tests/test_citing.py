import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.citing import Citer
from rag.query import understand
from rag.types import Document, Evidence, PageSpan, Statement

TEXT = "到2025年装机达到4,000万千瓦。到２０３０年达到 25%。继续推进。"
DOCUMENT = Document(
    "d",
    "2060年方案",
    TEXT,
    "d.txt",
    region="8号地区",
    page_spans=(PageSpan(343, 0, 19), PageSpan(344, 19, len(TEXT))),
)
OTHER = Document("e", "其他方案", TEXT, "e.txt")
QUERY = understand("江苏2035年的目标?")


def evidence(quote, document=DOCUMENT, score=1.0):
    start = document.text.index(quote)
    return Evidence(document, start, start + len(quote), score)


FIRST, SECOND = evidence("到2025年装机达到4,000万千瓦。"), evidence("到２０３０年达到 25%。")


def cite(*statements):
    """The lines that stand, and the citer that has the rest."""
    citer = Citer(QUERY)
    return tuple(filter(None, map(citer.add, statements))), citer


def lines(*statements):
    return cite(*statements)[0]


@pytest.mark.parametrize(
    "text",
    [
        "到2025年达到4,000万千瓦",
        "到2025年达到4000万千瓦",
        "到２０２５年达到４０００万千瓦",
        "第343页:4000万千瓦",
        "《2060年方案》:4000万千瓦",
        "8号地区:4000万千瓦",
        "2035年?4000万千瓦",
        "没有数字",
    ],
)
def test_a_statement_stays_if_quote_title_region_page_or_question_bears_its_figures(text):
    assert lines(Statement(text, (FIRST,))) == (f"{text}[1]",)


@pytest.mark.parametrize(
    "text",
    ["到2025年达到4001万千瓦", "达到25%", "达到400万千瓦", "第344页:4000万千瓦", "4.000万千瓦"],
)
def test_a_statement_with_a_figure_of_its_own_is_dropped_and_counted(text):
    found, cited = cite(Statement(text, (FIRST,)), Statement("达到25%", (SECOND,)))
    assert found == ("达到25%[1]",)
    assert cited.left_out == 1
    assert [citation.quote for citation in cited.citations] == [SECOND.quote]


def test_full_width_digits_of_the_quote_bear_out_plain_ones():
    assert lines(Statement("到2030年达到25%", (SECOND,)))


def test_a_statement_may_rest_on_several_quotes():
    statement = Statement("由4000万千瓦到25%", (FIRST, SECOND))
    assert lines(statement) == ("由4000万千瓦到25%[1][2]",)


def test_a_statement_on_an_empty_quote_is_dropped():
    nothing = Evidence(DOCUMENT, 3, 3, 1.0)
    assert lines(Statement("推进", (FIRST, nothing))) == ()


def test_a_statement_without_evidence_stays_if_it_says_no_figure():
    assert lines(Statement("文档没有回答。", ()), Statement("有25项", ())) == ("文档没有回答。",)


def test_markers_are_numbered_by_first_use_and_shared_by_the_same_slice():
    found, cited = cite(
        Statement("乙", (SECOND,)),
        Statement("甲", (FIRST, evidence(SECOND.quote, score=0.5))),
        Statement("丙", (evidence(SECOND.quote, OTHER),)),
    )
    assert found == ("乙[1]", "甲[2][1]", "丙[3]")
    assert [c.document.id for c in cited.citations] == ["d", "d", "e"]
    assert [c.marker for c in cited.citations] == [1, 2, 3]


def test_a_citation_says_where_its_quote_stands():
    (citation,) = cite(Statement("乙", (SECOND,)))[1].citations
    assert citation.document.text[citation.start : citation.end] == citation.quote == SECOND.quote
    assert citation.pages == (344,)
    assert citation.score == SECOND.score


slices = st.tuples(
    st.sampled_from([DOCUMENT, OTHER]), st.integers(0, len(TEXT)), st.integers(0, len(TEXT))
).map(lambda s: Evidence(s[0], min(s[1:]), max(s[1:]), 1.0))
statements = st.builds(
    Statement,
    st.sampled_from(["推进", "4000", "25%", "2035", "7", "２０３０"]),
    st.lists(slices, max_size=3).map(tuple),
)


@given(st.lists(statements, max_size=5))
def test_every_marker_has_its_citation_and_every_citation_its_marker(drafted):
    found, cited = cite(*drafted)
    used = [int(n) for line in found for n in re.findall(r"\[(\d+)\]", line)]
    assert list(dict.fromkeys(used)) == [citation.marker for citation in cited.citations]
    assert [citation.marker for citation in cited.citations] == list(
        range(1, len(cited.citations) + 1)
    )
    assert len(found) + cited.left_out == len(drafted)
    for citation in cited.citations:
        assert citation.document.text[citation.start : citation.end] == citation.quote
