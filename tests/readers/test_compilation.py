"""A compilation made here, in words of our own, and the real one where it is at hand."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from rag.chunking import split_document
from rag.errors import ReadError
from rag.readers import compilation, read_file

from .checks import check_sections

REAL = Path(__file__).parents[2] / ".." / "shared" / "corpus"


def sentence(name, chars=50):
    return f"{name}{'推' * (chars - len(name) - 1)}。"


PASSAGE = "".join(sentence(f"新城第{n}项") for n in range(6))  # 300 characters
CONTENTS = (
    "国家总体意见 ........... 1\n甲省碳达峰方案 ........... 4\n乙省碳达峰方案 ............ 9\n"
)
DIRECTORY = "序号标题日期" + "".join(
    f"{n}《甲省方案{n}》甲2021/0{n}/01能源2030年25%" for n in range(1, 7)
)
PAGES = {
    1: "目录" + "......" * 6,
    3: "坚持系统观念。二、主要任务(一)调整结构。推进电力。",
    4: DIRECTORY,
    5: "国务院2030年前总体行动方案扫码查看全文扫码下载原文"
    "为落实部署,制定本方案。一、总体要求。推进。",
    6: "江苏省《江苏省达峰实施方案》https://a.cn/t1218844.shtml2030年前力争达峰。"
    "一、主要目标。到2030年,新型储能装机容",
    7: "量达到3000万千瓦。第3页所列项目另行安排。",
    8: "教育部《加强人才培养方案(征求意见稿)》http://b.gov.cn/a-b/c_1.html?id=3一、总体要求。推进。",
    9: "重庆市《重庆市大足区达峰方案》https://c.cn/x/为落实部署,制定本方案。一、目标。推进。",
    10: f"无锡市《无锡市新吴区达峰方案》https://d.cn/y.pdf{PASSAGE}",
    11: f"中间一句。{PASSAGE[:150]}",
    12: f"{PASSAGE[150:]}联系人:张三。",
    13: "海东办《海东办达峰方案》https://e.cn/一、目标。推进。",
}
FOOTER = "\n扫码关注\n发布单位:某网\n更多干货请关注"


def write(folder, pages=None, *, cover=CONTENTS, footer=FOOTER):
    path = folder / "book.txt"
    body = "".join(f"{text}第{number}页" for number, text in (pages or PAGES).items())
    path.write_text(cover + body + footer, encoding="utf-8")
    return path


@pytest.fixture
def documents(tmp_path):
    return read_file(write(tmp_path))


@pytest.fixture
def plans(documents):
    return {document.title: document for document in documents}


def test_every_plan_is_a_document_in_order_with_its_pages(documents):
    assert [(d.id, d.title, d.pages) for d in documents] == [
        ("p001", "国家总体意见", (3,)),
        ("p002", "2030年前总体行动方案", (5,)),
        ("p003", "江苏省达峰实施方案", (6, 7)),
        ("p004", "加强人才培养方案(征求意见稿)", (8,)),
        ("p005", "重庆市大足区达峰方案", (9,)),
        ("p006", "无锡市新吴区达峰方案", (10, 11, 12)),
        ("p007", "海东办达峰方案", (13,)),
    ]
    assert all(d.work == d.id and d.language == "zh" for d in documents)


def test_the_plan_whose_first_page_is_lost_takes_its_title_from_the_contents(documents):
    assert documents[0].title == "国家总体意见"
    assert documents[0].text.startswith("坚持系统观念。")
    assert documents[0].url == ""


def test_without_contents_a_plan_without_head_is_named_by_its_page(tmp_path):
    assert read_file(write(tmp_path, cover=""))[0].title == "第3页起"


def test_a_plan_without_a_link_is_known_by_the_words_around_its_code(plans):
    plan = plans["2030年前总体行动方案"]
    assert plan.text == "为落实部署,制定本方案。一、总体要求。推进。"
    assert (plan.region, plan.level, plan.url) == ("全国", "national", "")


@pytest.mark.parametrize(
    ("title", "url", "beginning"),
    [
        ("江苏省达峰实施方案", "https://a.cn/t1218844.shtml", "2030年前力争达峰。"),
        ("加强人才培养方案(征求意见稿)", "http://b.gov.cn/a-b/c_1.html?id=3", "一、总体要求。"),
        ("重庆市大足区达峰方案", "https://c.cn/x/", "为落实部署"),
        ("无锡市新吴区达峰方案", "https://d.cn/y.pdf", PASSAGE),
    ],
)
def test_a_link_ends_where_the_sentence_glued_to_it_begins(plans, title, url, beginning):
    assert plans[title].url == url
    assert plans[title].text.startswith(beginning)


@pytest.mark.parametrize(
    ("title", "region", "level", "status"),
    [
        ("国家总体意见", "全国", "national", "final"),
        ("江苏省达峰实施方案", "江苏省", "province", "final"),
        ("加强人才培养方案(征求意见稿)", "教育部", "ministry", "draft"),
        ("重庆市大足区达峰方案", "重庆市大足区", "district", "final"),
        ("无锡市新吴区达峰方案", "无锡市新吴区", "district", "final"),
        ("海东办达峰方案", "海东办", "", "final"),
    ],
)
def test_region_level_and_status_follow_from_head_and_title(plans, title, region, level, status):
    assert (plans[title].region, plans[title].level, plans[title].status) == (region, level, status)


def test_a_sentence_cut_by_a_page_break_is_whole_and_has_both_pages(plans):
    plan = plans["江苏省达峰实施方案"]
    cut = "新型储能装机容量达到3000万千瓦。"
    at = plan.text.index(cut)
    assert plan.pages_of(at, at + len(cut)) == (6, 7)
    assert plan.pages_of(at, at + 3) == (6,)


def test_a_page_named_in_a_sentence_ends_no_page(plans):
    assert plans["江苏省达峰实施方案"].text.endswith("第3页所列项目另行安排。")


def test_a_plan_printed_twice_is_kept_once_with_the_pages_of_both(plans):
    plan = plans["无锡市新吴区达峰方案"]
    assert plan.text == f"{PASSAGE}中间一句。联系人:张三。"
    assert plan.pages_of(0, 10) == (10, 11)
    assert plan.pages_of(200, 210) == (10, 12)


def test_directory_cover_and_the_words_of_the_web_page_are_no_content(documents):
    text = "".join(d.text for d in documents)
    for word in ("扫码", "发布单位", "更多干货", "......", "序号", "2021/0", "目录"):
        assert word not in text


def test_a_directory_ends_the_plan_before_it(tmp_path):
    pages = {4: "甲省《甲省方案》https://a.cn/推进。", 5: DIRECTORY, 9: "坚持。", 10: PAGES[13]}
    one, headless, _ = read_file(write(tmp_path, pages | {11: PAGES[9]}))[:3]
    assert one.text == "推进。"
    assert (headless.text, headless.title) == ("坚持。", "乙省碳达峰方案")


def test_sections_are_found_in_glued_text(plans):
    assert plans["江苏省达峰实施方案"].section_path(40)[-1] == "一、主要目标"
    for plan in plans.values():
        check_sections(plan)


def test_a_page_of_several_lines_is_read_whole(tmp_path):
    pages = {
        1: "江苏省《江苏省达峰方案》https://a.cn/1.html\n一、目标。\n推进电力。\n",
        2: "\n继续推进。\n",
        3: "\n浙江省《浙江省达峰方案》https://a.cn/2.html\n一、目标。\n推进。\n",
    }
    one, other = read_file(write(tmp_path, pages, cover="封面\n"))
    assert one.text == "\n一、目标。\n推进电力。继续推进。"
    assert one.pages == (1, 2)
    assert other.title == "浙江省达峰方案"


def test_a_file_in_another_encoding_is_read_alike(tmp_path, documents):
    path = tmp_path / "book.txt"
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
    assert [d.text for d in read_file(path)] == [d.text for d in documents]


@pytest.mark.parametrize(
    "content",
    [
        "普通文本,第1页,第2页,第3页。",
        "江苏省《江苏省达峰方案》https://a.cn/第1页浙江省《浙江省达峰方案》https://b.cn/",
        "甲第1页江苏省《江苏省达峰方案》https://a.cn/第2页乙第3页",
    ],
)
def test_text_with_too_few_footers_or_heads_is_no_compilation(content, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(content, encoding="utf-8")
    assert not compilation.recognises(path, content.encode())


@pytest.mark.parametrize("suffix", [".md", ".html", ".csv"])
def test_only_plain_text_is_a_compilation(suffix, tmp_path):
    path = write(tmp_path)
    assert compilation.recognises(path, path.read_bytes())
    other = path.rename(path.with_suffix(suffix))
    assert not compilation.recognises(other, other.read_bytes())


def test_an_excerpt_keeps_its_page_numbers(tmp_path):
    excerpt = {number + 500: PAGES[number] for number in (6, 7, 8)}
    one, other = read_file(write(tmp_path, excerpt, cover=""))
    assert (one.title, one.pages) == ("江苏省达峰实施方案", (506, 507))
    assert other.pages == (508,)


def test_a_file_of_directory_pages_alone_is_refused_with_the_remedy(tmp_path):
    path = write(tmp_path, {1: PAGES[1], 2: DIRECTORY, 3: DIRECTORY})
    with pytest.raises(ReadError, match=r"book\.txt.*rename it to \.md"):
        compilation.read(path, "book.txt")


@pytest.fixture(scope="module")
def real():
    path = REAL / "000_a895838ed2e4cd84.txt"
    if not path.exists():
        pytest.skip("the compilation lies outside the repository and is not on this machine")
    return read_file(path)


@pytest.fixture(scope="module")
def listed(real):
    return json.loads((REAL / "plans.json").read_text(encoding="utf-8"))


def test_the_real_one_holds_the_114_plans_as_listed(real, listed):
    keys = ("id", "title", "region", "level", "status", "url", "first_page", "last_page")
    found = [
        (d.id, d.title, d.region, d.level, d.status, d.url or None, d.pages[0], d.pages[-1])
        for d in real
    ]
    assert found == [tuple(plan[key] for key in keys) for plan in listed]
    assert len(found) == 114


def test_the_real_ones_doubled_plan_is_kept_once(real, listed):
    plan, printed = real[87], listed[87]["characters"]
    assert plan.pages == tuple(range(1020, 1031))
    assert 0.45 * printed < len(plan.text) < 0.55 * printed


def test_the_real_ones_other_plans_keep_nearly_all_that_is_printed(real, listed):
    for plan, row in zip(real, listed, strict=True):
        if plan.id not in ("p015", "p074", "p088"):  # a directory follows two of them
            assert len(plan.text) > 0.9 * row["characters"], plan.id


def test_nothing_of_the_web_page_is_in_the_real_ones_documents(real):
    for plan in real:
        for word in ("扫码", "发布单位", "更多干货"):
            assert word not in plan.text, plan.id


def test_the_real_ones_chunks_give_the_text_back(real):
    for plan in real:
        chunks = split_document(plan, chunk_chars=400)
        assert "".join(chunk.text for chunk in chunks) == plan.text
        assert all(one.end == other.start for one, other in pairwise(chunks))
        assert max(len(chunk.text) for chunk in chunks) <= 400
        assert all(chunk.pages for chunk in chunks)


def test_the_real_ones_sections_nest_and_are_many(real):
    for plan in real:
        check_sections(plan)
    assert sum(len(plan.sections) for plan in real) > 4000
