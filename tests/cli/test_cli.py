"""How every command ends: exit codes, one line a failure, and what other processes see of it."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from rag.cli import keeping
from rag.embedders import EMBEDDERS

from .running import QUESTION, assert_fails, content, run_apart


def test_python_m_rag_answers_as_the_command_does(rag, built):
    ran = run_apart("ask", QUESTION, "--index", built)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout.decode() == rag("ask", QUESTION, "--index", built).out


def test_python_m_rag_fails_in_one_line(tmp_path):
    ran = run_apart("index", tmp_path / "nosuch")
    assert ran.returncode == 2
    assert ran.stdout == b""
    assert ran.stderr.decode() == (
        f"rag: {tmp_path}/nosuch does not exist; name a file or a folder that does.\n"
    )


def test_what_the_system_refuses_is_told_with_the_file(rag, monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied", "/closed/secret.txt")

    monkeypatch.setattr(keeping, "update_index", refuse)
    assert_fails(rag("index", "x"), "/closed/secret.txt: Permission denied; check the path")


def test_a_fault_of_the_program_is_one_line_and_its_trace_is_there_for_the_asking(rag, monkeypatch):
    def fail(*arguments, **options):
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setattr(keeping, "update_index", fail)
    monkeypatch.delenv("RAG_TRACE", raising=False)
    told = "unexpected ZeroDivisionError: division by zero; set RAG_TRACE=1"
    assert_fails(rag("index", "x"), told, code=1)
    monkeypatch.setenv("RAG_TRACE", "1")
    with pytest.raises(ZeroDivisionError):
        rag("index", "x")


class Interrupted:
    """An embedder during whose work the user presses Ctrl-C."""

    identity = "fake:interrupted"
    dim = 2

    def embed_passages(self, texts):
        raise KeyboardInterrupt

    def embed_queries(self, texts):
        return np.zeros((len(texts), 2), np.float32)


def test_ctrl_c_leaves_the_index_as_it_was(rag, corpus, index_folder, monkeypatch):
    monkeypatch.setitem(EMBEDDERS, "interrupted", lambda settings: Interrupted())
    before = content(index_folder)
    ran = rag("index", corpus, "--embedder", "interrupted", "--index", index_folder)
    assert_fails(ran, "stopped; the index is as it was", code=130)
    assert content(index_folder) == before
    assert [path.name for path in index_folder.parent.iterdir()] == [index_folder.name]


def test_ctrl_c_after_the_switch_says_so(rag, index_folder, tmp_path, monkeypatch):
    monkeypatch.setattr("rag.index._remove_other_rows", interrupt)
    (tmp_path / "more.txt").write_text("Boats carry lanterns.")
    ran = rag("index", tmp_path / "more.txt", "--index", index_folder)
    assert_fails(ran, "stopped; the index has another generation in use.", code=130)


def test_ctrl_c_where_no_index_is_written_speaks_of_none(rag, built, monkeypatch):
    monkeypatch.setattr("rag.assistant.Assistant.stream", interrupt)
    assert_fails(rag("ask", QUESTION, "--index", built), "rag: stopped.\n", code=130)


def interrupt(*given, **named):
    raise KeyboardInterrupt


@pytest.mark.parametrize("shown", [["info"], ["search", "能源", "--json"]])  # little, much
def test_a_reader_that_leaves_early_is_no_failure(built, shown):
    command = [sys.executable, "-m", "rag", *shown, "--index", built]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    buffered = os.environ | {"PYTHONUNBUFFERED": ""}
    with subprocess.Popen(command, **pipes, env=buffered) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_terminal_without_chinese_gets_escapes(built):
    ran = run_apart("ask", QUESTION, "--json", "--index", built, PYTHONIOENCODING="ascii")
    assert ran.returncode == 0
    assert json.loads(ran.stdout.decode("ascii"))["question"] == QUESTION
