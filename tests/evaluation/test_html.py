"""The report page: what it holds, that it asks for nothing, that nothing in it runs."""

import re
import shutil

import pytest
from lxml import html

from rag.evaluation.folders import Run
from rag.evaluation.html import render_html
from rag.evaluation.reports import summarise

from .fakes import cited, make_row, make_setup

CHROMIUM = shutil.which("chromium")
HOSTILE = '</td></script><script>window.hacked=1</script><img src=x onerror="window.hacked=1">'
ROWS = (
    make_row("a", citations=(cited(on_page=True),), scores={"facts": 1.0, "recall@5": 1.0}),
    make_row(
        "b",
        question=f"b? {HOSTILE}",
        answer=HOSTILE,
        must=((HOSTILE, "x"),),
        missing_facts=((HOSTILE, "x"),),
        citations=(cited(on_page=False, quote=HOSTILE),),
        citation_violations=(HOSTILE,),
        verdict="cited wrongly",
        scores={"facts": 0.0, "recall@5": 0.0, "MRR": 0.25},
        ask_s=0.5,
        answerable=0.4,
    ),
    make_row("c", "unanswerable", "en", verdict="not refused", scores={"refused right": 0.0}),
)


def render(*rows, **setup):
    return render_html(Run(make_setup(**setup), rows), summarise(rows))


PAGE = render(*ROWS, index=HOSTILE, titles={"d": HOSTILE})


def test_every_text_is_escaped():
    assert "<script>window" not in PAGE
    assert "<img" not in PAGE
    assert PAGE.count("&lt;script&gt;window.hacked=1") >= 8
    assert PAGE.count("<script>") == 1


def test_nothing_is_asked_of_the_network():
    attributes = [(k, v) for e in html.fromstring(PAGE).iter() for k, v in e.attrib.items()]
    linked = [v for k, v in attributes if k.rpartition(":")[2] in ("src", "href", "action")]
    assert linked
    assert all(target.startswith("#") for target in linked)  # of shapes in the drawings
    assert "@import" not in PAGE
    assert not re.search(r"url\((?!#)", PAGE)
    assert "default-src 'none'" in PAGE


def test_each_question_has_its_answer_expected_facts_and_verdict():
    assert PAGE.count('<tbody data-n="') == 3
    assert '<span class="verdict cited-wrongly">cited wrongly</span>' in PAGE
    assert '<td class="num" data-before="first right hit">4</td>' in PAGE
    assert "A refusal." in PAGE
    assert "elsewhere</span>" in PAGE


def test_plots_are_drawn_in_the_colours_of_the_page():
    assert PAGE.count("<svg") == 5
    assert "var(--accent)" in PAGE
    assert not re.search(r"#0[1-9]0[1-9]0[1-9]", PAGE)


def test_reliability_needs_more_than_one_probability():
    page = render(*ROWS[:1], make_row("d"))
    assert "there is nothing to draw" in page
    assert page.count("<svg") == 4


def test_a_set_without_any_label_makes_a_page_too():
    row = make_row(type="unlabelled", pages=(), must=(), works=(), scores={}, verdict="unjudged")
    page = render(row)
    assert "Nothing stated." in page
    assert page.count("<svg") == 2


def test_the_same_run_gives_the_same_page():
    assert render(*ROWS, index=HOSTILE, titles={"d": HOSTILE}) == PAGE


def test_latencies_of_a_parallel_run_are_called_that():
    assert "2 processes asking at once" in render(*ROWS, workers=2)


@pytest.mark.slow  # the browser takes some seconds to start
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_the_page_sorts_filters_and_unfolds_without_running_what_it_shows(tmp_path):
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = tmp_path / "report.html"
    path.write_text(PAGE, encoding="utf-8")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 800})
        asked, told = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: told.append(message.text))
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        page.set_viewport_size({"width": 1200, "height": 800})
        page.click("th button[data-key=ask]")
        page.click("th button[data-key=ask]")
        assert page.locator("tbody[data-n] .id").first.text_content() == "b"
        page.click("tbody[data-n] .asked button >> nth=0")
        assert page.locator(".answer").first.is_visible()
        page.select_option("[data-field=lang]", "en")
        assert page.locator("#shown").text_content() == "1 of 3 questions"
        assert page.evaluate("window.hacked") is None
        assert (asked, told) == ([path.as_uri()], [])
        browser.close()
