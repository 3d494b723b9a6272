"""The chat tab in a real browser, in front of a fake assistant over two small documents."""

import gc
import json
import re

import pytest
from playwright.sync_api import expect

from rag import Address
from rag.errors import BadRequest
from rag.evaluation.questions import read_questions

from .serving import HOSTILE, PLAN, SLOW, FakeAssistant, serving

pytestmark = SLOW


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("chat") / "index"


@pytest.fixture(scope="module")
def assistant(built):
    from rag import Assistant

    return FakeAssistant(Assistant.load(built).index)


@pytest.fixture(scope="module")
def served(assistant, folder, foreign):
    with serving(assistant, folder) as url:
        yield url


@pytest.fixture(scope="module")
def desktop(open_tab, served):
    return open_tab(served)


@pytest.fixture
def tab(desktop, assistant, foreign):
    """The desktop page with a new conversation."""
    assistant.go.set()
    left = desktop.locator(".turn, #notice p")
    if left.count():  # a click on a fresh page changes nothing to wait for, and could come late
        expect(desktop.locator("#question .submit-button")).to_be_visible()
        if desktop.locator(".turn").count():
            desktop.click("#new")
        else:
            ask(desktop, "plain")
            expect(desktop.locator(".card")).to_have_count(2)
            desktop.click("#new")
        expect(left).to_have_count(0)
        expect(desktop.locator("#examples")).to_be_visible()
    assistant.asked.clear()
    yield desktop
    assert foreign == []


def ask(tab, question):
    tab.fill("#question textarea", question)
    tab.press("#question textarea", "Enter")


def test_answer_streams_and_ends_with_its_cards(tab, assistant):
    assistant.go.clear()
    ask(tab, "plain question")
    expect(tab.locator(".answer[aria-busy] p")).to_have_text("非化石能源")
    assistant.go.set()
    expect(tab.locator(".card")).to_have_count(2)
    card = tab.locator(".card").first
    expect(card.locator("mark")).to_have_text("非化石能源消费比重达到20%左右")
    expect(card.locator("blockquote")).to_have_text(PLAN.text)
    for shown in ("甲省碳达峰实施方案", "甲省", "征求意见稿", "一、主要目标", "第 13 页"):
        expect(card).to_contain_text(shown)
    link = card.locator("a")
    assert link.get_attribute("href") == PLAN.url
    assert link.get_attribute("rel") == "noopener noreferrer"
    expect(tab.locator("#question textarea")).to_have_value("")


def test_marker_brings_its_card_into_view_and_focus(tab):
    ask(tab, "plain question")
    tab.click("button.marker >> text=2")
    card = tab.locator(".card").nth(1)
    expect(card).to_have_class("card target")
    expect(card).to_be_focused()
    expect(card).to_be_in_viewport()


def test_earlier_turns_keep_their_own_sources(tab):
    ask(tab, "plain one")
    expect(tab.locator(".card:visible")).to_have_count(2)
    ask(tab, "trap two")
    expect(tab.locator(".card:visible")).to_have_count(1)
    tab.click("#past button.marker >> text=1")
    expect(tab.locator("#past .card.target")).to_be_visible()
    expect(tab.locator(".card:visible")).to_have_count(2)


def test_text_of_strangers_is_shown_and_never_run(tab):
    ask(tab, f"trap {HOSTILE}")
    expect(tab.locator(".turn h2")).to_have_text(f"trap {HOSTILE}")
    expect(tab.locator(".card h4")).to_have_text(HOSTILE)
    expect(tab.locator(".card mark")).to_have_text(HOSTILE)
    assert tab.locator(".card a, .turn img, .turn script").count() == 0
    assert tab.evaluate("window.hacked") is None


def test_refusal_is_shown_as_one(tab):
    ask(tab, "refuse this")
    refusal = tab.locator(".answer.refused")
    expect(refusal).to_contain_text("未找到依据")
    expect(refusal).to_contain_text("文件里没有丙省的方案。")
    assert tab.locator(".card").count() == 0


@pytest.mark.parametrize(
    ("question", "told"),
    [("fault", "程序遇到意外情况"), ("damaged", "检索服务暂时不可用"), ("unusable", "名称不明")],
)
def test_faults_are_told_without_their_inside(tab, question, told):
    ask(tab, question)
    expect(tab.locator(".answer.failed")).to_contain_text(told)
    assert "secret" not in tab.locator("body").inner_text()


@pytest.mark.parametrize(
    ("question", "told"), [("  ", "请先输入问题"), ("长" * 1001, "最多 1000 个字")]
)
def test_unaskable_questions_stay_in_the_box_with_a_word(tab, question, told):
    ask(tab, question)
    expect(tab.locator("#notice")).to_contain_text(told)
    assert tab.locator(".turn").count() == 0
    assert tab.input_value("#question textarea") == question


def test_who_asks_too_fast_is_told_when_to_ask_again(open_tab, assistant):
    assistant.go.set()
    with serving(assistant, per_minute=1) as url:
        tab = open_tab(url)
        ask(tab, "plain one")
        expect(tab.locator(".card")).to_have_count(2)
        tab.click(".act.again")
        expect(tab.locator("#notice")).to_contain_text("一分钟最多 1 个问题")
        expect(tab.locator(".card")).to_have_count(2)
        ask(tab, "plain two")
        expect(tab.locator("#notice")).to_have_text(re.compile(r"请过 \d\d 秒再问"))
        expect(tab.locator("#question textarea")).to_have_value("plain two")
        assert tab.locator(".turn").count() == 1
        tab.context.close()


def test_filters_reach_the_assistant_and_are_shown(tab, assistant):
    tab.click("#filters button")
    chosen = {"region": "甲省", "level": "省级", "document": PLAN.title, "generator": "another"}
    for name, option in chosen.items():
        tab.click(f"#filter-{name} input")
        tab.get_by_role("option", name=option, exact=True).click()
    tab.click("#filter-passages input")
    tab.get_by_role("option", name="12").click()
    ask(tab, "plain question")
    expect(tab.locator(".limits")).to_have_text(f"限定：甲省 · 省级 · {PLAN.title}")
    options = {"region": "甲省", "level": "province", "document": "p1"}
    assert assistant.asked[0][2] == options | {"generator": "another", "passages": 12}


def test_a_follow_up_knows_what_was_answered_before(tab, assistant):
    for question in ("plain one", "refuse two", "plain three"):
        ask(tab, question)
        expect(tab.locator(".turn h2").last).to_have_text(question)
        expect(tab.locator("#question .submit-button")).to_be_visible()
    assert [history for _, history, _ in assistant.asked] == [
        [], ["plain one"], ["plain one", "refuse two"],
    ]  # fmt: skip


def test_stop_keeps_what_was_said_and_lets_ask_again(tab, assistant):
    assistant.go.clear()
    ask(tab, "plain question")
    expect(tab.locator(".answer[aria-busy]")).to_contain_text("非化石能源")
    tab.click("#question .stop-button")
    stopped = tab.locator(".answer.failed")
    expect(stopped).to_contain_text("已停止")
    expect(stopped).to_contain_text("非化石能源")
    assistant.go.set()
    tab.click(".act.again")
    expect(tab.locator(".card")).to_have_count(2)
    expect(tab.locator(".turn")).to_have_count(1)
    assert [question for question, *_ in assistant.asked] == ["plain question"] * 2


def test_a_stopped_answer_holds_nobody_up(tab, assistant, open_tab, served):
    assistant.go.clear()
    ask(tab, "plain question")
    expect(tab.locator(".answer[aria-busy]")).to_contain_text("非化石能源")
    tab.click("#question .stop-button")
    expect(tab.locator(".answer.failed")).to_contain_text("已停止")
    other = open_tab(served)  # while the model of the first is still at it
    for asker in (other, tab):
        ask(asker, "refuse question")
        expect(asker.locator(".answer[aria-busy]")).to_contain_text("文件里没有")
    assistant.go.set()
    for asker in (other, tab):
        expect(asker.locator(".answer.refused")).to_have_count(1)
    expect(tab.locator(".answer.failed")).to_contain_text("已停止")
    other.context.close()


def test_hovering_or_focusing_a_marker_shows_its_quote(tab):
    ask(tab, "plain question")
    tab.hover("button.marker >> text=2")
    expect(tab.locator("#peek")).to_have_text("森林覆盖率达到12%")
    tab.mouse.move(5, 300)
    expect(tab.locator("#peek")).to_be_hidden()
    tab.locator("button.marker").first.focus()
    expect(tab.locator("#peek")).to_have_text("非化石能源消费比重达到20%左右")
    tab.keyboard.press("Escape")
    expect(tab.locator("#peek")).to_be_hidden()


def test_keyboard_alone_reaches_a_source_and_comes_back(tab):
    ask(tab, "plain question")
    marker = tab.locator("button.marker").first
    marker.focus()
    tab.keyboard.press("Enter")
    card = tab.locator(".card").first
    expect(card).to_be_focused()
    tab.keyboard.press("Tab")
    expect(card.locator(".number")).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.locator(".answer")).to_be_focused()


def test_a_closed_card_opens_when_its_marker_is_clicked(tab):
    ask(tab, "plain question")
    words = tab.locator(".card details").nth(1)
    words.locator("summary").click()
    expect(words.locator("mark")).to_be_hidden()
    tab.click("button.marker >> text=2")
    expect(words.locator("mark")).to_be_visible()


def test_copy_takes_the_answer_with_its_markers(tab):
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(tab, "plain question")
    tab.click(".act.copy")
    expect(tab.locator(".act.copy")).to_have_attribute("title", "已复制")
    copied = tab.evaluate("navigator.clipboard.readText()")
    assert copied == "非化石能源消费比重达到 20% 左右[1]，森林覆盖率 12%[2]。"


def test_a_vote_and_its_comment_are_one_question_of_a_set(tab, folder):
    votes = folder.with_name("index.feedback.jsonl")
    ask(tab, "plain vote")
    tab.click(".act.down")
    expect(tab.locator(".act.down")).to_have_attribute("aria-pressed", "true")
    tab.fill(".comment input", "应为 <b>25%</b>")
    tab.keyboard.press("Enter")
    expect(tab.locator(".thanks")).to_be_visible()
    ask(tab, "plain next")  # its redraw keeps the vote
    expect(tab.locator("#past .act.down")).to_have_attribute("aria-pressed", "true")
    row = json.loads(votes.read_text(encoding="utf-8").splitlines()[-1])
    assert (row["question"], row["vote"]) == ("plain vote", "down")
    assert row["comment"] == "应为 <b>25%</b>"
    assert [q.text for q in read_questions(votes)].count("plain vote") == 1


def test_export_saves_the_conversation_as_markdown(tab):
    ask(tab, "plain question")
    expect(tab.locator(".card")).to_have_count(2)
    with tab.expect_download() as saved:
        tab.click(".tool.export")
    assert saved.value.suggested_filename.endswith(".md")
    text = saved.value.path().read_text(encoding="utf-8")
    assert "## plain question" in text
    assert "1. 甲省碳达峰实施方案 · 甲省 · 征求意见稿" in text
    assert "> 非化石能源消费比重达到20%左右" in text


def test_the_switch_changes_every_word_and_keeps_the_conversation(open_tab, served, assistant):
    assistant.go.set()
    tab = open_tab(served)
    ask(tab, "plain question")
    expect(tab.locator(".card")).to_have_count(2)
    tab.click(".tool.language")
    expect(tab.locator("#chat-button")).to_have_text("Ask")
    expect(tab.locator(".card").first).to_contain_text("Draft for comment")
    expect(tab.locator("#question textarea")).to_have_attribute("placeholder", "Type your question")
    expect(tab.locator("#new")).to_contain_text("New chat")
    tab.click("#documents-button")
    expect(tab.locator("#documents h1")).to_have_text("The documents")
    expect(tab.locator("#upload")).to_have_text("Choose files")
    tab.reload()
    expect(tab.locator(".welcome h1")).to_contain_text("Which carbon policy")
    assert tab.evaluate("document.documentElement.lang") == "en"
    tab.click(".tool.language")
    expect(tab.locator(".welcome h1")).to_contain_text("双碳政策")


def test_example_is_asked_with_one_click(tab):
    tab.locator("#examples button").first.click()
    expect(tab.locator(".card")).to_have_count(2)
    expect(tab.locator("#examples")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_english_phone_has_one_column_and_english_words(open_tab, served, assistant, scheme):
    assistant.go.set()
    phone = {"width": 390, "height": 844}
    tab = open_tab(served, locale="en-US", viewport=phone, color_scheme=scheme)
    expect(tab.locator(".welcome h1")).to_contain_text("Which carbon policy")
    ask(tab, "plain question")
    expect(tab.locator(".card").first).to_contain_text("Draft for comment")
    answer, sources = (tab.locator(name).bounding_box() for name in (".answer", ".sources"))
    assert sources["y"] >= answer["y"] + answer["height"]
    for name in ("compare", "documents", "chat"):
        tab.click(f"#{name}-button")
        expect(tab.locator(f"#{name}")).to_be_visible()
        assert tab.evaluate("document.documentElement.scrollWidth") == phone["width"]


CONTRAST = """(name) => {
  const light = (colour) => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(Number).map((v) => v / 255);
    const [r, g, b] = parts.map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const element = document.querySelector(name);
  let ground = element;
  const clear = (e) => /rgba?\\(.*, 0\\)|transparent/.test(getComputedStyle(e).backgroundColor);
  while (ground.parentElement && clear(ground)) ground = ground.parentElement;
  const pair = [getComputedStyle(element).color, getComputedStyle(ground).backgroundColor];
  const [low, high] = pair.map(light).sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_enough(open_tab, served, assistant, scheme):
    """source: WCAG 2.2, success criterion 1.4.3: 4.5 to 1 for text."""
    assistant.go.set()
    tab = open_tab(served, color_scheme=scheme)
    ask(tab, "plain question")
    expect(tab.locator(".card")).to_have_count(2)
    for name in (".answer p", ".answer .facts", ".card blockquote", ".card mark", ".badge",
                 ".card .where", "button.marker", ".turn h2", ".card .official"):  # fmt: skip
        assert tab.evaluate(CONTRAST, name) >= 4.5, name


# gradio 6.31 forgets to close the socket with which it tried the port
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_taken_port_is_named_with_the_remedy(served, assistant):
    from rag.web.page import start_page

    port = int(served.rstrip("/").rsplit(":", 1)[1])
    with pytest.raises(BadRequest, match=rf"port {port} .*`rag chat --port"):
        start_page(assistant, address=Address(port=port))
    gc.collect()  # so that the socket goes while its warning is ignored


def test_strangers_are_not_served_by_mistake(assistant):
    from rag.web.page import start_page

    with pytest.raises(BadRequest, match="--no-auth"):
        start_page(assistant, address=Address("0.0.0.0"))
