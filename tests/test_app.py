"""The chat page in a real browser, in front of a fake assistant over two small documents."""

import gc
import shutil
import socket
import threading

import pytest

from rag.errors import BadRequest, IndexDamaged
from rag.types import Answer, Citation, Document, PageSpan

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
pytestmark = [
    pytest.mark.slow,  # gradio and the browser take some ten seconds to start
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
    # gradio 6.31 sets this pandas option in its own threads to sum up the queue's times
    pytest.mark.filterwarnings("ignore:'future.no_silent_downcasting' is deprecated"),
]

HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>${hacked=1}{{x}}'
PLAN = Document(
    id="p1",
    title="甲省碳达峰实施方案",
    text="一、主要目标。到2025年,森林覆盖率达到12%,非化石能源消费比重达到20%左右。二、重点任务。",
    source="p1.md",
    region="甲省",
    level="province",
    status="draft",
    url="https://www.example.gov.cn/p1.html",
    language="zh",
    page_spans=(PageSpan(12, 0, 20), PageSpan(13, 20, 48)),
)
TRAP = Document(
    id="p2",
    title=HOSTILE,
    text=f"前文{HOSTILE}后文",
    source="p2.md",
    region="乙省",
    status="final",
    url="javascript:window.hacked=1",
)


def cite(marker, document, quote):
    start = document.text.index(quote)
    end = start + len(quote)
    pages = document.pages_of(start, end)
    return Citation(marker, quote, document, ("一、主要目标",), pages, start, end, 0.9)


class FakeAssistant:
    """Answers by the first word of the question; waits before the last piece until `go` is set."""

    documents = (PLAN, TRAP)

    def __init__(self):
        self.go = threading.Event()
        self.limits = None

    def stream(self, question, *, region=None, level=None, status=None):
        self.limits = (region, level, status)
        match question.split()[0]:
            case "refuse":
                text, cited = "文件里没有丙省的方案。", ()
            case "trap":
                text, cited = f"{HOSTILE} [1]", (cite(1, TRAP, HOSTILE),)
            case "fault":
                raise ValueError("a secret of the program")
            case "damaged":
                raise IndexDamaged("/secret/path is gone")
            case "unusable":
                raise BadRequest("名称不明")
            case _:
                text = "非化石能源消费比重达到 20% 左右 [1]，森林覆盖率 12% [2]。"
                quotes = ("非化石能源消费比重达到20%左右", "森林覆盖率达到12%")
                cited = tuple(cite(n, PLAN, quote) for n, quote in enumerate(quotes, 1))
        yield text[:5]
        assert self.go.wait(10)
        yield text[5:]
        yield Answer(question, text, not cited, cited, "zh", "fake", {"total": 0.1})


@pytest.fixture(scope="module")
def assistant():
    return FakeAssistant()


@pytest.fixture(scope="module")
def foreign():
    """Addresses beyond this machine that the server or the browser asked for; should stay empty."""
    asked = []
    connect = socket.socket.connect

    def watch(self, address):
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            asked.append(address)
        return connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", watch)
        yield asked


@pytest.fixture(scope="module")
def served(assistant, foreign):
    from rag.web.page import start_page

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    page = start_page(assistant, port=port)
    yield page
    page.close(verbose=False)


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


def open_tab(browser, served, foreign, **options):
    tab = browser.new_context(**options).new_page()
    tab.set_default_timeout(10_000)
    local = (served.local_url, "data:", "blob:")
    tab.on("request", lambda r: r.url.startswith(local) or foreign.append(r.url))
    tab.goto(served.local_url)
    tab.wait_for_selector("#question textarea")
    return tab


@pytest.fixture(scope="module")
def desktop(browser, served, foreign):
    return open_tab(
        browser, served, foreign, locale="zh-CN", viewport={"width": 1280, "height": 800}
    )


@pytest.fixture
def tab(desktop, assistant, foreign):
    """The desktop page with a new conversation."""
    assistant.go.set()
    left = desktop.locator(".turn, #notice p")
    if left.count():  # a click on a fresh page changes nothing to wait for, and could come late
        desktop.click("#new")
        playwright.expect(left).to_have_count(0)
        playwright.expect(desktop.locator("#examples")).to_be_visible()
    yield desktop
    assert foreign == []


def ask(tab, question):
    tab.fill("#question textarea", question)
    tab.press("#question textarea", "Enter")


def test_answer_streams_and_ends_with_its_cards(tab, assistant):
    assistant.go.clear()
    ask(tab, "plain question")
    playwright.expect(tab.locator(".answer[aria-busy] p")).to_have_text("非化石能源")
    assistant.go.set()
    playwright.expect(tab.locator(".card")).to_have_count(2)
    card = tab.locator(".card").first
    playwright.expect(card.locator("mark")).to_have_text("非化石能源消费比重达到20%左右")
    playwright.expect(card.locator("blockquote")).to_have_text(PLAN.text)
    for shown in ("甲省碳达峰实施方案", "甲省", "征求意见稿", "一、主要目标", "第 13 页"):
        playwright.expect(card).to_contain_text(shown)
    link = card.locator("a")
    assert link.get_attribute("href") == PLAN.url
    assert link.get_attribute("rel") == "noopener noreferrer"
    playwright.expect(tab.locator("#question textarea")).to_have_value("")


def test_marker_brings_its_card_into_view_and_focus(tab):
    ask(tab, "plain question")
    tab.click("button.marker >> text=2")
    card = tab.locator(".card").nth(1)
    playwright.expect(card).to_have_class("card target")
    playwright.expect(card).to_be_focused()
    playwright.expect(card).to_be_in_viewport()


def test_earlier_turns_keep_their_own_sources(tab):
    ask(tab, "plain one")
    playwright.expect(tab.locator(".card:visible")).to_have_count(2)
    ask(tab, "trap two")
    playwright.expect(tab.locator(".card:visible")).to_have_count(1)
    tab.click("#past button.marker >> text=1")
    playwright.expect(tab.locator("#past .card.target")).to_be_visible()
    playwright.expect(tab.locator(".card:visible")).to_have_count(2)


def test_text_of_strangers_is_shown_and_never_run(tab):
    ask(tab, f"trap {HOSTILE}")
    playwright.expect(tab.locator(".turn h2")).to_have_text(f"trap {HOSTILE}")
    playwright.expect(tab.locator(".card h4")).to_have_text(HOSTILE)
    playwright.expect(tab.locator(".card mark")).to_have_text(HOSTILE)
    assert tab.locator(".card a, .turn img, .turn script").count() == 0
    assert tab.evaluate("window.hacked") is None


def test_refusal_is_shown_as_one(tab):
    ask(tab, "refuse this")
    refusal = tab.locator(".answer.refused")
    playwright.expect(refusal).to_contain_text("未找到依据")
    playwright.expect(refusal).to_contain_text("文件里没有丙省的方案。")
    assert tab.locator(".card").count() == 0


@pytest.mark.parametrize(
    ("question", "told"),
    [("fault", "程序遇到意外情况"), ("damaged", "检索服务暂时不可用"), ("unusable", "名称不明")],
)
def test_faults_are_told_without_their_inside(tab, question, told):
    ask(tab, question)
    playwright.expect(tab.locator(".answer.failed")).to_contain_text(told)
    assert "secret" not in tab.locator("body").inner_text()


@pytest.mark.parametrize(
    ("question", "told"), [("  ", "请先输入问题"), ("长" * 1001, "最多 1000 个字")]
)
def test_unaskable_questions_stay_in_the_box_with_a_word(tab, question, told):
    ask(tab, question)
    playwright.expect(tab.locator("#notice")).to_contain_text(told)
    assert tab.locator(".turn").count() == 0
    assert tab.input_value("#question textarea") == question


def test_filters_reach_the_assistant_and_are_shown(tab, assistant):
    tab.click("#filters button")
    tab.get_by_label("地区或部门").click()
    tab.get_by_role("option", name="甲省").click()
    ask(tab, "plain question")
    playwright.expect(tab.locator(".limits")).to_have_text("限定：甲省")
    assert assistant.limits == ("甲省", None, None)


def test_example_is_asked_with_one_click(tab):
    tab.locator("#examples button").first.click()
    playwright.expect(tab.locator(".card")).to_have_count(2)
    playwright.expect(tab.locator("#examples")).to_be_hidden()


def test_english_phone_has_one_column_and_english_words(browser, served, assistant, foreign):
    assistant.go.set()
    phone = {"width": 390, "height": 844}
    tab = open_tab(browser, served, foreign, locale="en-US", viewport=phone)
    playwright.expect(tab.locator(".welcome h1")).to_contain_text("Which carbon policy")
    ask(tab, "plain question")
    playwright.expect(tab.locator(".card").first).to_contain_text("Draft for comment")
    answer, sources = (tab.locator(name).bounding_box() for name in (".answer", ".sources"))
    assert sources["y"] >= answer["y"] + answer["height"]
    assert tab.evaluate("document.documentElement.scrollWidth") == phone["width"]
    assert foreign == []


# gradio 6.31 forgets to close the socket with which it tried the port
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_taken_port_is_named_with_the_remedy(served, assistant):
    from rag.web.page import start_page

    with pytest.raises(BadRequest, match=rf"port {served.server_port} .*`rag chat --port"):
        start_page(assistant, port=served.server_port)
    gc.collect()  # so that the socket goes while its warning is ignored
