from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.readers.repeats import MIN_REPEAT_CHARS, drop_repeats
from rag.types import Document, PageSpan


def sentence(name, chars=40):
    """A sentence like no other of another name."""
    return f"{name}{'推' * (chars - len(name) - 1)}。"


LONG = "".join(sentence(f"第{n}项") for n in range(5))  # 200 characters
SHORT = sentence("短句", MIN_REPEAT_CHARS - 1)


def paged(*pages):
    """(text, spans) of pages numbered from 1."""
    spans, at = [], 0
    for number, page in enumerate(pages, 1):
        spans.append(PageSpan(number, at, at + len(page)))
        at += len(page)
    return "".join(pages), tuple(spans)


def pages_of(text, spans, part):
    start = text.index(part)
    return Document("d", "t", text, "d.txt", page_spans=spans).pages_of(start, start + len(part))


@given(st.lists(st.text(st.sampled_from("甲乙。;；\n")), max_size=6))
def test_without_a_long_repeat_nothing_changes(pages):
    text, spans = paged(*pages)
    if len(text) < 2 * MIN_REPEAT_CHARS:
        assert drop_repeats(text, spans) == (text, spans)


@given(st.permutations([sentence(f"第{n}项", 90) for n in range(6)]))
def test_different_sentences_are_all_kept(sentences):
    text, spans = paged(*sentences)
    assert drop_repeats(text, spans) == (text, spans)


# Few different long sentences in any order and number: many repeats, adjacent and nested.
LENGTHS = {"甲": 160, "乙": 90, "丙": 80, "丁": 9}
BLOCKS = st.lists(st.sampled_from([sentence(name, chars) for name, chars in LENGTHS.items()]))


@given(BLOCKS)
def test_what_is_left_is_sound(sentences):
    text, spans = paged(*sentences)
    kept, kept_spans = drop_repeats(text, spans)
    assert all(0 <= span.start < span.end <= len(kept) for span in kept_spans)
    assert list(kept_spans) == sorted(kept_spans, key=lambda span: (span.start, span.page))
    assert {span.page for span in kept_spans} == {span.page for span in spans}
    covered = {i for span in kept_spans for i in range(span.start, span.end)}
    assert covered == set(range(len(kept)))


@given(BLOCKS)
def test_every_page_still_stands_where_its_words_are(sentences):
    """Each page is one sentence here: where its span lies, there its sentence must stand."""
    kept, kept_spans = drop_repeats(*paged(*sentences))
    for page, start, end in kept_spans:
        assert kept[start:end] == sentences[page - 1]


def test_a_doubled_passage_is_kept_once_with_the_pages_of_both():
    text, spans = paged("序。", LONG, "中间。", LONG, "完。")
    kept, kept_spans = drop_repeats(text, spans)
    assert kept == "序。" + LONG + "中间。" + "完。"
    assert pages_of(kept, kept_spans, LONG) == (2, 4)
    assert pages_of(kept, kept_spans, "中间。") == (3,)
    assert pages_of(kept, kept_spans, "完。") == (5,)


def test_a_repeat_across_a_page_break_carries_the_pages_of_each_part():
    text, spans = paged(LONG, "中间。" + LONG[:90], LONG[90:] + "完。")
    kept, kept_spans = drop_repeats(text, spans)
    assert kept == LONG + "中间。完。"
    assert pages_of(kept, kept_spans, LONG[:80]) == (1, 2)
    assert pages_of(kept, kept_spans, LONG[120:]) == (1, 3)


def test_a_passage_printed_three_times_is_kept_once():
    text, spans = paged(LONG, LONG, LONG)
    kept, kept_spans = drop_repeats(text, spans)
    assert kept == LONG
    assert pages_of(kept, kept_spans, LONG) == (1, 2, 3)


@pytest.mark.parametrize(("chars", "dropped"), [(-1, False), (0, True)])
def test_a_repeat_counts_from_the_stated_length_on(chars, dropped):
    run = sentence("甲", 100) + sentence("乙", MIN_REPEAT_CHARS - 100 + chars)
    kept, _ = drop_repeats(*paged(run, "中。", run))
    assert kept == run + "中。" + ("" if dropped else run)


@pytest.mark.parametrize("mark", ["。", ";", "；"])
def test_sentences_end_at_any_width_of_mark(mark):
    run = sentence("甲", 160).replace("。", mark)
    assert drop_repeats(*paged(run, "中。", run, "完"))[0] == run + "中。完"


def test_short_repeats_stay():
    text, spans = paged(SHORT, "中间。", SHORT)
    assert drop_repeats(text, spans) == (text, spans)


def test_adjacent_repeats_leave_no_empty_span():
    other = "".join(sentence(f"另{n}项") for n in range(5))
    text, spans = paged(LONG, "甲。", other, "乙。", LONG + other, "完。")
    kept, kept_spans = drop_repeats(text, spans)
    assert kept == LONG + "甲。" + other + "乙。完。"
    assert all(span.start < span.end for span in kept_spans)
    assert pages_of(kept, kept_spans, other) == (3, 5)
    assert pages_of(kept, kept_spans, "乙。完。") == (4, 6)


def test_a_repeat_of_what_ran_around_a_repeat_keeps_its_pages_apart():
    """甲 LONG 甲 LONG: the second run begins before what was dropped."""
    head = sentence("甲", 160)
    text, spans = paged(LONG, head, LONG, "乙。", head, LONG, "乙。")
    kept, kept_spans = drop_repeats(text, spans)
    assert kept.startswith(LONG + head)
    assert pages_of(kept, kept_spans, head) == (2, 5)
    assert pages_of(kept, kept_spans, LONG) == (1, 3, 6)
    assert max(span.end for span in kept_spans) == len(kept)


@pytest.mark.parametrize("pair", list(pairwise(["", "。", "\n", "甲", "甲。甲"])))
def test_tiny_texts_stay_as_they_are(pair):
    text, spans = paged(*pair)
    assert drop_repeats(text, spans) == (text, spans)
