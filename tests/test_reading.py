"""Checksums of files, and what becomes of one that is to be read."""

import hashlib

import pytest

from rag import reading
from rag.errors import ReadError
from rag.reading import Reading, checksum_of_file


@pytest.mark.parametrize("size", [0, 1, (1 << 16) - 1, 1 << 16, 300_000])
def test_a_checksum_is_that_of_all_bytes(tmp_path, size):
    data = bytes(range(256)) * (size // 256 + 1)
    (tmp_path / "file").write_bytes(data[:size])
    assert checksum_of_file(tmp_path / "file") == hashlib.sha256(data[:size]).hexdigest()


def test_a_file_too_large_to_be_read_has_none(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 3)
    (tmp_path / "file").write_bytes(b"four")
    assert checksum_of_file(tmp_path / "file") == ""


def test_a_file_that_is_gone_is_refused_with_the_reason(tmp_path):
    files = Reading()
    assert not files.check("/gone.txt", tmp_path / "gone.txt")
    ((file, reason),) = files.bad.values()
    assert file.name == "gone.txt"
    assert "No such file or directory" in reason


def test_documents_of_a_bad_file_are_none_and_it_is_read_once(tmp_path):
    (tmp_path / "empty.txt").touch()
    files = Reading()
    files.to_read = {"/empty.txt": tmp_path / "empty.txt"}
    assert files.documents("/empty.txt") == ()
    reason = files.bad["/empty.txt"][1]
    (tmp_path / "empty.txt").write_text("no more")
    assert files.documents("/empty.txt") == ()
    assert files.bad["/empty.txt"][1] == reason
    assert not files.reads_any()


def test_the_file_that_shows_that_any_can_be_read_is_not_read_again(tmp_path, monkeypatch):
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("Roofs carry panels.")
    read, read_file = [], reading.read_file
    monkeypatch.setattr(
        reading, "read_file", lambda file: read.append(file.name) or read_file(file)
    )
    files = Reading()
    files.to_read = {name: tmp_path / name for name in ("a.txt", "b.txt")}
    assert files.reads_any()
    assert files.reads_any()
    assert files.documents("a.txt")
    assert files.documents("b.txt")
    assert read == ["a.txt", "b.txt"]
    assert files.read_well == {"a.txt", "b.txt"}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ReadError("say this"), "say this"),
        (PermissionError(13, "Permission denied"), "can't be read (Permission denied); check"),
        (RecursionError("too deep"), "can't be read (RecursionError: too deep); save it as UTF-8"),
    ],
)
def test_the_reason_tells_what_was_raised(tmp_path, error, reason):
    files = Reading()
    files.refuse("/a.txt", tmp_path / "a.txt", error)
    assert reason in files.bad["/a.txt"][1]
