"""Links, pipes, devices and names made to lead elsewhere, among the files to be read."""

import os
import threading
from pathlib import Path

import pytest

from rag import Assistant, Settings
from rag.errors import ReadError
from rag.index import read_documents
from rag.indexing import index_paths
from rag.readers import find_files, read_file


@pytest.fixture
def docs(tmp_path):
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "plan.txt").write_text("The lighthouse closes in 2030.")
    return folder


def index(*paths, folder):
    return index_paths(list(paths), folder, settings=Settings())


def sources(folder):
    return [Path(document.source).name for document in read_documents(folder)]


def test_a_link_out_of_the_folder_is_left_out_with_the_reason(docs, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("The password is swordfish.")
    (docs / "link.txt").symlink_to(secret)
    (docs / "targets.csv").symlink_to(secret)
    (docs / "up.txt").symlink_to("../secret.txt")
    outcome = index(docs, folder=tmp_path / "index")
    assert sources(tmp_path / "index") == ["plan.txt"]
    assert [path.name for path, _ in outcome.failed] == [*("link.txt", "targets.csv", "up.txt")]
    assert all(f"name the file itself: {secret}" in reason for _, reason in outcome.failed)
    assert "swordfish" not in Assistant.load(tmp_path / "index").search("password")[0].chunk.text


def test_a_link_that_is_named_itself_and_one_within_the_folder_are_read(docs, tmp_path):
    (tmp_path / "other.txt").write_text("Buses run on batteries.")
    (tmp_path / "named.txt").symlink_to(tmp_path / "other.txt")
    (docs / "same.txt").symlink_to(docs / "plan.txt")
    outcome = index(docs, tmp_path / "named.txt", folder=tmp_path / "index")
    assert outcome.failed == ()
    assert sorted(sources(tmp_path / "index")) == ["other.txt", "plan.txt"]


def test_links_to_folders_and_links_in_circles_are_not_followed(docs, tmp_path):
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "far.txt").write_text("Far away.")
    (docs / "others").symlink_to(tmp_path / "others")
    (docs / "again").symlink_to(docs)
    (docs / "circle.txt").symlink_to(docs / "circle.txt")
    (docs / "nowhere.txt").symlink_to(tmp_path / "nowhere.txt")
    assert find_files([docs]) == ({str((docs / "plan.txt").resolve()): docs / "plan.txt"}, ())


def test_pipes_and_devices_are_never_waited_for(docs, tmp_path):
    os.mkfifo(docs / "pipe.txt")
    os.mkfifo(docs / "targets.csv")
    (docs / "endless.txt").symlink_to("/dev/zero")
    (docs / "kernel.txt").symlink_to("/proc/self/environ")
    done = threading.Event()

    def run():
        index(docs, folder=tmp_path / "index")
        done.set()

    threading.Thread(target=run, daemon=True).start()
    assert done.wait(60), "it waits for a pipe"
    assert sources(tmp_path / "index") == ["plan.txt"]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/dev/zero", "neither a file nor a folder"),
        ("/dev/null", "neither a file nor a folder"),
        ("/proc/self/environ", "is empty"),  # as the kernel gives its size
        ("/nonexistent", "does not exist"),
    ],
)
def test_what_is_no_file_is_refused_by_name(path, reason, tmp_path):
    if not path.startswith("/nonexistent") and not Path(path).exists():
        pytest.skip(f"this system has no {path}")
    with pytest.raises(ReadError, match=reason):
        index(Path(path), folder=tmp_path / "index")


@pytest.mark.parametrize(
    "name", ["a\nb.txt", "\u202etxt.exe.txt", "con.txt", "-rf.txt", "%00.txt", "a" * 251 + ".txt"]
)
def test_a_file_of_any_name_is_read_and_its_id_is_harmless(name, docs, tmp_path):
    (docs / name).write_text("Roofs carry panels.")
    outcome = index(docs / name, folder=tmp_path / "index")
    (document,) = read_documents(tmp_path / "index")
    assert outcome.failed == ()
    assert not set(document.id) & set("/\\\n\0 ")


def test_a_name_that_is_no_text_is_read_or_refused(docs, tmp_path):
    """Linux lets a name be any bytes."""
    path = os.fsencode(docs) + b"/\xff\xfe.txt"
    with open(path, "wb") as file:
        file.write(b"Boats carry lanterns.")
    outcome = index(docs, folder=tmp_path / "index")
    assert len(outcome.added) + len(outcome.failed) == 2
    assert "plan.txt" in sources(tmp_path / "index")


def test_a_file_that_grows_above_the_limit_is_refused(docs, monkeypatch):
    monkeypatch.setattr("rag.readers.MAX_FILE_BYTES", 10)
    with pytest.raises(ReadError, match=r"has 30 bytes; the limit is 10\. Split it"):
        read_file(docs / "plan.txt")
