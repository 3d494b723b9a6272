import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import ReadError
from rag.readers import markdown, read_file
from rag.types import PageSpan

from .checks import check_sections

BRIEFS = Path(__file__).parents[2] / "../shared/corpus/briefs"
FRONT = """---
id: p027
title: 湖南省碳达峰实施方案
title_en: Hunan plan
region: 湖南省
level: province
status: final
pages: [258, 276]
url: https://a.cn/1.html
aliases: [湖南方案, 达峰十大行动]
---
"""
PARTS = [
    "---\n",
    "id: p001\n",
    "pages: [1, 2]\n",
    "- a (p. 3)\n",
    "# h\n",
    "```\n",
    ": ",
    "[",
    "!!int x",
    "'",
    "&a",
    "*a",
]


def read(tmp_path, content, name="plan.md"):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8", newline="")
    (document,) = read_file(path)
    return document


def pages_by_line(document):
    """The pages of each line that has any."""
    lines = re.finditer(r"[^\n]+", document.text)
    found = [(m.group(), document.pages_of(m.start(), m.end())) for m in lines]
    return {line: pages for line, pages in found if pages}


def test_front_matter_becomes_the_documents_labels(tmp_path):
    document = read(
        tmp_path, FRONT.replace("p027", "hunan plan").replace("final", "draft") + "# 标题\n正文\n"
    )
    assert document.id == "hunan-plan"
    assert document.title == "湖南省碳达峰实施方案"
    assert (document.region, document.level, document.status) == ("湖南省", "province", "draft")
    assert document.url == "https://a.cn/1.html"
    assert document.aliases == ("湖南方案", "达峰十大行动", "Hunan plan")
    assert (document.kind, document.work, document.page_spans) == ("original", "hunan-plan", ())


def test_the_text_is_what_follows_the_front_matter_as_it_stands(tmp_path):
    body = "\n# 标题  \n\n * a\t*b* \n```\n# no\n```\n\n"
    assert read(tmp_path, FRONT + body).text == body
    assert read(tmp_path, body).text == body


def test_an_english_region_becomes_the_chinese_one_and_gives_the_level(tmp_path):
    document = read(tmp_path, "---\nregion: Hunan\nstatus: unheard of\n---\n正文\n")
    assert (document.region, document.level, document.status) == ("湖南省", "province", "")


def test_a_region_that_no_table_knows_is_kept(tmp_path):
    assert read(tmp_path, "---\nregion: 某园区\n---\n正文\n").region == "某园区"


@pytest.mark.parametrize(
    "front",
    [
        "---\n[a\n---\n",
        "---\nid: 'x\n---\n",
        "---\njust words\n---\n",
        "---\nid: x\n",
        "---\n\tid: x\n---\n",
    ],
)
def test_malformed_front_matter_is_text(front, tmp_path):
    document = read(tmp_path, front + "正文\n")
    assert document.text == front + "正文\n"
    assert document.id == "plan"


def test_odd_values_are_left_out(tmp_path):
    document = read(
        tmp_path, "---\nid: {a: 1}\ntitle: 2030-99-99\naliases: [a, [b]]\nurl:\n---\nx\n"
    )
    assert (document.id, document.title, document.aliases, document.url) == (
        "plan",
        "2030-99-99",
        ("a",),
        "",
    )


def test_front_matter_alone_is_refused(tmp_path):
    with pytest.raises(ReadError, match=r"plan\.md has front matter but no text; write"):
        read(tmp_path, FRONT)


def test_headings_outside_fences_become_sections(tmp_path):
    text = "# A #\n甲\n```sh\n# no\n~~~\n````\n## B\n#no\n### C\n乙\n~~~\n# no\n"
    document = read(tmp_path, text)
    assert [(s.title, s.level) for s in document.sections] == [("A", 1), ("B", 2), ("C", 3)]
    first = document.sections[0]
    assert text[first.start : first.body] == "# A #\n"
    assert document.section_path(text.index("乙")) == ("B", "C")  # A is the title
    check_sections(document)


@pytest.mark.parametrize(
    ("note", "pages"),
    [
        ("(第258页)", (258,)),
        ("(第268、269页)", (268, 269)),
        ("(第258至260页)", (258, 259, 260)),
        ("(第258—260、265页)", (258, 259, 260, 265)),
        ("(p. 258)", (258,)),
        ("(pp. 268, 269)", (268, 269)),
        ("(pp. 275-276)", (275, 276)),
        ("(pp. 275–277)", (275, 276, 277)),
        ("(第260-258页)", (258, 260)),
        ("(第3条)", ()),
        ("(p. x)", ()),
    ],
)
def test_a_page_note_gives_its_line_those_pages(note, pages, tmp_path):
    document = read(tmp_path, FRONT + f"# 标题\n- 甲 (2000 万) {note}\n- 乙\n")
    line = f"- 甲 (2000 万) {note}"
    assert pages_by_line(document) == ({line: pages} if pages else {})


def test_each_note_of_a_line_covers_what_it_closes(tmp_path):
    document = read(tmp_path, FRONT + "- a (p. 3); b (pp. 4, 5).\n")
    assert document.page_spans == (PageSpan(3, 0, 10), PageSpan(4, 10, 26), PageSpan(5, 10, 26))
    assert document.pages_of(0, 26) == (3, 4, 5)


def test_a_brief_is_named_after_its_plan_and_language(tmp_path):
    document = read(tmp_path, FRONT + "# 标题\n- 甲(第258页)\n")
    assert (document.id, document.work, document.kind) == ("p027-zh", "p027", "brief")


def test_a_plans_id_without_pages_makes_no_brief(tmp_path):
    document = read(tmp_path, "---\nid: p027\n---\n# 标题\n- 甲\n")
    assert (document.id, document.kind) == ("p027", "original")


@pytest.mark.parametrize("sibling", ["027.md", "027.zh.md"])
def test_an_english_brief_has_region_level_status_and_link_of_its_sibling(sibling, tmp_path):
    read(tmp_path, FRONT + "- 甲(第258页)\n", sibling)
    english = "---\nid: p027\ntitle: The plan\nlang: en\n---\n# The plan\n- a (p. 258)\n"
    document = read(tmp_path, english, "027.en.md")
    assert (document.id, document.work, document.language) == ("p027-en", "p027", "en")
    assert (document.title, document.region, document.level) == ("The plan", "湖南省", "province")
    assert (document.status, document.url) == ("final", "https://a.cn/1.html")


def test_an_english_brief_alone_has_no_region(tmp_path):
    document = read(
        tmp_path, "---\nid: p027\nlang: en\n---\n# The plan\n- a (p. 258)\n", "027.en.md"
    )
    assert (document.kind, document.region, document.level) == ("brief", "", "")


@pytest.mark.skipif(not BRIEFS.is_dir(), reason="the shared briefs are not here")
def test_every_bullet_of_every_brief_has_the_pages_it_names():
    documents = [read_file(path)[0] for path in sorted(BRIEFS.glob("*.md"))]
    assert len(documents) == 228
    assert len({document.id for document in documents}) == 228
    for document in documents:
        assert document.kind == "brief"
        assert document.region
        assert document.level
        assert document.status
        bullets = list(re.finditer(r"(?m)^- .*$", document.text))
        assert bullets
        for bullet in bullets:
            notes = re.findall(r"\((?:第([\d、]+)页|pp?\. ([\d, ]+))\)", bullet.group())
            named = {int(number) for note in notes for number in re.findall(r"\d+", "".join(note))}
            assert named, bullet.group()
            assert document.pages_of(bullet.start(), bullet.end()) == tuple(sorted(named))


@given(st.lists(st.one_of(st.sampled_from(PARTS), st.text(max_size=5)), max_size=30).map("".join))
def test_any_text_gives_valid_offsets(tmp_path_factory, written):
    content = "x\n" + written if not written.strip() else written
    path = tmp_path_factory.getbasetemp() / "any.md"
    path.write_text(content, encoding="utf-8", errors="replace", newline="")
    try:
        (document,) = markdown.read(path, "any.md")
    except ReadError:
        return
    assert document.text in content.replace("\r\n", "\n").replace("\r", "\n")
    assert all(0 <= s.start < s.end <= len(document.text) for s in document.page_spans)
    check_sections(document)
