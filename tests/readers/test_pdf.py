import contextlib
import random
import zlib

import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from rag.errors import ReadError
from rag.readers import apart, pdf, pdf_layer, read_file
from rag.types import PageSpan

from .checks import check_sections
from .making import SENTENCE, make_pdf

FULL = "到2025年,单位地区生产总值能源消耗和二氧化碳排放下降确保完成国家下达"


def read(tmp_path, pages, **options):
    (document,) = read_file(make_pdf(tmp_path / "plan.pdf", pages, **options))
    return document


def test_lines_of_a_chinese_paragraph_join_without_a_space(tmp_path):
    lines = ["方案", FULL, "目标,非化石能源消费比重22%。", "二、任务", "推进。"]
    document = read(tmp_path, [lines])
    assert document.text == f"方案\n{FULL}目标,非化石能源消费比重22%。\n二、任务\n推进。"


def test_a_sentence_runs_on_over_a_page_break_and_has_both_pages(tmp_path):
    first, second = ["方案", FULL + "目标,新型储能装机容"], ["量达到3000万千瓦。", "二、任务"]
    document = read(tmp_path, [first, second])
    sentence = "新型储能装机容量达到3000万千瓦。"
    at = document.text.index(sentence)
    assert document.pages_of(at, at + len(sentence)) == (1, 2)
    assert document.pages_of(at, at + 7) == (1,)
    assert document.pages_of(at + 7, at + 9) == (2,)


def test_a_short_line_at_the_end_of_a_page_runs_on_too(tmp_path):
    document = read(tmp_path, [[FULL, "目标,装机容"], ["量达到3000万千瓦。", FULL]])
    assert "装机容量达到3000万千瓦。" in document.text


def test_a_finished_sentence_ends_its_line_at_a_page_break(tmp_path):
    document = read(tmp_path, [[FULL + "目标。"], [FULL]])
    assert document.text == f"{FULL}目标。\n{FULL}"


@pytest.mark.parametrize(
    "item", ["(一)能源", "二、任务", "3. 交通", "第二章 任务", "专栏1", "• 交通"]
)
def test_a_numbered_item_starts_a_line(item, tmp_path):
    document = read(tmp_path, [[FULL, item, FULL], [item]])
    assert document.text == f"{FULL}\n{item}\n{FULL}\n{item}"


def test_latin_lines_join_with_a_space(tmp_path):
    lines = ["The plan raises the share of non fossil energy to", "a quarter by 2030 and lowers"]
    document = read(tmp_path, [lines, ["emissions."]])
    assert " ".join(lines) in document.text
    assert "lowers emissions." in document.text.replace("\n", " ")


def test_a_word_cut_by_a_hyphen_is_whole_unless_it_is_written_with_one(tmp_path):
    lines = [
        "The low-carbon plan of the province lowers its total emis-",
        "sions, and as for other low-",
        "carbon plans the period is 2021-",
        "2025 here.",
    ]
    text = read(tmp_path, [lines]).text
    assert "total emissions, and" in text
    assert "other low-carbon plans" in text
    assert "2021-2025" in text


def test_a_word_cut_by_a_page_break_is_whole(tmp_path):
    document = read(tmp_path, [["The plan of the province lowers emis-"], ["sions by 2030."]])
    assert "lowers emissions by 2030." in document.text
    assert document.pages == (1, 2)


def test_pages_tile_the_text_and_count_from_one(tmp_path):
    document = read(tmp_path, [["一、目标", SENTENCE], [], ["二、任务", "推进。"]])
    second = document.text.index("二、任务")
    assert document.page_spans == (PageSpan(1, 0, second), PageSpan(3, second, len(document.text)))
    check_sections(document)
    assert [section.title for section in document.sections] == ["一、目标", "二、任务"]


def test_numeric_labels_are_the_pages_printed(tmp_path):
    pages = [["甲甲甲。"], ["乙乙乙。"], ["丙丙丙。"]]
    assert read(tmp_path, pages, labels=["31", "32", "33"]).pages == (31, 32, 33)
    assert read(tmp_path, pages, labels=["A-1", "A-2", "A-3"]).pages == (1, 2, 3)


def test_a_page_with_a_roman_label_before_numbered_ones_has_no_number(tmp_path):
    document = read(tmp_path, [["前言。"], ["正文。"], ["后记。"]], labels=["i", "1", "2"])
    assert document.pages == (1, 2)
    assert document.pages_of(0, 2) == ()
    at = document.text.index("正文")
    assert document.pages_of(at, at + 2) == (1,)


@pytest.mark.parametrize("number", ["{}", "- {} -", "第 {} 页 共 3 页", "Page {} of 3", "{} / 3"])
def test_page_numbers_are_left_out(number, tmp_path):
    pages = [[FULL, number.format(n)] for n in (1, 2, 3)]
    assert read(tmp_path, pages).text == FULL * 3


def test_running_heads_are_left_out_and_a_number_in_the_text_is_not(tmp_path):
    pages = [[f"碳达峰方案 第{n}期", FULL, f"{n} 月刊"] for n in (7, 8, 9)]
    assert read(tmp_path, [*pages, [FULL, "42"]]).text == FULL * 4 + "42"


def test_lines_of_two_pages_alike_are_kept(tmp_path):
    document = read(tmp_path, [["一样的话。", "甲。"], ["一样的话。", "乙。"]])
    assert document.text.count("一样的话。") == 2


@pytest.mark.parametrize(
    ("named", "title"),
    [
        ("湖南方案", "湖南方案"),
        ("Microsoft Word - a.doc", "第一行"),
        ("untitled", "第一行"),
        ("", "第一行"),
    ],
)
def test_the_title_is_the_propertys_unless_a_program_made_it(named, title, tmp_path):
    assert read(tmp_path, [["第一行", "正文。"]], title=named).title == title


def test_a_scan_is_refused_with_the_command_that_reads_it(tmp_path):
    with pytest.raises(ReadError, match=r"plan\.pdf has pages but no text.*`ocrmypdf .*plan\.pdf'"):
        read(tmp_path, [[], []])


def test_a_locked_pdf_is_refused_with_the_command_that_opens_it(tmp_path):
    path = tmp_path / "locked.pdf"
    canvas = Canvas(str(path), encrypt=StandardEncryption("secret"))
    canvas.drawString(60, 700, "text")
    canvas.save()
    with pytest.raises(ReadError, match=r"locked\.pdf is locked by a password.*`qpdf --decrypt"):
        read_file(path)


@pytest.mark.parametrize("content", [b"%PDF-1.7\nnonsense", b"%PDF-1.4\n" + b"\0" * 99])
def test_a_damaged_pdf_is_refused_with_the_command_that_mends_it(content, tmp_path):
    path = tmp_path / "broken.pdf"
    path.write_bytes(content)
    with pytest.raises(ReadError, match=r"broken\.pdf is a damaged PDF.*`qpdf"):
        read_file(path)


def write_pdf(path, content, *, filters="/FlateDecode"):
    """One page with this stream as what is drawn on it."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(content)}/Filter{filters}>>stream\n".encode() + content + b"\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    whole = b"%PDF-1.4\n"
    for number, each in enumerate(objects, 1):
        whole += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    path.write_bytes(whole + b"trailer<</Size 6/Root 1 0 R>>\n%%EOF")
    return path


def packed(piece, count):
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(piece) for _ in range(count)) + packer.flush()


def test_a_stream_that_is_drawn_is_read(tmp_path):
    content = packed(b"BT /F1 12 Tf 10 10 Td (non-fossil energy) Tj ET\n", 1)
    assert read_file(write_pdf(tmp_path / "a.pdf", content))[0].text == "non-fossil energy"


@pytest.mark.parametrize(
    ("piece", "filters"),
    [(b"q " * 500_000, "/FlateDecode"), (b" " * 1_000_000, "[/FlateDecode/FlateDecode]")],
    ids=["states", "packed twice"],
)
def test_a_small_pdf_that_asks_for_gigabytes_is_refused(piece, filters, tmp_path, monkeypatch):
    monkeypatch.setattr(apart, "MAX_MEMORY_BYTES", 400 << 20)
    content = packed(piece, 300)
    if "[" in filters:
        content = packed(content, 1)
    path = write_pdf(tmp_path / "bomb.pdf", content, filters=filters)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(ReadError, match=r"made to fill the memory: .* within 400 MB and 60 s; m"):
        read_file(path)


def test_a_pdf_that_takes_too_long_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(apart, "MAX_CPU_S", 1)
    drawn = b"BT /F1 12 Tf 10 10 Td (hello world hello world) Tj ET\n" * 10_000
    path = write_pdf(tmp_path / "long.pdf", packed(drawn, 200))
    with pytest.raises(ReadError, match="and 1 s; mend it: `qpdf"):
        read_file(path)


def test_more_text_than_any_document_has_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(pdf_layer, "MAX_CHARS", 100)
    path = make_pdf(tmp_path / "long.pdf", [[SENTENCE]] * 9)
    assert pdf_layer.read_layer(str(path)) == {"fault": "large"}


def test_any_damage_gives_a_document_or_a_read_error(tmp_path):
    whole = make_pdf(tmp_path / "whole.pdf", [["方案", SENTENCE]]).read_bytes()
    path = tmp_path / "part.pdf"
    dice = random.Random(1)
    for _ in range(60):
        damaged = bytearray(whole[: dice.randrange(20, len(whole))])
        damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        path.write_bytes(damaged)
        with contextlib.suppress(ReadError):
            assert pdf.read(path, "part.pdf")[0].text


@pytest.mark.parametrize(
    ("name", "head", "recognised"),
    [
        ("plan.txt", b"%PDF-1.7\n", True),
        ("plan", b"\xef\xbb\xbf\r\n%PDF-1.7\n", True),
        ("plan.pdf", b"junk before %PDF-1.7\n", True),
        ("plan.pdf", b"\0\0\0", True),
        ("plan.pdf", b"plain text in spite of its name", False),
        ("plan.md", b"How a file that begins with %PDF-1.7 is read", False),
    ],
)
def test_a_pdf_is_recognised_by_how_it_begins_then_by_suffix(name, head, recognised, tmp_path):
    assert pdf.recognises(tmp_path / name, head) is recognised
