"""Whatever is typed gives an answer whose quotes hold, or says why it can't be asked."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.errors import BadRequest

PIECES = st.sampled_from(
    [
        *(
            "江苏",
            "Hunan",
            "上海",
            "各省",
            "2025年",
            "２０３０",
            "٢٠٣٠",
            "非化石能源消费比重",
            "wind power",
        ),
        *(
            "是多少?",
            "哪些",
            "和",
            "compare",
            "那",
            "呢?",
            "再详细一点",
            "it",
            "[1]",
            "%",
            "<b>",
            "\n",
        ),
        *(
            "\u202e",
            "\u2066",
            "\u200b",
            "\ufeff",
            "\0",
            "\ud800",
            "e\u0301",
            "🙂",
            "../..",
            "{x}",
            "%s",
        ),
    ]
)
TYPED = st.lists(PIECES | st.text(max_size=8), min_size=1, max_size=9).map("".join)
QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def check(assistant, question, history=()):
    try:
        answer = assistant.ask(question, history=history)
    except BadRequest:
        return ()
    for citation in answer.citations:
        assert citation.document.text[citation.start : citation.end] == citation.quote
    told = {int(number) for number in re.findall(r"\[(\d+)\]", answer.text)}
    assert {citation.marker for citation in answer.citations} <= told
    assert answer.text.strip()
    answer.text.encode("utf-8")
    return (answer,)


def ask_often(assistant, times):
    @settings(max_examples=times, **QUIET)
    @given(TYPED, TYPED)
    def run(first, second):
        check(assistant, second, check(assistant, first))

    run()


def test_40_questions_and_follow_ups_of_any_text(assistant):
    ask_often(assistant, 40)


@pytest.mark.slow
def test_1500_questions_and_follow_ups_of_any_text(assistant):
    ask_often(assistant, 1500)


@settings(max_examples=100, **QUIET)
@given(question=TYPED, top_k=st.integers(-3, 300))
def test_a_search_of_any_text_finds_passages_or_says_why_not(assistant, question, top_k):
    try:
        hits = assistant.search(question, top_k=top_k)
    except BadRequest:
        return
    assert len(hits) <= top_k
    for hit in hits:
        text = hit.chunk.document.text
        assert text[hit.chunk.start : hit.chunk.end] == hit.chunk.text


def test_marks_that_are_not_seen_change_no_answer(assistant):
    plain = assistant.ask("江苏2025年非化石能源消费比重是多少?")
    for mark in ("\u200b", "\u2060", "\ufeff", "\u202a", "\u00ad"):
        marked = assistant.ask(f"{mark}江苏2025年{mark}非化石能源消费比重是多少?{mark}")
        assert [c.quote for c in marked.citations] == [c.quote for c in plain.citations], ascii(
            mark
        )
        split = assistant.ask(f"江{mark}苏2025年非化石能源消{mark}费比重是多少?")
        assert [c.quote for c in split.citations] == [c.quote for c in plain.citations], ascii(mark)
