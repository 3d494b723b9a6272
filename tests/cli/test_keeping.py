import json
from dataclasses import replace
from pathlib import Path

import pytest

from rag import Assistant, Settings

from .running import QUESTION, Ran, assert_fails, content, run_apart


def test_index_says_what_it_did_and_names_what_it_left_out(rag, corpus, tmp_path):
    (tmp_path / "empty.txt").write_text("")
    ran = rag("index", corpus, "empty.txt")
    assert ran.code == 0
    assert ran.out == (
        "indexes/default: 4 documents, 7 chunks (7 embedded); "
        "files: 2 added, 0 changed, 0 removed, 0 unchanged, 1 failed\n"
    )
    assert ran.err == "rag: left out: empty.txt is empty; name a file with text in it.\n"
    again = rag("index", corpus / "rooftops.md")
    assert "(0 embedded); files: 0 added, 0 changed, 0 removed, 2 unchanged, 0" in again.out
    assert rag("ask", QUESTION).code == 0  # the default index is the one just built


def test_index_json_has_the_outcome(rag, corpus, tmp_path):
    (tmp_path / "empty.txt").write_text("")
    ran = rag("index", corpus, "empty.txt", "--json", "--index", "mine", "--chunk-chars", 50)
    row = json.loads(ran.out)
    assert set(row) == {
        *("added", "changed", "removed", "unchanged", "failed"),
        *("documents", "chunks", "embedded", "lost", "manifest"),
    }
    assert [Path(path).name for path in row["added"]] == ["plans.txt", "rooftops.md"]
    assert (row["documents"], row["unchanged"], row["lost"]) == (4, [], "")
    assert row["failed"] == [
        {"file": "empty.txt", "reason": "empty.txt is empty; name a file with text in it."}
    ]
    assert row["chunks"] > 7
    assert row["manifest"]["chunk_chars"] == 50
    assert row["manifest"]["embedder_name"] == "embedded"


def test_index_tells_that_a_damaged_index_was_not_kept(rag, corpus, index_folder):
    (index_folder / "generations/000001/documents.jsonl").write_text("{")
    ran = rag("index", corpus, "--index", index_folder)
    assert ran.code == 0
    assert ran.err.startswith("rag: nothing was kept of the old index: ")
    assert "documents.jsonl is altered" in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["--sync"], ["--sync", "--remove", "p001"]])
def test_index_needs_something_to_do(rag, arguments):
    assert_fails(rag("index", *arguments), "PATH", "--remove", "`rag index --help`")


def test_remove_and_sync_say_what_went(rag, corpus, index_folder, tmp_path):
    place = ("--index", index_folder)
    ran = rag("index", "--remove", "p001", "p002", *place)
    assert "2 documents, 3 chunks (0 embedded); files: 0 added, 1 changed, 0 removed" in ran.out
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "one.txt").write_text("One text.")
    (tmp_path / "docs" / "two.txt").write_text("Another text.")
    assert rag("index", "docs", *place).code == 0
    (tmp_path / "docs" / "two.txt").unlink()
    row = json.loads(rag("index", "docs", "--sync", "--json", *place).out)
    assert [Path(path).name for path in row["removed"]] == ["two.txt"]


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("nosuch.txt", None, ["nosuch.txt does not exist; name a file"]),
        ("empty.txt", b"", ["empty.txt is empty; name a file"]),
        ("blank.txt", b" \n ", ["blank.txt holds no text"]),
        ("image.png", b"\x89PNG\r\n\0\0\0\0", ["image.png is not a kind of file", "convert it"]),
        ("book.pdf", b"%PDF-1.4 torn", ["book.pdf"]),
        ("thesis.docx", b"PK\x03\x04 torn", ["thesis.docx"]),
    ],
)
def test_a_file_that_cannot_be_read_fails_in_one_line(
    rag, index_folder, tmp_path, name, data, told
):
    before = content(index_folder)
    if data is not None:
        (tmp_path / name).write_bytes(data)
    assert_fails(rag("index", name, "--index", index_folder), *told)
    assert content(index_folder) == before
    assert [path.name for path in index_folder.parent.iterdir()] == [index_folder.name]


def test_a_folder_without_documents_fails_in_one_line(rag, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "me.jpg").write_bytes(b"\xff\xd8")
    assert_fails(rag("index", "photos"), "photos holds no file that can be read; name files")
    assert not (tmp_path / "indexes").exists()


@pytest.mark.parametrize("place", ["file.txt", "file.txt/below", "full", "/proc/index"])
def test_a_place_that_can_hold_no_index_fails_in_one_line(rag, corpus, tmp_path, place):
    (tmp_path / "file.txt").write_text("years of work")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("years of work")
    before = content(tmp_path)
    assert_fails(rag("index", corpus, "--index", place), "rag index corpus/ --index FOLDER")
    assert content(tmp_path) == before


def test_an_embedder_that_is_not_here_fails_in_one_line(corpus, index_folder):
    before = content(index_folder)
    named = ("--embedder", "nosuch/model", "--index", index_folder)
    ran = run_apart("index", corpus, *named, HF_HUB_OFFLINE="1")
    failed = Ran(ran.returncode, ran.stdout.decode(), ran.stderr.decode())
    assert_fails(failed, "'nosuch/model'", "--embedder embedded")
    assert content(index_folder) == before


def test_info_tells_what_is_indexed(rag, built):
    ran = rag("info", "--index", built)
    rows = dict(line.split(maxsplit=1) for line in ran.out.splitlines())
    assert rows["healthy"] == "True"
    assert rows["documents"] == "4"
    row = json.loads(rag("info", "--json", "--index", built).out)
    assert set(row) == {
        *("index", "healthy", "documents", "chunks", "characters", "embedder", "dimensions"),
        *("works", "chunk_chars", "created", "megabytes"),
    }
    assert (row["works"], row["documents"], row["chunks"], row["healthy"]) == (4, 4, 7, True)
    assert row["characters"] == 110 + 90 + 67 + 124  # of the three plans and the page
    assert row["embedder"].startswith("static:")
    assert row["megabytes"] == round(sum(map(len, content(built).values())) / 1e6, 1)


def test_info_tells_what_is_wrong_though_it_can_be_asked(rag, index_folder):
    vectors = index_folder / "generations/000001/vectors.npy"  # read by the next `rag index` alone
    vectors.write_bytes(b"other")
    ran = rag("info", "--json", "--index", index_folder)
    assert (ran.code, json.loads(ran.out)["healthy"]) == (0, False)
    assert ran.err == f"rag: {vectors} is altered\n"


def test_info_of_an_index_in_milvus_tells_no_size(rag, built, monkeypatch):
    uri, assistant = "http://milvus:19530", Assistant.load(built)
    published = Assistant(replace(assistant.index, folder=None, stamp=""), Settings())
    monkeypatch.setattr(Assistant, "load", lambda index, **given: published)
    ran = rag("info", "--index", uri)
    assert (ran.code, ran.err) == (0, "")
    assert "megabytes" not in ran.out
    row = json.loads(rag("info", "--json", "--index", uri).out)
    assert (row["index"], row["documents"], "megabytes" in row) == (uri, 4, False)


def test_verify_says_that_an_index_is_whole_or_what_is_wrong(rag, index_folder):
    ran = rag("verify", "--index", index_folder)
    assert (ran.code, ran.err) == (0, "")
    assert "whole: 1 generations, 15 files, 4 documents, 7 chunks" in ran.out
    (index_folder / "generations/000001/vectors.npy").write_bytes(b"other")
    ran = rag("verify", "--json", "--index", index_folder)
    assert ran.code == 2
    assert "vectors.npy is altered" in ran.err
    assert f"`rag rollback --index {index_folder}`" in ran.err
    assert len(json.loads(ran.out)["faults"]) == 1


def test_rollback_takes_the_generation_before_into_use(rag, index_folder, tmp_path):
    place = ("--index", index_folder)
    assert_fails(rag("rollback", *place), "no generation before 000001")
    rag("index", "--remove", "p001", *place)
    ran = rag("rollback", *place)
    assert ran.code == 0
    assert "generation 000001 is in use again, 000002 is kept" in ran.out
    assert json.loads(rag("info", "--json", *place).out)["documents"] == 4
