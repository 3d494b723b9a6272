import json
from dataclasses import replace

import pytest

from rag.errors import BadRequest
from rag.evaluation.questions import read_questions
from rag.types import Answer, Citation, Document, PageSpan
from rag.web.feedback import REMINDER, record_vote, vote_row
from rag.web.talk import Talk, Turn

TEXT = "到2025年,风电装机达到2800万千瓦以上,森林覆盖率达到24.1%。"
PLAN = Document("p1", "甲省方案", TEXT, "p1.md", page_spans=(PageSpan(7, 0, len(TEXT)),))


def turn(text="风电装机2800万千瓦以上[1]", *, refused=False, vote="up", document=PLAN):
    quote = "风电装机达到2800万千瓦以上"
    start = TEXT.index(quote)
    end = start + len(quote)
    pages = document.pages_of(start, end)
    citation = Citation(1, quote, document, (), pages, start, end, 1.0)
    answer = Answer("甲省2025年风电装机?", text, refused, (citation,), "zh", "embedded")
    return Turn("turn-1", answer.question, answer=answer, vote=vote)


def test_votes_are_a_question_set_that_eval_reads(tmp_path):
    path = tmp_path / "votes.jsonl"
    liked = turn()
    refused = replace(turn("没有依据。", refused=True), id="turn-2")
    disliked = replace(turn(vote="down"), id="turn-3")
    for voted in (liked, refused, disliked):
        record_vote(path, voted)
    kinds = [(q.id, q.type, q.pages, q.must) for q in read_questions(path)]
    assert kinds == [
        ("turn-1", "fact", (7,), (("2800万千瓦",),)),
        ("turn-2", "unanswerable", (), ()),
        ("turn-3", "fact", (7,), ((REMINDER,),)),
    ]


def test_a_later_vote_takes_the_place_of_the_first_and_leaves_other_lines(tmp_path):
    path = tmp_path / "votes.jsonl"
    path.write_text('{"id": "by hand"}\nnot json\n', encoding="utf-8")
    record_vote(path, turn(vote="up"))
    record_vote(path, replace(turn(vote="down"), comment="应为 2900"))
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ['{"id": "by hand"}', "not json"]
    assert len(lines) == 3
    last = json.loads(lines[2])
    assert (last["vote"], last["comment"]) == ("down", "应为 2900")


def test_marks_that_only_look_like_line_ends_break_no_line(tmp_path):
    path = tmp_path / "votes.jsonl"
    asked = "甲省\u20282025年\x85风电装机?"
    record_vote(path, replace(turn(), question=asked))
    record_vote(path, replace(turn(), id="turn-2"))
    assert [q.text for q in read_questions(path)] == [asked, turn().question]


def test_an_answer_without_figures_must_state_its_lines_again():
    assert vote_row(turn("推进屋顶光伏[1]\n\n发展储能[1]"))["must"] == [
        ["推进屋顶光伏"],
        ["发展储能"],
    ]


def test_a_comment_stays_with_a_later_vote_and_gives_way_to_a_later_comment():
    talk = Talk([turn(vote="")])
    assert talk.vote("turn-1", "down", " 应为 2900 ").comment == "应为 2900"
    assert talk.vote("turn-1", "up").comment == "应为 2900"
    assert talk.vote("turn-1", "up", "对").comment == "对"
    assert talk.vote("turn-2", "up") is None


def test_a_source_without_pages_stands_on_page_0(tmp_path):
    record_vote(tmp_path / "v.jsonl", turn(document=replace(PLAN, page_spans=())))
    assert read_questions(tmp_path / "v.jsonl")[0].pages == (0,)


def test_a_liked_refusal_expects_nothing_and_the_reader_would_not_take_it_otherwise(tmp_path):
    row = vote_row(turn("没有依据。", refused=True))
    assert (row["pages"], row["must"]) == ([], [])
    for name, expected in (("pages", [7]), ("must", [["2800万千瓦"]])):
        (tmp_path / "v.jsonl").write_text(json.dumps(row | {name: expected}), encoding="utf-8")
        with pytest.raises(BadRequest, match=r"is unanswerable with .*; none is needed"):
            read_questions(tmp_path / "v.jsonl")
