from dataclasses import replace

import pytest

from rag.types import Answer, Citation, Document, PageSpan
from rag.web.cards import CONTEXT_CHARS, say_pages
from rag.web.labels import choose_language, load_labels
from rag.web.talk import Turn
from rag.web.turns import render_turn

ZH, EN = load_labels()["zh"], load_labels()["en"]
HOSTILE = "<img src=x onerror=\"alert('1')\">"


def make_answer(text="到 2025 年为 20% [1]。", *, refused=False, quote="目标为20%", **changes):
    body = "前" * 200 + quote + "后" * 200
    given = {"id": "d1", "title": "某省方案", "text": body, "source": "d1.md", "language": "zh"}
    document = Document(**(given | changes))
    start = body.index(quote)
    citation = Citation(1, quote, document, ("一、目标",), (7,), start, start + len(quote), 0.9)
    return Answer("目标是多少？", text, refused, (citation,), "zh", "fake", {"total": 0.52})


def render(answer, labels=ZH):
    return render_turn(Turn("t1", answer.question, answer=answer), labels, works=1)


def test_both_languages_have_the_same_words():
    assert ZH.keys() == EN.keys()


def test_chinese_for_chinese_or_unnamed_browsers_and_english_for_others():
    asked = ("zh-CN,zh;q=0.9", "", "en-US,en;q=0.9,zh;q=0.5", "fr-FR")
    assert [choose_language("", tag) for tag in asked] == ["zh", "zh", "en", "en"]


def test_the_switch_goes_before_the_browser():
    assert choose_language("en", "zh-CN") == "en"
    assert choose_language("<b>", "zh-CN") == "zh"


def test_marker_leads_to_the_card_of_its_citation():
    html = render(make_answer())
    assert 'data-goto="t1-1"' in html
    assert 'id="t1-1"' in html


def test_markers_stay_with_the_character_before_them():
    html = render(make_answer("甲<乙;[1] [1]。"))
    assert '<p dir="auto">甲&lt;乙<span class="kept">;<button' in html
    assert html.count("data-goto=") == 3  # two markers and the card's way back
    assert "</button></span>。</p>" in html


def test_marker_without_a_citation_stays_text():
    html = render(make_answer("甲 [1] 乙 [3]"))
    assert '<span class="kept">乙[3]</span>' in html
    assert html.count('class="marker"') == 1


def test_quote_is_marked_within_its_surroundings():
    html = render(make_answer())
    before, after = "前" * CONTEXT_CHARS, "后" * CONTEXT_CHARS
    assert f"…{before}<mark>目标为20%</mark>{after}…</blockquote>" in html


def test_markdown_signs_of_a_passage_become_what_they_stand_for():
    text = "## 目标\n- 甲 <b>\n- 乙#1\n### 二"
    document = Document(id="d", title="t", text=text, source="s.md")
    start = text.index("- 乙")
    citation = Citation(1, text[start:], document, (), (), start, len(text), 1.0)
    html = render(Answer("q", "x [1]", False, (citation,), "zh", "fake"))
    assert "<b>目标</b>\n• 甲 &lt;b&gt;\n<mark>• 乙#1\n二</mark></blockquote>" in html


def test_no_ellipsis_where_the_document_begins_and_ends():
    document = Document(id="d", title="t", text="全文", source="s")
    citation = Citation(1, "全文", document, (), (), 0, 2, 1.0)
    assert "…" not in render(Answer("q", "x [1]", False, (citation,), "zh", "fake"))


def test_question_title_region_and_text_are_escaped():
    answer = make_answer(HOSTILE + " [1]", quote=HOSTILE, title=HOSTILE, region=HOSTILE)
    html = render_turn(Turn("t1", HOSTILE, (HOSTILE,), answer=answer), ZH, works=1)
    assert "<img" not in html
    # question, limits, answer, title, region, the quote alone and in its passage
    assert html.count("&lt;img") == 7


@pytest.mark.parametrize("turn", [
    Turn("t1", HOSTILE, text=HOSTILE),
    Turn("t1", HOSTILE, text=HOSTILE, fault="stopped"),
    Turn("t1", HOSTILE, fault="unusable", detail=HOSTILE),
])  # fmt: skip
def test_unfinished_turns_are_escaped_too(turn):
    html = render_turn(turn, ZH, works=1)
    assert "<img" not in html
    assert html.count("&lt;img") == 2


def test_only_web_addresses_become_links():
    for url in (
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "https://",
        "",
        "https://[",
    ):
        assert "<a " not in render(make_answer(url=url))


def test_official_link_opens_apart_and_tells_nothing_of_the_page():
    html = render(make_answer(url="https://www.example.gov.cn/a?b=1&c=2"))
    assert 'href="https://www.example.gov.cn/a?b=1&amp;c=2" target="_blank"' in html
    assert 'rel="noopener noreferrer"' in html
    assert "<small>www.example.gov.cn</small>" in html


def test_pages_are_shown_as_a_run_or_one_by_one():
    shown = [say_pages(pages, EN) for pages in ((), (7,), (7, 8, 9), (7, 9))]
    assert shown == ["", "p. 7", "pp. 7–9", "pp. 7, 9"]
    assert say_pages((7, 8), ZH) == "第 7–8 页"


def test_draft_and_brief_have_badges_and_an_unknown_status_none():
    draft = render(make_answer(status="draft", kind="brief"))
    assert "征求意见稿" in draft
    assert "摘要" in draft
    assert 'class="badge' not in render(make_answer(status=""))


def test_refusal_says_so_and_claims_no_checked_quotes():
    html = render(make_answer("文件没有说明，最接近的是 [1]。", refused=True))
    assert 'class="answer refused"' in html
    assert ZH["refused"] in html
    assert ZH["nearest"] in html
    assert "逐字" not in html


def test_statements_left_out_are_counted():
    answer = make_answer()
    assert ZH["left_out"].format(count=2) in render(replace(answer, left_out=2))
    assert EN["left_out_one"] in render(replace(answer, left_out=1), EN)
    assert "left-out" not in render(answer)


def test_a_follow_up_says_what_was_searched():
    answer = make_answer()
    assert "按这个问题检索：湖南的目标是多少？" in render(
        replace(answer, resolved="湖南的目标是多少？")
    )
    assert "按这个问题检索" not in render(replace(answer, resolved=answer.question))


def test_of_many_cards_the_first_is_open():
    answer = make_answer("甲[1]乙[2]丙[3]")
    first = answer.citations[0]
    many = replace(answer, citations=tuple(replace(first, marker=n) for n in (1, 2, 3)))
    html = render(many)
    assert html.count("<details") == 3
    assert html.count('<details class="words" open>') == 1


def test_a_stopped_answer_says_that_nothing_was_checked():
    html = render_turn(Turn("t1", "问", text="半句话，[1]", fault="stopped"), ZH, works=1)
    assert "半句话" in html
    assert ZH["stopped_hint"] in html
    assert "data-goto" not in html


def test_a_vote_stays_pressed():
    answer = make_answer()
    html = render_turn(Turn("t1", "问", answer=answer, vote="down"), EN, works=1)
    assert html.count('aria-pressed="true"') == 1
    assert 'data-act="down" data-turn="t1" aria-pressed="true"' in html


def test_lines_become_paragraphs_and_bullets_items():
    html = render(make_answer("头\n\n- 甲 [1]\n• 乙"))
    assert html.count("<p dir=") == 3
    assert html.count("class=item") == 2
    assert "- 甲" not in html


def test_page_spans_do_not_change_what_is_shown():
    spans = (PageSpan(7, 0, 300), PageSpan(8, 300, 410))
    assert render(make_answer(page_spans=spans)) == render(make_answer())
