import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import ReadError
from rag.readers import html, read_file

from .checks import check_sections

TAGS = re.split(r"\W+", "div p b td tr table h1 h2 li pre br script style nav title head body svg")
PIECES = [f"<{tag}>" for tag in TAGS] + [f"</{tag}>" for tag in TAGS]
PIECES += [
    "<",
    ">",
    "&",
    "&#0;",
    "&lt;",
    "<!--",
    "-->",
    "<p hidden>",
    "<![CDATA[",
    "<a b='",
    "湖南",
    "\n",
]


def read(tmp_path, content, name="page.html"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (document,) = read_file(path)
    return document


def lines(tmp_path, body):
    return read(tmp_path, f"<!doctype html><body>{body}</body>").text.splitlines()


def test_blocks_end_lines_and_inline_elements_do_not(tmp_path):
    body = "<div>甲<b>乙</b><a href=x>丙</a></div>丁<p>a\n  <i>b</i> c<br>d<ul><li>e<li>f</ul>"
    assert lines(tmp_path, body) == ["甲乙丙", "丁", "a b c", "d", "e", "f"]


def test_a_line_break_in_the_source_is_a_space_except_between_chinese_characters(tmp_path):
    assert lines(tmp_path, "<p>装机容\n   量达到\n3000 MW\nin 2030</p>") == [
        "装机容量达到 3000 MW in 2030"
    ]


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>no</script>",
        "<style>no</style>",
        "<nav>no<p>no</p></nav>",
        "<footer><div>no</div></footer>",
        "<div hidden>no<img src=x><br>no</div>",
        "<span style='color:red; DISPLAY : none'>no<input></span>",
        "<i aria-hidden=true>no</i>",
        "<template>no</template><noscript>no</noscript><svg><title>no</title></svg>",
        "<!-- no -->",
        "<select><option>no</select>",
    ],
)
def test_what_is_not_shown_is_left_out(hidden, tmp_path):
    assert lines(tmp_path, f"<p>甲</p>{hidden}<p>乙</p>") == ["甲", "乙"]


def test_entities_are_decoded(tmp_path):
    assert lines(tmp_path, "<p>&lt;5&#37; &amp; CO&#x2082;&nbsp;&copy;</p>") == ["<5% & CO₂ ©"]


def test_lines_of_preformatted_text_stay_apart(tmp_path):
    assert lines(tmp_path, "<pre>甲\n  乙\n\n丙</pre>") == ["甲", "乙", "丙"]


def test_table_rows_are_lines_of_cells(tmp_path):
    table = "<table><caption>表1<tr><th>指标<th><p>2025</p><p>年</p><tr><td>非化石<td>22%</table>后"
    assert lines(tmp_path, table) == ["表1", "指标 | 2025 年", "非化石 | 22%", "后"]


def test_an_empty_cell_keeps_its_place(tmp_path):
    assert lines(tmp_path, "<table><tr><td>a<td><td>c</table>") == ["a |  | c"]


def test_a_table_that_lays_out_the_page_leaves_its_lines_apart(tmp_path):
    inner = "<table><tr><td>指标<td>22%</table>"
    body = f"<table><tr><td><p>甲</p><p>乙</p>{inner}<p>丙</p><td>丁</table>"
    assert lines(tmp_path, body) == ["甲", "乙", "指标 | 22%", "丙", "丁"]
    long = "长" * 600
    body = f"<table><tr><td><p>{long}</p><p>{long}</p></td></tr></table>"
    assert lines(tmp_path, body) == [long, long]


def test_headings_become_nested_sections(tmp_path):
    document = read(
        tmp_path, "<h1>方案</h1><h2>目标<br>一</h2><p>甲</p><table><tr><td><h2>任务</h2>乙</table>"
    )
    assert document.text == "方案\n目标\n一\n甲\n任务\n乙\n"
    assert [(s.title, s.level) for s in document.sections] == [
        ("方案", 1),
        ("目标 一", 2),
        ("任务", 2),
    ]
    second = document.sections[1]
    assert document.text[second.start : second.body] == "目标\n一\n"
    assert document.text[second.body : second.end] == "甲\n"
    check_sections(document)


def test_without_headings_the_numbered_outline_gives_the_sections(tmp_path):
    document = read(tmp_path, "<html><p>一、目标</p><p>甲。</p><p>二、任务</p><p>乙。</p>")
    assert [s.title for s in document.sections] == ["一、目标", "二、任务"]


@pytest.mark.parametrize(
    ("markup", "title"),
    [
        ("<title> 湖南\n方案 </title><h1>别的</h1>", "湖南 方案"),
        ("<title>湖南方案-某网站</title><h1>湖南方案</h1>", "湖南方案"),
        ("<title>湖南方案-某网站</title><h1>某网站</h1>", "湖南方案-某网站"),
        ("<h2>二</h2><h1>湖南方案</h1>", "湖南方案"),
        ("<p>湖南方案</p>", "湖南方案"),
    ],
)
def test_the_title_comes_from_the_page_title_or_the_first_heading(markup, title, tmp_path):
    assert read(tmp_path, f"<html>{markup}<p>正文").title == title


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("gb2312", "gb18030"),
        ("gb2312", "utf-8"),
        ("utf-8", "gb18030"),
        ("gbk", "utf-16"),
        ("big5", "big5"),
        ("no-such", "gb18030"),
    ],
)
def test_the_encoding_is_told_whatever_is_declared(declared, encoding, tmp_path):
    markup = f"<html><meta charset='{declared}'><p>湖南方案,到2030年比重不低"
    assert read(tmp_path, markup.encode(encoding)).text == "湖南方案,到2030年比重不低\n"


@pytest.mark.parametrize(
    "markup",
    [
        "<div>" * 100_000 + "深" + "</div>" * 100_000,
        "<div>" * 100_000 + "深",
        "<table><tr><td>" * 30_000 + "深",
        "<b>" * 100_000 + "深",
        "<ul><li>" * 30_000 + "深" + "</ul>" * 30_000,
        "<div><p>" * 30_000 + "深" + "</p></div>" * 30_000,
        "<div>" * 30_000 + "深" + "</span>" * 30_000,
    ],
)
def test_deep_nesting_is_read_to_the_bottom(markup, tmp_path):
    assert read(tmp_path, "<html>前" + markup).text.splitlines()[-1].endswith("深")


def test_stray_end_tags_count_for_nothing_in_small_pages_and_large(tmp_path):
    for count in (1, 2000):
        body = "<div><p>甲</p>乙</p>丙</b>丁<i hidden>no</i></div>" * count
        assert lines(tmp_path, body) == ["甲", "乙丙丁"] * count


def test_malformed_beginnings_of_tags_take_no_time(tmp_path):
    for piece in ("<!--", "<a ", "<![CDATA[", "<?", "</", "<!", "<a b='", "<script>"):
        assert read(tmp_path, "<html><p>前</p>" + piece * 30_000).text.startswith("前")


@pytest.mark.parametrize(
    ("name", "content", "recognised"),
    [
        ("page", "<!DOCTYPE html><p>x", True),
        ("page.txt", "\ufeff \n<!-- c --><?xml version='1.0'?>\n<HTML>", True),
        ("page.html", "no tags at all", True),
        ("notes.txt", "a <html> in a sentence", False),
        ("notes.md", "<!-- c -->\n# title", False),
        ("notes.md", "<!--" * 10_000, False),
        ("page.html", "\0\1\2", False),
    ],
)
def test_html_is_recognised_by_how_it_begins_then_by_suffix(name, content, recognised, tmp_path):
    assert html.recognises(tmp_path / name, content.encode()) is recognised


def test_html_in_utf16_is_recognised(tmp_path):
    assert html.recognises(tmp_path / "page", "<html><p>x".encode("utf-16"))


def test_a_page_that_shows_nothing_is_refused(tmp_path):
    with pytest.raises(ReadError, match=r"page\.html shows no text without a browser; save"):
        read(tmp_path, "<html><script>render()</script>")


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=60).map("".join))
def test_any_markup_gives_clean_lines_and_valid_sections(tmp_path_factory, markup):
    path = tmp_path_factory.getbasetemp() / "any.html"
    path.write_bytes(b"<html>" + markup.encode("utf-8", "replace"))
    try:
        (document,) = html.read(path, "any.html")
    except ReadError:
        return
    assert all(line.strip() == line for line in document.text.split("\n"))
    check_sections(document)
