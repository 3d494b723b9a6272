from rag.web.markup import Turn

from rag.types import Answer, Citation, Document, PageSpan
from rag.web import markup

ZH, EN = markup.load_labels()["zh"], markup.load_labels()["en"]
HOSTILE = "<img src=x onerror=\"alert('1')\">"


def make_answer(text="到 2025 年为 20% [1]。", *, refused=False, quote="目标为20%", **changes):
    body = "前" * 200 + quote + "后" * 200
    given = {"id": "d1", "title": "某省方案", "text": body, "source": "d1.md", "language": "zh"}
    document = Document(**(given | changes))
    start = body.index(quote)
    citation = Citation(1, quote, document, ("一、目标",), (7,), start, start + len(quote), 0.9)
    return Answer("目标是多少？", text, refused, (citation,), "zh", "fake", {"total": 0.52})


def render(answer, labels=ZH):
    return markup.render_answer(Turn("t1", answer.question), answer, labels)


def test_both_languages_have_the_same_words():
    assert ZH.keys() == EN.keys()


def test_chinese_for_chinese_or_unnamed_browsers_and_english_for_others():
    asked = ("zh-CN,zh;q=0.9", "", "en-US,en;q=0.9,zh;q=0.5", "fr-FR")
    assert [markup.choose_labels(tag) for tag in asked] == [ZH, ZH, EN, EN]


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


def test_quote_is_marked_within_120_characters_either_side():
    html = render(make_answer())
    assert f"…{'前' * 120}<mark>目标为20%</mark>{'后' * 120}…</blockquote>" in html


def test_no_ellipsis_where_the_document_begins_and_ends():
    document = Document(id="d", title="t", text="全文", source="s")
    citation = Citation(1, "全文", document, (), (), 0, 2, 1.0)
    assert "…" not in render(Answer("q", "x [1]", False, (citation,), "zh", "fake"))


def test_question_title_region_and_text_are_escaped():
    answer = make_answer(HOSTILE + " [1]", quote=HOSTILE, title=HOSTILE, region=HOSTILE)
    html = markup.render_answer(Turn("t1", HOSTILE, (HOSTILE,)), answer, ZH)
    assert "<img" not in html
    assert (
        html.count("&lt;img") == 7
    )  # question, limits, answer, marker's title, title, region, quote


def test_only_web_addresses_become_links():
    for url in ("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "https://", ""):
        assert "<a " not in render(make_answer(url=url))


def test_official_link_opens_apart_and_tells_nothing_of_the_page():
    html = render(make_answer(url="https://www.example.gov.cn/a?b=1&c=2"))
    assert 'href="https://www.example.gov.cn/a?b=1&amp;c=2" target="_blank"' in html
    assert 'rel="noopener noreferrer"' in html
    assert "<small>www.example.gov.cn</small>" in html


def test_pages_are_shown_as_a_run_or_one_by_one():
    shown = [markup._pages(pages, EN) for pages in ((), (7,), (7, 8, 9), (7, 9))]
    assert shown == ["", "p. 7", "pp. 7–9", "pp. 7, 9"]
    assert markup._pages((7, 8), ZH) == "第 7–8 页"


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


def test_lines_become_paragraphs_and_bullets_items():
    html = render(make_answer("头\n\n- 甲 [1]\n• 乙"))
    assert html.count("<p dir=") == 3
    assert html.count("class=item") == 2
    assert "- 甲" not in html


def test_page_spans_do_not_change_what_is_shown():
    spans = (PageSpan(7, 0, 300), PageSpan(8, 300, 410))
    assert render(make_answer(page_spans=spans)) == render(make_answer())
