"""Disk full, no right to write, two writers: a clear error, and the old index as it was."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from rag.embedders import load_embedder
from rag.errors import WriteError
from rag.generations import be_writer
from rag.index import load_index
from rag.indexing import Change, index_paths, update_index
from rag.locking import lock_for_writing
from rag.settings import Settings

NOBODY = 65534


def content(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("limit_bytes", [100, 3_000, 8_000])
def test_a_file_that_the_disk_refuses_leaves_the_old_index(index_folder, tmp_path, limit_bytes):
    """The kernel refuses to write more than so many bytes of a file."""
    (tmp_path / "more.txt").write_text("灯塔在2030年关闭。" * 200, encoding="utf-8")
    before = content(index_folder)
    ran = subprocess.run(
        [sys.executable, "-m", "rag", "index", tmp_path / "more.txt", "--index", index_folder],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes)),
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "can't be written" in ran.stderr
    assert "File too large" in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert content(index_folder) == before


@contextmanager
def without_rights():
    """Be a user who may write nowhere here, if we are one who may write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def closed(built, corpus):
    """An index that may be read and not written to, and a text beside it."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    (place / "more.txt").write_text("The lighthouse closes in 2030.")
    index = Path(shutil.copytree(built, place / "index"))
    folders = [index, *(path for path in index.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    yield index
    for folder in folders:
        folder.chmod(0o755)
    shutil.rmtree(place)


def test_a_folder_that_may_only_be_read_is_read_and_not_written(closed, tmp_path):
    embedder = load_embedder(Settings())
    text = closed.parent / "more.txt"
    index_paths([text], tmp_path / "own", settings=Settings())  # what is needed is loaded now
    before = content(closed)
    with without_rights():
        assert len(load_index(closed, Settings(), embedder=embedder).documents) == 4
        with pytest.raises(
            WriteError, match=r"(Permission denied|nothing can be written).*--index"
        ):
            update_index(Change([text]), closed, settings=Settings(), embedder=embedder)
    assert content(closed) == before


def test_a_second_writer_is_told_who_the_first_is(index_folder, tmp_path):
    with (
        be_writer(index_folder),
        pytest.raises(WriteError, match=rf"written by process {os.getpid()} on .* since 20"),
        be_writer(index_folder),
    ):
        pass
    with be_writer(index_folder):  # it was let go
        pass


def test_the_lock_of_a_killed_process_is_free(index_folder):
    program = (
        "import sys, time; from pathlib import Path; from rag.locking import lock_for_writing\n"
        "with lock_for_writing(Path(sys.argv[1])): print('locked', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program, str(index_folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "locked\n"
        with (
            pytest.raises(WriteError, match=rf"process {holder.pid} on"),
            lock_for_writing(index_folder),
        ):
            pass
        holder.send_signal(signal.SIGKILL)
    owner = json.loads((index_folder / "writer.json").read_text())
    assert owner["pid"] == holder.pid  # left behind, and no hindrance
    with be_writer(index_folder):
        pass
    assert not (index_folder / "writer.json").exists()
