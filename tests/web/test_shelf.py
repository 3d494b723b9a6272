from pathlib import Path

import pytest

from rag import Assistant
from rag.errors import BadRequest
from rag.indexing import silent
from rag.web.shelf import Busy, Refused, Shelf, clean_name, find_fault, stamp_of


@pytest.fixture
def shelf(index_folder):
    return Shelf(Assistant.load(index_folder), index_folder)


@pytest.fixture
def written(tmp_path):
    def write(name, text="第一条 灯塔管理员养了37只信天翁。", folder="sent"):
        path = tmp_path / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path, path.name

    return write


def titles(shelf):
    return {document.title for document in shelf.assistant.documents}


def take_out(shelf, document):
    return shelf.remove(document.id, stamp_of(document))


def test_an_upload_is_kept_beside_the_index_and_answers(shelf, written, index_folder):
    seen = []
    added = shelf.add([written("灯塔.md")], lambda *step: seen.append(step))
    assert [d.source for d in added.documents] == [
        (index_folder.with_name("small.uploads") / "灯塔.md").resolve().as_posix()
    ]
    assert added.refused == ()
    assert {step[0] for step in seen} >= {"reading", "indexing"}
    answer = shelf.assistant.ask("灯塔管理员养了多少只信天翁?")
    assert "37" in answer.text
    assert shelf.holdings()[0].document == added.documents[0]
    assert shelf.holdings()[0].day


def test_removal_takes_the_upload_along_and_leaves_the_rest(shelf, written):
    before = titles(shelf)
    (document,) = shelf.add([written("灯塔.md")], silent).documents
    assert take_out(shelf, document) == document
    assert titles(shelf) == before
    assert list(shelf.uploads.iterdir()) == []
    assert take_out(shelf, document) is None


def test_from_a_list_of_before_no_document_is_removed_that_has_the_id_by_now(shelf, written):
    """Of two that clash one has a number, which it loses when the other goes."""
    files = [written("plan.md", "# 甲\n\n甲的内容。"), written("plan.txt", "乙的内容。")]
    first, second = shelf.add(files, silent).documents
    assert (first.id, second.id) == ("plan", "plan-2")
    assert take_out(shelf, first)
    assert "plan" in {document.id for document in shelf.assistant.documents}
    assert take_out(shelf, first) is None
    assert second.text in {document.text for document in shelf.assistant.documents}
    assert [path.name for path in shelf.uploads.iterdir()] == ["plan.txt"]


def test_removing_a_document_leaves_a_file_that_was_no_upload(shelf, corpus):
    document = next(d for d in shelf.assistant.documents if d.source.endswith("rooftops.md"))
    take_out(shelf, document)
    assert (corpus / "rooftops.md").exists()


def test_files_that_cannot_be_read_are_named_with_the_reason_and_not_kept(shelf, written):
    files = [
        written("good.md"),
        written("empty.txt", ""),
        written("blank.txt", "  \n "),
        written("scan is a scan.pdf", b"%PDF-1.4 broken"),
        written("program.exe"),
    ]
    added = shelf.add(files, silent)
    assert len(added.documents) == 1
    assert set(added.refused) == {
        Refused("empty.txt", "bad_empty"),
        Refused("blank.txt", "bad_empty"),
        Refused("scan is a scan.pdf", "bad_damaged"),
        Refused("program.exe", "bad_kind"),
    }
    assert [path.name for path in shelf.uploads.iterdir()] == ["good.md"]


def test_nothing_but_bad_files_changes_nothing(shelf, written):
    before = titles(shelf)
    added = shelf.add([written("a.pdf", b"%PDF-1.4 x"), written("b.txt", " ")], silent)
    assert {refused.reason for refused in added.refused} == {"bad_damaged", "bad_empty"}
    assert titles(shelf) == before
    assert list(shelf.uploads.iterdir()) == []


def test_two_files_of_one_name_are_both_kept_and_one_sent_twice_once(shelf, written):
    shelf.add([written("plan.md", "# 甲\n\n甲的内容。")], silent)
    shelf.add([written("plan.md", "# 乙\n\n乙的内容。", folder="other")], silent)
    shelf.add([written("plan.md", "# 甲\n\n甲的内容。", folder="again")], silent)
    assert sorted(path.name for path in shelf.uploads.iterdir()) == ["plan-2.md", "plan.md"]
    assert titles(shelf) >= {"甲", "乙"}


def test_one_change_at_a_time(shelf, written):
    file = written("late.md")

    def meanwhile(*step):
        with pytest.raises(Busy):
            take_out(shelf, shelf.assistant.documents[0])

    assert shelf.add([file], meanwhile).documents


def test_the_last_document_stays(shelf):
    others = [d.id for d in shelf.assistant.documents][:-1]
    shelf.assistant.remove(others)
    with pytest.raises(BadRequest):
        take_out(shelf, shelf.assistant.documents[0])


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("..\\..\\boot.ini.md", "boot.ini.md"),
        ("/abs/路径/规划（草案）.PDF", "规划（草案）.pdf"),
        ("a\x00b\nc;rm -rf.txt", "a_b_c_rm -rf.txt"),
        ("....md", "document.md"),
        ("..", "document"),
        ("碳" * 300 + ".docx", "碳" * 66 + ".docx"),
        ('<img src=x onerror="1">.html', "img src_x onerror__1.html"),
    ],
)
def test_names_of_uploads_are_made_harmless(sent, kept):
    assert clean_name(sent) == kept


def test_a_file_over_the_limit_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr("rag.web.shelf.MAX_UPLOAD_MB", 0)
    path = tmp_path / "big.txt"
    path.write_text("x", encoding="utf-8")
    assert find_fault(path, "big.txt") == "bad_size"
    assert find_fault(path, "big.exe") == "bad_kind"


def test_without_a_folder_nothing_is_taken(assistant):
    shelf = Shelf(assistant)
    assert not shelf.open
    assert shelf.votes is None
    assert isinstance(shelf.holdings()[0].document.source, str)
    assert not any(Path(h.document.source).name == "uploads" for h in shelf.holdings())
