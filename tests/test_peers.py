"""The comparison with other libraries, on Tanwen's side; the others need environments."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PEERS = ROOT / "evals" / "benchmarks" / "peers"
QUESTIONS = (
    {"question": "江苏2025年风电装机目标是多少?", "pages": [1]},
    {"question": "湖南抽水蓄能装机规模是多少?", "pages": [3]},
    {"question": "Where is a page that isn't there?", "pages": [99]},
    {"question": "What do the documents not say?", "pages": []},
)


def run(*command):
    return subprocess.run(
        [sys.executable, *map(str, command)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=240,
    )


def prepare(folder, *sources):
    done = run(PEERS / "prepare.py", folder, *sources)
    assert done.returncode == 0, done.stderr
    return int(done.stdout), sorted(path.name for path in (folder / "pages").iterdir())


@pytest.mark.slow
def test_peers_read_the_pages_of_the_sources_named_and_of_no_earlier_run(corpus, tmp_path):
    plans, rooftops = corpus / "plans.txt", corpus / "rooftops.md"
    characters, pages = prepare(tmp_path / "input", plans)
    assert [name.removeprefix("document-")[:15] for name in pages] == [
        *("000-page-0001.t", "000-page-0002.t", "001-page-0003.t", "001-page-0004.t"),
        "002-page-0005.t",
    ]
    texts = [path.read_text("utf-8") for path in sorted((tmp_path / "input/pages").iterdir())]
    assert sum(map(len, texts)) == characters
    assert "50%" in texts[1]
    assert "50%" not in texts[0]
    assert prepare(tmp_path / "input", rooftops)[1] == []  # it has no pages


@pytest.mark.slow
def test_the_table_counts_what_the_input_can_answer(corpus, tmp_path):
    path = tmp_path / "set.jsonl"
    path.write_text("\n".join(map(json.dumps, QUESTIONS)), encoding="utf-8")
    module = "evals.benchmarks.peers.compare"
    done = run("-m", module, corpus, "--questions", path, "--cache", tmp_path / "c", "--peers")
    assert done.returncode == 0, done.stderr
    head, names, *lines = done.stdout.splitlines()
    assert head.endswith(" characters, 2 questions")
    assert names.split() == ["tanwen"]
    figures = {line[:18].strip(): float(line[18:].split()[0]) for line in lines}
    assert figures["page recall@5"] == 1
    assert all(figure > 0 for figure in figures.values())
    assert len(figures) == 10
