import os
from pathlib import Path

import pytest
from making_index import build_index

from rag.errors import IndexDamaged, IndexMissing
from rag.generations import be_writer, path_of, read_current, read_stamp
from rag.index import load_index, read_documents, roll_back
from rag.settings import Settings
from rag.types import Document


def build(folder, name):
    document = Document(id=name, title=name, text=f"{name} is held.", source=f"/docs/{name}.txt")
    build_index([document], Settings(), folder=folder)


def ids(folder):
    return [document.id for document in read_documents(folder)]


def generations(folder):
    return sorted(path.name for path in (folder / "generations").iterdir())


def test_two_generations_are_kept_and_the_newest_is_in_use(tmp_path):
    for name in ("one", "two", "three"):
        build(tmp_path / "index", name)
    assert generations(tmp_path / "index") == ["000002", "000003"]
    now, before = read_current(tmp_path / "index")
    assert (now.name, before.name) == ("000003", "000002")
    assert ids(tmp_path / "index") == ["three"]


def test_roll_back_takes_the_one_before_into_use_and_again_the_one_after(tmp_path):
    for name in ("one", "two"):
        build(tmp_path, name)
    roll_back(tmp_path)
    assert ids(tmp_path) == ["one"]
    roll_back(tmp_path)
    assert ids(tmp_path) == ["two"]


def test_after_rolling_back_a_build_goes_on_from_there(tmp_path):
    for name in ("one", "two"):
        build(tmp_path, name)
    roll_back(tmp_path)
    build(tmp_path, "three")
    assert generations(tmp_path) == ["000001", "000003"]
    roll_back(tmp_path)
    assert ids(tmp_path) == ["one"]


def test_there_is_nothing_to_roll_back_to_after_one_build(tmp_path):
    build(tmp_path, "one")
    with pytest.raises(IndexMissing, match=r"no generation before 000001; .*rag index corpus/"):
        roll_back(tmp_path)
    assert ids(tmp_path) == ["one"]


@pytest.mark.parametrize("file", ["manifest.json", "documents.jsonl"])
def test_a_damaged_generation_is_never_rolled_back_to(tmp_path, file):
    for name in ("one", "two"):
        build(tmp_path, name)
    path = path_of(tmp_path, read_current(tmp_path).before) / file
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(IndexDamaged, match=rf"{file} is altered"):
        roll_back(tmp_path)
    assert ids(tmp_path) == ["two"]


def test_the_next_writer_removes_what_a_killed_one_left(tmp_path):
    build(tmp_path, "one")
    (tmp_path / "generations/000007").mkdir()
    (tmp_path / "generations/000007/documents.jsonl").write_text("half")
    (tmp_path / "current.new").write_text("half")
    assert ids(tmp_path) == ["one"]
    with be_writer(tmp_path):
        pass
    assert generations(tmp_path) == ["000001"]
    assert not (tmp_path / "current.new").exists()
    assert ids(tmp_path) == ["one"]


def test_nothing_is_removed_while_the_file_that_names_the_generations_is_altered(tmp_path):
    for name in ("one", "two"):
        build(tmp_path, name)
    whole = (tmp_path / "current").read_bytes()
    (tmp_path / "current").write_bytes(whole[:-9])
    with be_writer(tmp_path):
        pass
    (tmp_path / "current").write_bytes(whole)
    assert generations(tmp_path) == ["000001", "000002"]
    assert ids(tmp_path) == ["two"]


def test_an_index_of_the_old_format_is_named_and_gives_way_to_a_new_one(tmp_path):
    (tmp_path / "manifest.json").write_text('{"format_version": 2}')
    (tmp_path / "lexical").mkdir()
    with pytest.raises(IndexDamaged, match=r"has index format 2, this program reads 3; rebuild"):
        load_index(tmp_path, Settings())
    build(tmp_path, "one")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["current", "generations", "lock"]


def test_a_writer_that_writes_nothing_leaves_no_folder(tmp_path):
    with be_writer(tmp_path / "new" / "index"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_every_file_is_on_disk_before_it_comes_into_use(tmp_path, monkeypatch):
    """Kills lose nothing that was written; a power cut does, unless it was forced to disk."""
    forced, real_sync, real_replace = [], os.fsync, os.replace

    def sync(handle):
        forced.append(Path(os.readlink(f"/proc/self/fd/{handle}")))
        real_sync(handle)

    def replace(source, target):
        forced.append("switch")
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", replace)
    build(tmp_path / "index", "one")
    before, after = forced[: forced.index("switch")], forced[forced.index("switch") + 1 :]
    generation = path_of(tmp_path / "index", read_current(tmp_path / "index").now)
    written = {
        generation,
        generation.parent,
        tmp_path / "index/current.new",
        *generation.rglob("*"),
    }
    assert written <= set(before)
    assert after == [tmp_path / "index"]


def test_the_stamp_changes_with_the_generation_alone(tmp_path):
    assert read_stamp(tmp_path) == ""
    build(tmp_path, "one")
    first = read_stamp(tmp_path)
    (tmp_path / "current").touch()
    assert read_stamp(tmp_path) == first
    build(tmp_path, "one")
    assert read_stamp(tmp_path) != first


def test_a_generation_taken_away_while_it_is_opened_is_no_failure(tmp_path, monkeypatch):
    """As if two builds ended between reading `current` and opening what it names."""
    from rag import index as module

    build(tmp_path, "one")
    real, calls = module.path_of, []

    def late(folder, generation):
        if not calls:
            calls.append(generation)
            for name in ("two", "three"):
                build(tmp_path, name)
        return real(folder, generation)

    monkeypatch.setattr(module, "path_of", late)
    assert [d.id for d in load_index(tmp_path, Settings()).documents] == ["three"]
