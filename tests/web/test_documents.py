"""The documents and compare tabs in a real browser, over a real index that they change."""

import csv
import io
import re

import pytest
from playwright.sync_api import expect
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from rag import Assistant
from rag.web.documents import add_uploads
from rag.web.shelf import Shelf

from .serving import HOSTILE, SLOW

pytestmark = SLOW


@pytest.fixture(scope="module")
def tab(open_tab, site):
    return open_tab(site[0])


@pytest.fixture(autouse=True)
def nothing_beyond_this_machine(foreign):
    yield
    assert foreign == []


@pytest.fixture
def pdf(tmp_path):
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    path = tmp_path / "灯塔守则.pdf"
    canvas = Canvas(str(path))
    for lines in (("灯塔管理守则",), ("第一条 灯塔管理员养了37只信天翁。",)):
        canvas.setFont("STSong-Light", 14)
        for row, line in enumerate(lines):
            canvas.drawString(80, 760 - 30 * row, line)
        canvas.showPage()
    canvas.save()
    return path


def open_documents(tab):
    tab.click("#documents-button")
    tab.fill("#find input", "")
    expect(tab.locator("#listing table")).to_be_visible()


def upload(tab, *paths):
    tab.set_input_files("#drop input[type=file]", [str(path) for path in paths])


def ask(tab, question):
    tab.click("#chat-button")
    tab.fill("#question textarea", question)
    tab.press("#question textarea", "Enter")
    expect(tab.locator(".turn h2").last).to_have_text(question)
    expect(tab.locator("#live .actions")).to_be_visible()


def remove(tab, title):
    """Click twice on the same button: a list drawn anew between has one that was not clicked."""
    button = tab.locator("#listing tr", has_text=title).locator(".remove")
    button.evaluate("button => { button.click(); button.click(); }")


def test_a_pdf_is_uploaded_asked_about_and_removed(tab, site, pdf):
    uploads = site[1].with_name("small.uploads")
    open_documents(tab)
    upload(tab, pdf)
    expect(tab.locator(".told.good")).to_contain_text("现在可以提问了")
    row = tab.locator("#listing tr", has_text="灯塔管理守则")
    expect(row.locator("td.pages")).to_have_text("2")
    expect(row.locator("td.date")).to_have_text(re.compile(r"\d{4}-\d\d-\d\d"))
    assert [path.name for path in uploads.iterdir()] == ["灯塔守则.pdf"]
    ask(tab, "灯塔管理员养了多少只信天翁?")
    expect(tab.locator("#live .said")).to_contain_text("37")
    expect(tab.locator("#live .card").first).to_contain_text("灯塔管理守则")
    expect(tab.locator("#live .card").first).to_contain_text("第 2 页")
    expect(tab.locator("#live .card mark").first).to_contain_text("37只信天翁")
    open_documents(tab)
    remove(tab, "灯塔管理守则")
    expect(tab.locator(".told.good")).to_contain_text("已移除")
    expect(row).to_have_count(0)
    assert list(uploads.iterdir()) == []
    ask(tab, "灯塔管理员养了几只信天翁?")
    assert "37" not in tab.inner_text("#live .said")


def test_what_another_visitor_removed_is_told_to_be_gone(tab, open_tab, site, tmp_path):
    for name in ("守则.md", "守则.txt"):  # they clash, so that one takes over the other's id
        path = tmp_path / name
        path.write_text(f"灯塔{name}\n\n第一条 信天翁。", encoding="utf-8")
        open_documents(tab)
        upload(tab, path)
        expect(tab.locator("#listing tr", has_text=f"灯塔{name}")).to_have_count(1)
    other = open_tab(site[0])
    open_documents(other)
    remove(other, "灯塔守则.md")
    expect(other.locator(".told.good")).to_contain_text("已移除")
    remove(tab, "灯塔守则.md")
    expect(tab.locator(".told.bad")).to_contain_text("已经不在了")
    expect(tab.locator("#listing tr", has_text="灯塔守则.md")).to_have_count(0)
    remove(tab, "灯塔守则.txt")
    expect(tab.locator(".told.good")).to_contain_text("已移除")


def test_bad_files_are_refused_with_a_reason_a_person_understands(tab, tmp_path):
    broken, blank, program = (tmp_path / n for n in ("坏.pdf", "空.txt", "程序.exe"))
    broken.write_bytes(b"%PDF-1.4 nothing")
    blank.write_text(" \n", encoding="utf-8")
    program.write_bytes(b"MZ")
    open_documents(tab)
    rows = tab.locator("#listing tbody tr").count()
    upload(tab, broken, blank)
    told = tab.locator(".told.bad")
    expect(told).to_have_count(2)
    expect(tab.locator("#told")).to_contain_text("“坏.pdf”：文件已损坏")
    expect(tab.locator("#told")).to_contain_text("“空.txt”：文件是空的")
    upload(tab, program)  # stopped in the browser
    expect(told).to_have_count(1)
    expect(told).to_contain_text("不支持这种文件")
    assert tab.locator("#listing tbody tr").count() == rows


def test_a_file_over_the_limit_is_not_even_sent(tab, tmp_path):
    big = tmp_path / "大.txt"
    with big.open("wb") as file:
        file.truncate(50 * 1024 * 1024 + 1)
    open_documents(tab)
    upload(tab, big)
    expect(tab.locator(".told.bad")).to_contain_text("超过 50 MB")


def test_text_of_documents_is_shown_and_never_run(tab, tmp_path):
    page = tmp_path / "x'onerror=hacked=1 .md"
    page.write_text(f"---\ntitle: '{HOSTILE}'\n---\n# 一\n\n信天翁{HOSTILE}的数量是55只。\n")
    open_documents(tab)
    upload(tab, page)
    expect(tab.locator(".told.good")).to_contain_text(HOSTILE)
    expect(tab.locator("#listing td.title p").first).to_have_text(HOSTILE)
    tab.fill("#find input", "信天翁的数量")
    expect(tab.locator("#found blockquote").first).to_contain_text("<img src=x")
    ask(tab, f"信天翁的数量是多少只?{HOSTILE}")
    expect(tab.locator("#live .card").first).to_contain_text(HOSTILE)
    assert tab.locator(".turn img, .turn script, #documents img, #documents script").count() == 0
    assert tab.evaluate("window.hacked") is None
    open_documents(tab)
    tab.fill("#find input", "")
    remove(tab, "<img")
    expect(tab.locator(".told.good")).to_contain_text("已移除")


def test_search_narrows_the_list_and_finds_passages(tab):
    open_documents(tab)
    tab.fill("#find input", "湖南")
    expect(tab.locator("#listing tbody tr")).to_have_count(1)
    tab.fill("#find input", "抽水蓄能")
    expect(tab.locator("#listing")).to_contain_text("没有标题或地区符合的文件")
    expect(tab.locator("#found .card").first).to_contain_text("155万千瓦")
    tab.fill("#find input", "")
    expect(tab.locator("#listing tbody tr")).to_have_count(4)
    expect(tab.locator("#found .card")).to_have_count(0)


def test_several_files_are_dropped_at_once(tab, tmp_path):
    open_documents(tab)
    transfer = tab.evaluate_handle("""() => {
      const all = new DataTransfer();
      for (const name of ["甲.md", "乙.md"])
        all.items.add(new File([`# 拖放${name}\\n\\n内容。`], name, { type: "text/markdown" }));
      return all;
    }""")
    for event in ("dragover", "drop"):
        tab.dispatch_event("#drop", event, {"dataTransfer": transfer})
    expect(tab.locator(".told.good")).to_contain_text("2 份文件")
    for name in ("甲.md", "乙.md"):
        remove(tab, f"拖放{name}")
        expect(tab.locator("#listing tr", has_text=f"拖放{name}")).to_have_count(0)


def test_comparison_has_a_bar_and_a_citation_a_row(tab):
    tab.click("#compare-button")
    expect(tab.locator(".chart h2")).to_have_text("非化石能源消费比重")
    bars, rows = tab.locator(".bars li"), tab.locator(".targets tbody tr")
    expect(bars).to_have_count(3)
    expect(rows).to_have_count(3)
    assert [bar.inner_text() for bar in bars.locator(".of").all()] == ["湖南省", "上海市", "江苏省"]
    widths = [bar.bounding_box()["width"] for bar in bars.locator("i").all()]
    assert widths[0] / widths[2] == pytest.approx(22 / 18, rel=0.03)
    expect(bars.nth(1)).to_have_class(re.compile("draft"))
    tab.click(".bars li:nth-child(1) .marker")
    expect(rows.first).to_be_focused()
    expect(rows.first.locator("mark")).to_contain_text("22%")
    expect(rows.first).to_contain_text("第 3 页")
    expect(rows.first.locator("a")).to_have_attribute("href", "https://example.cn/hunan.html")


def test_comparison_is_narrowed_and_saved(tab):
    tab.click("#compare-button")
    expect(tab.locator(".bars li")).not_to_have_count(0)
    tab.click("#regions input")
    tab.get_by_role("option", name="江苏省").click()
    expect(tab.locator(".bars li")).to_have_count(1)
    with tab.expect_download() as saved:
        tab.click("#csv")
    text = saved.value.path().read_text(encoding="utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["region"], row["value"], row["page"]) == ("江苏省", "18", "1")
    assert "18%" in row["quote"]
    with tab.expect_download() as picture:
        tab.click("#png")
    assert picture.value.path().read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache as Gradio keeps it, with an upload in it; its folder and that file."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    sent = tmp_path / "cache" / "0a1b" / "灯塔.md"
    sent.parent.mkdir(parents=True)
    sent.write_text("# 灯塔\n\n灯塔管理员养了37只信天翁。", encoding="utf-8")
    return tmp_path / "cache", sent


@pytest.mark.parametrize("named", ["nope.txt", ".", "0a1b", "0a1b/../nope.txt", "../cache/x/y.md"])
def test_a_forged_path_removes_no_upload_of_others(index_folder, cache, named):
    folder, sent = cache
    outside = folder.parent / "outside.md"
    outside.write_text("# 外面", encoding="utf-8")
    shelf = Shelf(Assistant.load(index_folder), index_folder)
    for path in (folder / named, outside):
        assert list(add_uploads(shelf, [path])) == ["bad_other"]
    assert sent.exists()
    assert outside.exists()


def test_an_upload_leaves_the_cache_once_it_is_added(index_folder, cache):
    folder, sent = cache
    shelf = Shelf(Assistant.load(index_folder), index_folder)
    *_, added = add_uploads(shelf, [sent])
    assert [document.title for document in added.documents] == ["灯塔"]
    assert list(folder.iterdir()) == []
