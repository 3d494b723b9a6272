import csv
import io
from dataclasses import replace

import pytest

from rag.rendering import (
    answer_row,
    answer_text,
    csv_text,
    hits_text,
    main_documents,
    table_text,
    target_row,
)
from rag.types import Answer, Chunk, Citation, Document, Hit, PageSpan, Target

TEXT = "到2030年,森林覆盖率达到60%。"
PLAN = Document(
    "p001",
    "湖南省碳达峰实施方案",
    TEXT,
    "d.txt",
    region="湖南省",
    status="draft",
    url="https://example.cn/plan",
    page_spans=(PageSpan(270, 0, len(TEXT)),),
)
TARGET = Target("p001", 270, "森林覆盖率", year="2030", value="60", unit="%", qualifier="以上")
CITATION = Citation(1, TEXT, PLAN, ("二、目标",), (270,), 0, len(TEXT), 1.0)


def test_an_answer_is_followed_by_its_numbered_sources():
    text = answer_text(Answer("?", "60%。[1]", False, (CITATION,), "zh", "embedded"))
    place = "湖南省碳达峰实施方案 | p. 270 | draft | https://example.cn/plan | 二、目标"
    assert text == f"60%。[1]\n\n[1] {place}\n    “{TEXT}”"


def test_what_a_follow_up_was_taken_for_stands_before_the_answer():
    answer = Answer("那湖南呢?", "60%。", False, (), "zh", "embedded", resolved="湖南的目标?")
    assert answer_text(answer) == "→ 湖南的目标?\n\n60%。"
    assert answer_row(answer)["resolved"] == "湖南的目标?"


def test_hits_are_numbered_with_score_and_place():
    shown = hits_text([Hit(Chunk(PLAN, 0, len(TEXT)), 0.5)])
    assert shown.startswith(" 1. 0.500 湖南省碳达峰实施方案 | p. 270")
    assert hits_text([]) == "nothing fits the filters"


def test_a_target_row_holds_the_plan_its_page_and_what_it_is():
    row = target_row(TARGET, PLAN)
    assert (row["title"], row["region"], row["status"]) == (PLAN.title, "湖南省", "draft")
    assert (row["page"], row["value"], row["qualifier"]) == (270, "60", "以上")


def test_a_work_is_named_by_its_original_before_a_brief_and_in_chinese_before_others():
    original = replace(PLAN, language="zh")
    translated = replace(PLAN, id="p001-full-en", work="p001", language="en")
    brief = replace(PLAN, id="p001-zh", work="p001", kind="brief", language="zh")
    english = replace(brief, id="p001-en", language="en")
    for versions in ((original, translated, brief), (brief, translated, original)):
        assert main_documents(versions) == {"p001": original}
    assert main_documents([brief, english, translated]) == {"p001": translated}
    assert main_documents([english, brief]) == main_documents([brief, english]) == {"p001": brief}


def test_csv_reads_back_equal():
    row = target_row(TARGET, PLAN)
    (read,) = csv.DictReader(io.StringIO(csv_text([row])))
    assert read == {name: str(value) for name, value in row.items()}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ('=HYPERLINK("http://evil.example")', '\'=HYPERLINK("http://evil.example")'),
        ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\n=1"),
        ("a\r=1", "a\n=1"),
        ("＝1+1", "'＝1+1"),
        ("-5", "-5"),
        ("-1,234.5", "-1,234.5"),
        ("+3%", "+3%"),
        (-5, "-5"),
        ("60", "60"),
        ("2-3", "2-3"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_no_text_in_a_csv_is_a_formula_and_numbers_stay(value, written):
    (read,) = csv.DictReader(io.StringIO(csv_text([{"first": "1", "cell": value}]), newline=""))
    assert read["cell"] == written


def test_a_table_shows_page_and_figure_and_an_empty_one_says_so():
    head, line = table_text([target_row(TARGET, PLAN)]).split("\n")
    assert head.split()[0] == "region"
    assert line.split() == ["湖南省", "森林覆盖率", "2030", "60", "%", "以上", PLAN.title, "270"]
    assert table_text([]).startswith("no target fits")
