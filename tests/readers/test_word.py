import contextlib
import random
import resource
import zipfile
from itertools import pairwise

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from rag.errors import ReadError
from rag.readers import apart, read_file, word, word_body

from .checks import check_sections
from .making import SENTENCE, make_docx

NAMESPACE = nsdecls("w")


@pytest.fixture
def document():
    return docx.Document()


@pytest.fixture
def read(tmp_path):
    def save_and_read(document):
        path = tmp_path / "plan.docx"
        document.save(str(path))
        return read_file(path)[0]

    return save_and_read


def append(document, xml):
    """Put a raw element at the end of the body."""
    element = parse_xml(xml.replace(">", f" {nsdecls('w')}>", 1))
    document.element.body.insert(-1, element)


def test_paragraphs_and_tables_keep_their_order(tmp_path):
    (found,) = read_file(make_docx(tmp_path / "plan.docx"))
    assert found.text.splitlines() == [
        "湖南省碳达峰实施方案",
        "一、主要目标",
        SENTENCE,
        "指标 | 2025年",
        "非化石能源 | 22%",
        "(一)能源",
        "推进抽水蓄能。",
    ]


def test_heading_styles_become_nested_sections(tmp_path):
    (found,) = read_file(make_docx(tmp_path / "plan.docx"))
    assert [(s.title, s.level) for s in found.sections] == [("一、主要目标", 1), ("(一)能源", 2)]
    first = found.sections[0]
    assert found.text[first.start : first.body] == "一、主要目标\n"
    check_sections(found)


def test_an_outline_level_makes_a_heading_and_level_nine_none(document, read):
    for level, text in ((0, "目标"), (1, "能源"), (9, "正文")):
        properties = f"<w:pPr><w:outlineLvl w:val='{level}'/></w:pPr>"
        append(document, f"<w:p>{properties}<w:r><w:t>{text}</w:t></w:r></w:p>")
    found = read(document)
    assert [(s.title, s.level) for s in found.sections] == [("目标", 1), ("能源", 2)]


def test_without_heading_styles_the_numbered_outline_gives_the_sections(document, read):
    for line in ("一、目标", "甲。", "二、任务", "乙。"):
        document.add_paragraph(line)
    assert [s.title for s in read(document).sections] == ["一、目标", "二、任务"]


@pytest.mark.parametrize(
    ("named", "title"),
    [
        ("湖南方案", "湖南方案"),
        ("Word Document", "湖南省碳达峰实施方案"),
        ("", "湖南省碳达峰实施方案"),
    ],
)
def test_the_title_is_the_propertys_else_the_paragraph_of_that_style(named, title, tmp_path):
    assert read_file(make_docx(tmp_path / "plan.docx", title=named))[0].title == title


def test_content_controls_and_insertions_are_read_and_deletions_are_not(document, read):
    document.add_paragraph("甲")
    run = "<w:r><w:t>{}</w:t></w:r>"
    append(document, f"<w:sdt><w:sdtContent><w:p>{run.format('乙')}</w:p></w:sdtContent></w:sdt>")
    inserted = f"<w:ins w:id='1'>{run.format('丙')}</w:ins>"
    deleted = "<w:del w:id='2'><w:r><w:delText>no</w:delText></w:r></w:del>"
    moved = f"<w:moveFrom w:id='3'>{run.format('no')}</w:moveFrom>"
    append(document, f"<w:p>{inserted}{deleted}{moved}{run.format('丁')}</w:p>")
    assert read(document).text == "甲\n乙\n丙丁\n"


def test_the_table_of_contents_is_left_out(document, read):
    document.styles.add_style("TOC 1", docx.enum.style.WD_STYLE_TYPE.PARAGRAPH)
    document.add_paragraph("一、目标\t12", style="TOC 1")
    document.add_paragraph("正文")
    assert read(document).text == "正文\n"


def test_line_breaks_and_tabs_in_a_paragraph(document, read):
    document.add_paragraph("甲\n乙\t丙")
    assert read(document).text == "甲\n乙 丙\n"


def test_a_cells_paragraphs_share_its_place_and_a_merged_cell_stands_once(document, read):
    table = document.add_table(rows=2, cols=3)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "甲"
    table.cell(0, 2).text = "a\nb"
    table.cell(1, 0).text = "乙"
    table.cell(1, 2).add_table(1, 1).cell(0, 0).text = "丙"
    assert read(document).text == "甲 | a b\n乙 |  | 丙\n"


def test_a_table_that_lays_out_the_page_leaves_its_paragraphs_apart(document, read):
    cell = document.add_table(rows=1, cols=1).cell(0, 0)
    cell.paragraphs[0].text = "目标"
    cell.paragraphs[0].style = "Heading 1"
    cell.add_paragraph("甲")
    found = read(document)
    assert found.text == "目标\n甲\n"
    assert [s.title for s in found.sections] == ["目标"]


def test_a_file_without_text_is_refused(document, read):
    with pytest.raises(ReadError, match=r"plan\.docx has no text in its body; .*save"):
        read(document)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plan.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600),
        ("plan.rtf", b"{\\rtf1 text}"),
        ("plan.docx", b"PK\x03\x04 cut off"),
        ("plan.docx", b"\0\1\2"),
    ],
)
def test_old_and_damaged_files_are_refused_with_the_remedy(name, content, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ReadError, match=rf"{name} is no \.docx.*save it as \.docx"):
        read_file(path)


def test_an_archive_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "plan.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/notes.txt", "x")
    with pytest.raises(ReadError, match=r"plan\.docx is a damaged Word file.*save it as \.docx"):
        read_file(path)


def test_a_part_too_large_to_be_unpacked_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(word_body, "MAX_PART_BYTES", 3_000)
    path = with_body(tmp_path / "bomb.docx", "<w:p/>" * 2_000)
    with pytest.raises(ReadError, match=r"unpacks to 12,\d+ bytes, the limit is 3,000"):
        word._lines_of(path, word_body.read_body(str(path)))


def test_what_is_no_text_may_take_any_room(tmp_path, monkeypatch):
    monkeypatch.setattr(word_body, "MAX_PART_BYTES", 1_000_000)
    path = make_docx(tmp_path / "pictures.docx")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/media/a.bin", bytes(2_000_000))
    assert word_body.read_body(str(path))["blocks"]


def encoded(xml, encoding):
    """UTF-7 lets every character stand as another: no < is left to be counted."""
    if encoding != "utf-7":
        return xml.encode(encoding)
    prolog, body = xml.split("?>", 1)
    return f"{prolog}?>{body.replace('<', '+ADw-').replace('>', '+AD4-')}".encode("ascii")


def with_body(path, xml, *, prolog="", encoding="utf-8"):
    """The sample with another body, packed as tightly as it goes."""
    whole = make_docx(path.with_name("whole.docx"))
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            body = f"{prolog}<w:document {NAMESPACE}><w:body>{xml}</w:body></w:document>"
            is_body = part.filename == "word/document.xml"
            new.writestr(part.filename, encoded(body, encoding) if is_body else old.read(part))
    return path


ATTRIBUTES = " ".join(f'a{number:x}=""' for number in range(2_000))
DEFAULTS = "".join(f"a{number:x} CDATA '' " for number in range(2_000))


@pytest.mark.parametrize(
    ("xml", "prolog", "encoding"),
    [
        ("<w:p/>" * 3_000_000, "", "utf-8"),
        ("<w:tbl><w:tr>" + "<w:tc><w:p/></w:tc>" * 3_000_000 + "</w:tr></w:tbl>", "", "utf-8"),
        (f"<w:p {ATTRIBUTES}/>" * 3_000, "", "utf-8"),
        ("<w:p/>" * 3_000_000, '<?xml version="1.0" encoding="UTF-7"?>', "utf-7"),
        ("<w:p/>" * 30_000, f"<!DOCTYPE d [<!ATTLIST w:p {DEFAULTS}>]>", "utf-8"),
    ],
    ids=["paragraphs", "cells", "attributes", "another encoding", "attributes by default"],
)
def test_a_small_file_that_asks_for_gigabytes_is_refused(
    xml, prolog, encoding, tmp_path, monkeypatch
):
    monkeypatch.setattr(apart, "MAX_MEMORY_BYTES", 300 << 20)
    path = with_body(tmp_path / "bomb.docx", xml, prolog=prolog, encoding=encoding)
    assert path.stat().st_size < 1_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ReadError, match=r"fill the memory: .* 300 MB and 60 s; save|amplification"):
        read_file(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + 50_000  # KB


def test_a_file_that_takes_too_long_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(apart, "MAX_CPU_S", 1)
    path = with_body(tmp_path / "long.docx", "<w:p/>" * 3_000_000)
    with pytest.raises(ReadError, match=r"made to fill the memory: .* 2,048 MB and 1 s; save"):
        read_file(path)


@pytest.mark.parametrize(
    "entity",
    [
        '<!ENTITY x "hidden">',
        '<!ENTITY x SYSTEM "file:///etc/passwd">',
        '<!ENTITY x SYSTEM "http://127.0.0.1:9/">',
        '<!ENTITY y "ha"><!ENTITY x "&y;&y;">',
        f'<!ENTITY a "{"ha" * 50}">'
        + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in pairwise("abcdefghx")),
    ],
    ids=["internal", "file", "network", "nested", "billion"],
)
def test_entities_of_xml_are_refused_and_never_looked_up(entity, tmp_path):
    body = "<w:p><w:r><w:t>before &x; after</w:t></w:r></w:p>"
    path = with_body(tmp_path / "xxe.docx", body, prolog=f"<!DOCTYPE d [{entity}]>")
    with pytest.raises(ReadError, match="is a damaged Word file"):
        read_file(path)


@pytest.mark.parametrize("depth", [100, 5_000])
def test_tables_in_tables_are_read_or_refused_at_once(depth, tmp_path):
    deep = f"{'<w:tbl><w:tr><w:tc>' * depth}<w:p><w:r><w:t>deep</w:t></w:r></w:p>"
    path = with_body(tmp_path / "deep.docx", deep + "</w:tc></w:tr></w:tbl>" * depth)
    with contextlib.suppress(ReadError):
        assert "deep" in read_file(path)[0].text


def test_any_damage_gives_a_document_or_a_read_error(tmp_path):
    whole = make_docx(tmp_path / "whole.docx").read_bytes()
    path = tmp_path / "part.docx"
    dice = random.Random(1)
    for _ in range(40):
        damaged = bytearray(whole)
        for _ in range(3):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        path.write_bytes(damaged)
        with contextlib.suppress(ReadError):
            assert word.read(path, "part.docx")[0].text


def test_a_word_file_is_recognised_whatever_its_name(tmp_path):
    head = make_docx(tmp_path / "plan.docx").read_bytes()
    assert word.recognises(tmp_path / "plan.txt", head)
    assert not word.recognises(tmp_path / "sheet.xlsx", b"PK\x03\x04 xl/workbook.xml")
    assert not word.recognises(tmp_path / "plan.docx", b"plain text in spite of its name")
