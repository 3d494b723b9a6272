"""What is to become of each file, by what is held of it and what is there."""

import pytest

from rag.building import Fresh, Kept
from rag.comparing import Comparison, path_text
from rag.errors import BadRequest
from rag.indexing import index_paths
from rag.previous import open_before
from rag.reading import Reading, fingerprint_of_readers
from rag.settings import Settings


def ignore(doing, done, total):
    pass


@pytest.fixture
def docs(tmp_path):
    """Files a, b and c, all of them held by the index beside them."""
    (tmp_path / "docs").mkdir()
    for name in "abc":
        (tmp_path / "docs" / f"{name}.txt").write_text(f"The file {name} speaks of roofs.")
    index_paths([tmp_path / "docs"], tmp_path / "index", settings=Settings())
    return tmp_path / "docs"


def compare(docs, *, recipe="", before=True):
    reading = Reading()
    held = open_before(docs.parent / "index")[0] if before else None
    run = Comparison(held, reading)
    files = {path_text(file): file for file in docs.iterdir()}
    run.compare_files(files, recipe or fingerprint_of_readers())
    return run, reading


def names(paths):
    return sorted(path.rsplit("/", 1)[1] for path in paths)


def entries(run):
    kinds = {Fresh: "fresh", Kept: "kept"}
    return [kinds[type(entry)] for entry in run.entries(ignore)]


def test_without_an_index_every_file_is_read(docs):
    run, reading = compare(docs, before=False)
    assert names(reading.to_read) == ["a.txt", "b.txt", "c.txt"]
    assert entries(run) == ["fresh"] * 3
    assert names(run.became().added) == ["a.txt", "b.txt", "c.txt"]


def test_what_is_unchanged_is_kept(docs):
    run, reading = compare(docs)
    assert not reading.to_read
    assert not run.changes_any()
    assert entries(run) == ["kept"] * 3
    assert names(run.became().unchanged) == ["a.txt", "b.txt", "c.txt"]


def test_what_is_new_or_other_is_read_in_its_place(docs):
    (docs / "b.txt").write_text("Another text.")
    (docs / "aa.txt").write_text("A new one.")
    run, reading = compare(docs)
    assert names(reading.to_read) == ["aa.txt", "b.txt"]
    assert run.changes_any()
    assert entries(run) == ["kept", "fresh", "fresh", "kept"]  # a, aa, b, c
    became = run.became()
    assert (names(became.added), names(became.changed)) == (["aa.txt"], ["b.txt"])
    assert names(became.unchanged) == ["a.txt", "c.txt"]


def test_with_another_recipe_all_is_read(docs):
    reading = compare(docs, recipe="another")[1]
    assert names(reading.to_read) == ["a.txt", "b.txt", "c.txt"]


def test_what_is_gone_goes_only_when_asked(docs):
    (docs / "b.txt").unlink()
    run = compare(docs)[0]
    assert not run.changes_any()
    run.leave_out_gone([path_text(docs)])
    assert run.leaves_out_any()
    assert entries(run) == ["kept", "kept"]
    assert names(run.became().removed) == ["b.txt"]


def test_documents_are_left_out_by_id_or_by_file(docs):
    run = Comparison(open_before(docs.parent / "index")[0], Reading())
    run.leave_out(["a", str(docs / "b.txt")], docs)
    assert entries(run) == ["kept"]
    assert names(run.became().removed) == ["a.txt", "b.txt"]
    with pytest.raises(BadRequest, match="no document and no file 'nosuch'"):
        run.leave_out(["nosuch"], docs)


def test_a_file_that_cannot_be_read_leaves_what_is_held_of_it(docs):
    (docs / "b.txt").write_text("")
    run, reading = compare(docs)
    assert entries(run) == ["kept"] * 3
    assert names(reading.bad) == ["b.txt"]
    assert names(run.became().unchanged) == ["a.txt", "c.txt"]
