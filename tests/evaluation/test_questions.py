import json
from pathlib import Path

import pytest

from rag.errors import BadRequest
from rag.evaluation.questions import Question, read_questions

SETS = Path(__file__).parents[2] / "evals" / "questions"
GOOD = {
    "id": "a",
    "plan": 3,
    "lang": "en",
    "type": "fact",
    "question": "How much?",
    "pages": [32, 33],
    "must": [["15%", "fifteen"], ["2025"]],
    "evidence": "15%",
}


def write(folder, *records):
    path = folder / "set.jsonl"
    lines = [r if isinstance(r, str) else json.dumps(r) for r in records]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_line_becomes_a_frozen_question(tmp_path):
    (question,) = read_questions(write(tmp_path, GOOD))
    assert question == Question(
        id="a",
        type="fact",
        lang="en",
        text="How much?",
        pages=(32, 33),
        must=(("15%", "fifteen"), ("2025",)),
        evidence=("15%",),
        plan=3,
    )
    assert question.answerable


def test_order_is_kept_and_blank_lines_are_passed_over(tmp_path):
    path = write(tmp_path, GOOD | {"id": "b"}, "", "  ", GOOD)
    assert [q.id for q in read_questions(path)] == ["b", "a"]


def test_plan_and_evidence_may_be_left_out(tmp_path):
    bare = {k: v for k, v in GOOD.items() if k not in ("plan", "evidence")}
    (question,) = read_questions(write(tmp_path, bare))
    assert (question.plan, question.evidence) == (0, ())


def test_evidence_may_be_a_list(tmp_path):
    (question,) = read_questions(write(tmp_path, GOOD | {"evidence": ["x", "y"]}))
    assert question.evidence == ("x", "y")


def test_an_unanswerable_question_has_no_pages_and_no_must(tmp_path):
    line = GOOD | {"type": "unanswerable", "pages": [], "must": [], "evidence": ""}
    (question,) = read_questions(write(tmp_path, line))
    assert not question.answerable
    assert question.evidence == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": ""}, "has id ''; a text is needed"),
        ({"lang": 5}, "has lang 5; a text is needed"),
        ({"question": 7}, "has question 7; a text is needed"),
        ({"type": "guess"}, "has type 'guess'; one of fact, .* is needed"),
        ({"pages": "32"}, "has pages '32'; a list of whole numbers is needed"),
        ({"pages": [True]}, r"has pages \[True\]; a list of whole numbers is needed"),
        ({"must": ["15%"]}, "has must .*; a list of lists of texts, none empty, is needed"),
        ({"must": [[]]}, "has must .*; a list of lists"),
        ({"must": [[""]]}, "has must .*; a list of lists"),
        ({"type": "unanswerable"}, "is unanswerable with 2 pages and 2 must; none is needed"),
        ({"plan": "3"}, "has plan '3'; a whole number is needed"),
        ({"evidence": 3}, "has evidence 3; a text or a list of texts is needed"),
    ],
)
def test_a_bad_field_is_named_with_file_line_and_need(tmp_path, change, message):
    path = write(tmp_path, GOOD, GOOD | {"id": "b"} | change)
    with pytest.raises(BadRequest, match=rf"set\.jsonl:2 {message}.*evals/questions/README"):
        read_questions(path)


def test_a_line_that_is_no_json_is_named(tmp_path):
    with pytest.raises(BadRequest, match=r"set\.jsonl:3 is not JSON"):
        read_questions(write(tmp_path, GOOD, "", "{id: 1}"))


def test_a_line_that_is_no_object_is_named(tmp_path):
    with pytest.raises(BadRequest, match=r"set\.jsonl:1 is a JSON list; an object is needed"):
        read_questions(write(tmp_path, "[]"))


def test_an_id_used_twice_is_named(tmp_path):
    with pytest.raises(BadRequest, match="uses id 'a' more than once"):
        read_questions(write(tmp_path, GOOD, GOOD))


def test_an_empty_set_is_refused(tmp_path):
    with pytest.raises(BadRequest, match="holds no question; write one JSON object a line"):
        read_questions(write(tmp_path))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadRequest, match=r"gone\.jsonl can't be read .* UTF-8 file of JSON lines"):
        read_questions(tmp_path / "gone.jsonl")


def test_a_file_that_is_not_utf8_is_named(tmp_path):
    path = tmp_path / "set.jsonl"
    path.write_bytes("问".encode("gb18030"))
    with pytest.raises(BadRequest, match="can't be read"):
        read_questions(path)


def test_what_is_left_out_of_a_bare_question_is_filled_in(tmp_path):
    (question,) = read_questions(write(tmp_path, "", {"question": "江苏风电目标是多少?"}))
    assert question == Question("line 2", "unlabelled", "zh", "江苏风电目标是多少?")
    assert not question.answerable
    assert not question.unanswerable


@pytest.mark.parametrize("known", [{"pages": [7]}, {"must": [["15%"]]}])
def test_a_page_or_a_fact_alone_makes_a_question_answerable(tmp_path, known):
    (question,) = read_questions(write(tmp_path, {"question": "How much?", "must": None} | known))
    assert question.answerable
    assert question.type == "fact"


# CSV


def write_csv(folder, text, encoding="utf-8"):
    path = folder / "set.csv"
    path.write_text(text, encoding=encoding)
    return path


def test_a_csv_set_holds_the_same_questions(tmp_path):
    text = (
        "id,plan,lang,type,question,pages,must,evidence\n"
        'a,3,en,fact,"How much, and\nwhen?",32; 33,15% | fifteen ;2025,15%\n'
        "\n"
        "b,,zh,unanswerable,多少?,,,\n"
    )
    first, second = read_questions(write_csv(tmp_path, text, "utf-8-sig"))
    assert first == Question(
        id="a",
        type="fact",
        lang="en",
        text="How much, and\nwhen?",
        pages=(32, 33),
        must=(("15%", "fifteen"), ("2025",)),
        evidence=("15%",),
        plan=3,
    )
    assert (second.id, second.type, second.pages, second.must) == ("b", "unanswerable", (), ())


def test_a_csv_of_questions_alone_is_enough(tmp_path):
    (question,) = read_questions(write_csv(tmp_path, "question\nQuelle part?\n"))
    assert (question.id, question.lang, question.type) == ("line 2", "fr", "unlabelled")


def test_only_the_end_of_a_line_ends_a_row(tmp_path):
    text = "question,must\nhello\u2028world\x85again,2\n"
    assert [q.text for q in read_questions(write_csv(tmp_path, text))] == [
        "hello\u2028world\x85again"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,text\na,b\n", "has the columns name, text; .*`question` among them"),
        ("question,pages\nx,thirty\n", r"set\.csv:2 has pages \['thirty'\]"),
        ("question,plan\nx,third\n", r"set\.csv:2 has plan 'third'"),
        ('question\n"x\n', "is not CSV"),
        ("question\n", "holds no question"),
        ("", "has the columns none"),
        ('"question"x,foo\na,b\n', r"set\.csv:1 is not CSV"),
    ],
)
def test_a_csv_that_cannot_be_used_is_named(tmp_path, text, message):
    with pytest.raises(BadRequest, match=message):
        read_questions(write_csv(tmp_path, text))


@pytest.mark.parametrize(("name", "count"), [("train", 2198), ("dev", 584), ("small", 40)])
def test_the_sets_that_ship_can_be_read(name, count):
    assert len(read_questions(SETS / f"{name}.jsonl")) == count


def test_train_and_dev_are_written_from_different_plans():
    train, dev = (
        {q.plan for q in read_questions(SETS / f"{name}.jsonl")} for name in ("train", "dev")
    )
    assert not train & dev
