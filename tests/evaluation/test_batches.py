import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from rag import Settings
from rag.evaluation.batches import evaluate
from rag.evaluation.folders import load_run

ROOT = Path(__file__).parents[2]
TEXTS = ("江苏2025年风电装机目标是多少?", "湖南抽水蓄能装机规模是多少?", "How many beehives?")


@pytest.fixture
def questions(tmp_path):
    """Sixty questions, three texts by turns."""
    rows = [{"id": f"q{n}", "question": TEXTS[n % 3], "pages": [1 + n % 3]} for n in range(60)]
    path = tmp_path / "set.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def ask(questions, built, **options):
    return evaluate(questions, index=built, settings=Settings(), **options)


def untimed(run):
    return [replace(row, ask_s=0, search_s=0) for row in run.rows]


def test_a_run_without_a_folder_is_told_with_what_it_is_of(questions, built):
    progress = []
    run = ask(questions, built, progress=lambda *done: progress.append(done))
    assert [row.id for row in run.rows] == [f"q{n}" for n in range(60)]
    assert (run.setup.count, run.setup.workers, len(run.setup.titles)) == (60, 1, 2)
    assert run.rows[1].works == run.rows[0].works != run.rows[2].works
    assert progress == [(n, 60) for n in range(61)]


def test_two_processes_find_what_one_finds(questions, built, tmp_path):
    alone = ask(questions, built)
    assert untimed(ask(questions, built, out=tmp_path / "r", workers=2)) == untimed(alone)
    assert untimed(load_run(tmp_path / "r")) == untimed(alone)


def test_a_finished_run_asks_nothing_again(questions, built, tmp_path):
    first = ask(questions, built, out=tmp_path / "r")
    progress = []
    again = ask(questions, built, out=tmp_path / "r", progress=lambda *d: progress.append(d))
    assert again.rows == first.rows  # their times too
    assert progress == [(60, 60)]


def has_ended(group, *, until):
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    os.killpg(group, signal.SIGKILL)
    return False


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_killed_run_is_gone_on_with_and_asks_nothing_twice(questions, built, tmp_path, workers):
    """Killed outright, not asked to stop; what it had found must come back as it was."""
    rows = tmp_path / "r" / "rows.jsonl"
    command = [sys.executable, "-m", "rag", "eval", questions, "--out", rows.parent]
    command += ["--index", built, "--workers", str(workers), "--json"]
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    until = time.monotonic() + 240  # of a busy machine; an idle one needs five
    while time.monotonic() < until and process.poll() is None:
        if rows.exists() and rows.read_bytes().count(b"\n") >= 5:
            break
        time.sleep(0.002)
    process.kill()
    process.wait()
    assert has_ended(process.pid, until=until)  # its workers too
    kept = rows.read_bytes().split(b"\n")[:-1]
    assert len(kept) >= 5
    run = ask(questions, built, out=rows.parent, workers=workers)
    lines = rows.read_bytes().split(b"\n")[:-1]
    assert set(kept) <= set(lines)
    assert [json.loads(line)["id"] for line in lines] == [f"q{n}" for n in range(60)]
    assert untimed(run) == untimed(ask(questions, built))
