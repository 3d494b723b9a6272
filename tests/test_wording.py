import string

import pytest

from rag.language import LANGUAGES
from rag.types import Document, Evidence, PageSpan
from rag.wording import _phrases, cited_place, lead, name, say, say_pages

TITLE = "江苏省碳达峰实施方案"


def document(title=TITLE, **fields):
    fields = {"region": "江苏省", "page_spans": (PageSpan(343, 0, 2), PageSpan(344, 2, 9))} | fields
    return Document("d", title, "正文" * 5, "d.txt", **fields)


def fields(phrase):
    return {name for _, name, _, _ in string.Formatter().parse(phrase) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_refusals_in_its_own_words(language):
    phrases, english = _phrases()[language], _phrases()["en"]
    for phrase in ("refused", "no_region", "no_document", "nearest", "left_out", "draft"):
        assert language == "en" or phrases[phrase] != english[phrase]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_is_known_and_takes_the_values_of_the_english_one(language):
    english = _phrases()["en"]
    for key, phrase in _phrases()[language].items():
        assert fields(phrase) == fields(english[key]), key


def test_an_unknown_language_and_a_lacking_phrase_are_said_in_english():
    assert say("", "refused") == say("xx", "refused") == say("en", "refused")
    assert say("it", "page", pages=3) == say("en", "page", pages=3) == "p. 3"


def test_values_may_hold_braces():
    assert say("en", "title", title="{x} {}") == "{x} {}"


@pytest.mark.parametrize(
    ("language", "pages", "said"),
    [
        ("zh", (343,), "第343页"),
        ("zh", (343, 344), "第343、344页"),
        ("en", (343,), "p. 343"),
        ("en", (343, 344), "pp. 343, 344"),
        ("de", (343, 344), "S. 343, 344"),
        ("ar", (343,), "ص 343"),
    ],
)
def test_pages_are_said_in_the_language(language, pages, said):
    assert say_pages(language, pages) == said


def test_a_lead_names_plan_and_pages():
    assert lead("zh", Evidence(document(), 0, 2, 1.0)) == f"《{TITLE}》(第343页):"
    assert lead("zh", Evidence(document(), 1, 4, 1.0)) == f"《{TITLE}》(第343、344页):"
    assert lead("en", Evidence(document(), 0, 2, 1.0)) == f"{TITLE} (p. 343): "


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", f"Jiangsu, {TITLE} (p. 343, in Chinese)"),
        ("fr", f"Jiangsu, {TITLE} (p. 343, en chinois)"),
        ("ko", f"장쑤, {TITLE} (343쪽, 중국어)"),
        ("zh", f"《{TITLE}》(第343页)"),
    ],
)
def test_a_foreign_reader_is_told_the_place_and_that_the_words_are_chinese(language, said):
    assert cited_place(language, Evidence(document(language="zh"), 0, 2, 1.0)) == said
    of_none = cited_place(language, Evidence(document(language="zh", region=""), 0, 2, 1.0))
    assert of_none == said.split(", ", 1)[-1] if language != "zh" else said


def test_a_draft_a_brief_and_a_source_without_pages_are_told():
    draft = Evidence(document(status="draft"), 0, 2, 1.0)
    assert cited_place("zh", draft) == f"《{TITLE}》(征求意见稿、第343页)"
    pageless = Evidence(document(page_spans=(), status="draft"), 0, 2, 1.0)
    assert cited_place("en", pageless) == f"{TITLE} (draft)"
    assert cited_place("zh", Evidence(document(page_spans=()), 0, 2, 1.0)) == f"《{TITLE}》"
    brief = cited_place("zh", Evidence(document(kind="brief"), 0, 2, 1.0))
    assert brief != f"《{TITLE}》(第343页)"
    assert "第343页" in brief


@pytest.mark.parametrize(
    ("title", "region", "said"),
    [
        (TITLE, "江苏省", f"《{TITLE}》"),
        ("江苏碳达峰实施方案", "江苏省", "《江苏碳达峰实施方案》"),
        ("Jiangsu plan", "江苏省", "《Jiangsu plan》"),
        ("碳达峰实施方案", "江苏省", "江苏省《碳达峰实施方案》"),
        ("碳达峰实施方案", "", "《碳达峰实施方案》"),
        ("Our district's plan", "8号地区", "8号地区《Our district's plan》"),
    ],
)
def test_the_region_is_said_where_the_title_does_not(title, region, said):
    assert name("zh", document(title, region=region)) == said
