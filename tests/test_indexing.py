import os
import time
from pathlib import Path

import numpy as np
import pytest

from rag import reading
from rag.embedders import EMBEDDERS
from rag.errors import ReadError, WriteError
from rag.generations import path_of, read_current
from rag.index import load_index, read_documents
from rag.indexing import index_paths
from rag.manifest import NAME, Manifest
from rag.settings import Settings
from rag.targets import TargetTable


class CharacterCounts:
    """An embedder whose vector is how many characters and spaces a text has."""

    identity = "fake:counts"
    dim = 2

    def embed_queries(self, texts):
        return np.array([[len(t), t.count(" ")] for t in texts], np.float32).reshape(-1, 2)

    embed_passages = embed_queries


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The working folder, with documents of one line each in `docs/`."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "docs" / "wind.txt", "风电装机达到2800万千瓦。")
    write(tmp_path / "docs" / "deep" / "solar.md", "# Solar\n\nRoofs carry panels.")
    write(tmp_path / "single.html", "<title>Buses</title><p>All buses run on batteries.</p>")
    return tmp_path


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def index(*paths, folder="index", settings=Settings(), **options):
    return index_paths([Path(p) for p in paths], Path(folder), settings=settings, **options)


def inside(folder):
    """Where the files of the generation in use lie."""
    return path_of(Path(folder), read_current(Path(folder)).now)


def names(paths):
    return [Path(path).name for path in paths]


def ids(folder="index"):
    return [document.id for document in read_documents(Path(folder))]


def snapshot(folder):
    """Content and time of every file, so that writing the same again would show."""
    files = [path for path in Path(folder).rglob("*") if path.is_file()]
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def test_files_and_folders_mix_and_the_index_is_on_disk(place):
    outcome = index("single.html", "docs")
    assert names(outcome.added) == ["solar.md", "wind.txt", "single.html"]  # by whole path
    assert outcome.changed == outcome.removed == outcome.unchanged == outcome.failed == ()
    assert outcome.lost == ""
    assert ids() == ["solar", "wind", "single"]
    assert outcome.manifest.documents == 3


def test_one_file_by_several_paths_is_read_once(place):
    (place / "link.txt").symlink_to(place / "docs" / "wind.txt")
    named = ("docs/wind.txt", "docs/../docs/wind.txt", place / "docs/wind.txt", "docs", "link.txt")
    outcome = index(*named)
    assert len(outcome.added) == 2
    assert sorted(ids()) == ["solar", "wind"]


def test_indexing_again_writes_nothing(place):
    first = index("docs", "single.html")
    before = snapshot("index")
    again = index("docs", "single.html")
    assert again.added == again.changed == ()
    assert again.unchanged == first.added
    assert again.embedded == 0
    assert snapshot("index") == before


def test_a_file_read_again_replaces_its_documents_and_keeps_the_others(place):
    index("docs", "single.html")
    write(place / "docs" / "wind.txt", "海上风电达到260万千瓦。")
    outcome = index("docs/wind.txt")
    assert names(outcome.changed) == ["wind.txt"]
    assert len(outcome.unchanged) == 2
    texts = {document.id: document.text for document in read_documents(Path("index"))}
    assert texts.keys() == {"single", "solar", "wind"}
    assert texts["wind"] == "海上风电达到260万千瓦。"


def test_a_file_is_the_same_from_another_working_folder(place, monkeypatch):
    index("docs")
    monkeypatch.chdir(place / "docs")
    outcome = index("wind.txt", folder="../index")
    assert names(outcome.unchanged) == ["solar.md", "wind.txt"]
    assert sorted(ids("../index")) == ["solar", "wind"]


def test_files_of_one_name_in_two_folders_are_two_documents(place, monkeypatch):
    write(place / "other" / "docs" / "wind.txt", "陆上风电。")
    index("docs/wind.txt")
    monkeypatch.chdir(place / "other")
    outcome = index("docs/wind.txt", folder="../index")
    assert (len(outcome.added), len(outcome.unchanged)) == (1, 1)
    texts = [(document.id, document.text) for document in read_documents(Path("../index"))]
    assert texts == [("wind", "风电装机达到2800万千瓦。"), ("wind-2", "陆上风电。")]


def test_ids_stay_apart_however_often_files_of_one_name_are_added(place):
    for folder in "abc":
        write(place / folder / "plan.txt", f"{folder} plans for wind.")
    for folder in ("a", "b", "a", "c", "b"):
        index(folder)
    documents = read_documents(Path("index"))
    assert sorted(document.text[0] for document in documents) == ["a", "b", "c"]
    assert sorted(ids()) == ["plan", "plan-2", "plan-3"]
    assert all(document.text[0] == Path(document.source).parts[-2] for document in documents)


def test_a_bad_file_is_named_with_the_reason_and_stops_no_other(place):
    write(place / "docs" / "empty.txt", "")
    (place / "docs" / "image.txt").write_bytes(b"\x89PNG\0\0\0")
    (place / "docs" / "secret.txt").mkdir()  # a folder is passed over, it is no file
    outcome = index("docs")
    assert len(outcome.added) == 2
    assert [file.name for file, _ in outcome.failed] == ["empty.txt", "image.txt"]
    assert "empty.txt is empty" in outcome.failed[0][1]
    assert sorted(ids()) == ["solar", "wind"]


def test_a_file_that_may_not_be_read_is_named_with_the_reason(place, monkeypatch):
    def refuse(path):
        if path.name == "wind.txt":
            raise PermissionError(13, "Permission denied", str(path))
        return read_file(path)

    read_file = reading.read_file
    monkeypatch.setattr(reading, "read_file", refuse)
    outcome = index("docs")
    ((_, reason),) = outcome.failed
    assert reason == "docs/wind.txt can't be read (Permission denied); check that you may read it."
    assert ids() == ["solar"]


def test_a_bad_file_leaves_what_the_index_held_of_it(place):
    index("docs")
    write(place / "docs" / "wind.txt", "")
    outcome = index("docs")
    assert (len(outcome.failed), names(outcome.unchanged)) == (1, ["solar.md"])
    assert sorted(ids()) == ["solar", "wind"]


@pytest.mark.parametrize(
    ("paths", "reason"),
    [
        (["bad"], "empty.txt is empty"),
        (["void"], "void holds no file that can be read; name files or folders"),
        (["nosuch"], "nosuch does not exist"),
        (["docs", "nosuch"], "nosuch does not exist"),
    ],
)
def test_nothing_read_is_an_error_and_changes_nothing(place, paths, reason):
    write(place / "bad" / "empty.txt", "")
    (place / "void").mkdir()
    index("docs")
    before = snapshot("index")
    with pytest.raises(ReadError, match=reason):
        index(*paths)
    assert snapshot("index") == before


def test_nothing_read_makes_no_index(place):
    write(place / "empty.txt", "")
    with pytest.raises(ReadError):
        index("empty.txt", folder="new/index")
    assert not (place / "new").exists()


@pytest.mark.parametrize("damage", ["documents.jsonl", NAME])
def test_a_damaged_index_is_replaced_and_the_loss_told(place, damage):
    index("docs", "single.html")
    (inside("index") / damage).write_text("{")
    outcome = index("docs/wind.txt")
    assert damage in outcome.lost
    assert names(outcome.added) == ["wind.txt"]
    assert outcome.unchanged == ()
    assert ids() == ["wind"]


TABLE = """\
plan_id,page,indicator,indicator_en,scope,year,value,unit,qualifier,baseline_year,note
wind,3,风电装机,Wind capacity,,2025,2800,万千瓦,以上,,
nosuch,1,光伏装机,Solar capacity,,2025,1,万千瓦,,,
"""


def test_a_table_of_targets_is_read_and_outlives_the_reading_of_other_files(place):
    write(place / "docs" / "targets.csv", TABLE)
    for paths in (["docs"], ["single.html"], ["."]):  # the last holds the index and its table too
        outcome = index(*paths)
        assert outcome.failed == ()
        rows = TargetTable.read(inside("index") / "targets.csv").rows
        curated = [row for row in rows if row.origin == "curated"]
        assert [(row.plan, row.value) for row in curated] == [("wind", "2800")]


def test_a_bad_table_is_named_and_counts_for_no_file(place):
    write(place / "docs" / "targets.csv", "year,value\n2025,1\n")
    outcome = index("docs")
    assert len(outcome.added) == 2
    ((table, reason),) = outcome.failed
    assert table.name == "targets.csv"
    assert "lacks the column plan_id" in reason


def test_the_embedder_of_the_index_is_kept_unless_another_is_named(place, monkeypatch):
    monkeypatch.setitem(EMBEDDERS, "counts", lambda settings: CharacterCounts())
    index("docs", settings=Settings(embedder="counts"))
    kept = index("single.html")
    assert (kept.manifest.embedder, kept.embedded) == ("fake:counts", 1)
    assert load_index(Path("index"), Settings()).store.size == (3, 2)
    named = index("single.html", settings=Settings(embedder="embedded"))
    assert (named.manifest.embedder_name, named.embedded) == ("embedded", 3)
    loaded = load_index(Path("index"), Settings())
    assert loaded.store.size == (3, loaded.embedder.dim)


def test_a_place_that_cannot_be_written_is_told_before_anything_is_read(place):
    def no_progress(*step):
        raise AssertionError(f"{step} begun")

    write(place / "full" / "thesis.docx", "years of work")
    with pytest.raises(WriteError, match=r"thesis\.docx"):
        index("docs", folder="full", progress=no_progress)


def test_progress_tells_each_stage_from_nothing_to_all(place):
    steps = []
    index("docs", progress=lambda *step: steps.append(step))
    assert steps == [
        ("reading", 0, 2),
        ("reading", 1, 2),
        ("reading", 2, 2),
        ("indexing", 0, 1),
        ("indexing", 1, 1),
    ]


def test_the_files_indexed_are_never_written_to(place):
    for path in (place / "docs").rglob("*.*"):
        os.utime(path, (1, 1))
    before = snapshot("docs")
    index("docs")
    assert snapshot("docs") == before
    assert Manifest.load(inside("index")).created[:4] == time.strftime("%Y", time.gmtime())
