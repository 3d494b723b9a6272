import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from rag import cli
from rag.embedders import EMBEDDERS

COMMANDS = (*("index", "ask", "search", "chat", "eval", "compare", "info", "verify", "rollback"),)
QUESTION = "江苏2025年风电装机目标是多少?"
SET = {
    "id": "q1",
    "type": "fact",
    "lang": "zh",
    "question": QUESTION,
    "pages": [1],
    "must": [["2800万千瓦"]],
}


class Ran(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def rag(capsys, tmp_path, monkeypatch):
    """Runs a command in this process, in an empty working folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        capsys.readouterr()
        code = cli.main([str(argument) for argument in arguments])
        return Ran(code, *capsys.readouterr())

    return run


def run_apart(*arguments, **environment):
    """Runs a command in a process of its own."""
    command = [sys.executable, "-m", "rag", *map(str, arguments)]
    env = os.environ | {"COLUMNS": "100"} | environment
    return subprocess.run(command, capture_output=True, check=False, env=env, timeout=120)


def assert_fails(ran, *told, code=2):
    """Nothing on standard output, and one line on standard error that tells all of `told`."""
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("rag: ")
    assert ran.err.count("\n") == 1
    assert ran.err.endswith("\n")
    assert "Traceback" not in ran.err
    for part in told:
        assert part in ran.err, ran.err


def content(folder):
    return {path: path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


# What a command prints


def test_ask_prints_the_answer_and_its_sources(rag, built):
    ran = rag("ask", QUESTION, "--index", built)
    assert (ran.code, ran.err) == (0, "")
    answer, source = ran.out.strip().split("\n\n")[:2]
    assert "2800万千瓦" in answer
    assert source.startswith("[1] 江苏省碳达峰实施方案 | p. 1 | https://example.cn/jiangsu.html | ")
    assert source.splitlines()[0].endswith("一、主要目标")
    assert "“到2025年" in source


def test_ask_json_has_the_answer_with_its_citations(rag, built):
    row = json.loads(rag("ask", QUESTION, "--json", "--index", built).out)
    assert set(row) == {
        *("question", "resolved", "text", "refused", "citations", "language", "generator"),
        *("timings_s", "left_out"),
    }
    assert (row["question"], row["refused"], row["language"]) == (QUESTION, False, "zh")
    citation = row["citations"][0]
    assert set(citation) == {
        *("marker", "quote", "document", "section", "pages", "start", "end", "score"),
    }
    assert citation["pages"] == [1]
    assert citation["quote"] in row["text"]
    assert set(citation["document"]) == {
        *("id", "title", "region", "level", "status", "url", "source", "language", "kind"),
    }
    assert Path(citation["document"]["source"]).name == "plans.txt"


def talk(rag, monkeypatch, typed, *arguments):
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    return rag("ask", *arguments)


def test_ask_without_a_question_answers_a_line_each_and_what_follows_up(rag, built, monkeypatch):
    ran = talk(rag, monkeypatch, f"{QUESTION}\n\n那上海呢?\n", "--index", built)
    assert (ran.code, ran.err) == (0, "")
    first, second = ran.out.split("→ ")
    assert "2800万千瓦" in first
    assert second.startswith("上海2025年风电装机目标是多少?\n")
    assert "260万千瓦" in second


def test_a_talk_in_json_is_an_object_a_line(rag, built, monkeypatch):
    ran = talk(rag, monkeypatch, f"{QUESTION}\n那上海呢?\n", "--json", "--index", built)
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert [row["resolved"] for row in rows] == ["", "上海2025年风电装机目标是多少?"]


def test_a_line_that_is_no_question_doesnt_end_the_talk(rag, built, monkeypatch):
    ran = talk(rag, monkeypatch, f"???\n{QUESTION}\n", "--index", built)
    assert ran.code == 0
    assert ran.err.startswith("rag: the question is empty")
    assert "2800万千瓦" in ran.out


def test_a_talk_at_a_terminal_prompts_and_ends_with_the_input(rag, built, monkeypatch):
    prompts = []

    def typed(prompt):
        prompts.append(prompt)
        if len(prompts) > 1:
            raise EOFError
        return QUESTION

    monkeypatch.setattr("builtins.input", typed)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    ran = rag("ask", "--index", built)
    assert (ran.code, prompts) == (0, ["? ", "? "])
    assert "Ctrl-D" in ran.err
    assert "2800万千瓦" in ran.out


def test_a_talk_is_read_as_utf8_whatever_the_bytes(built):
    command = [sys.executable, "-m", "rag", "ask", "--json", "--index", str(built)]
    typed = f"{QUESTION}\n".encode() + b"\xff\xfe wind?\n"
    ran = subprocess.run(command, input=typed, capture_output=True, check=True, timeout=120)
    assert len(ran.stdout.splitlines()) == 2


def test_search_lists_hits_best_first(rag, built):
    ran = rag("search", "非化石能源消费比重", "-k", 2, "--index", built)
    heads = [line for line in ran.out.splitlines() if not line.startswith("    ")]
    assert [head.split()[0] for head in heads] == ["1.", "2."]
    assert float(heads[0].split()[1]) >= float(heads[1].split()[1])


def test_search_json_is_a_list_of_hits(rag, built):
    rows = json.loads(rag("search", "非化石能源", "-k", 3, "--json", "--index", built).out)
    assert len(rows) == 3
    for row in rows:
        assert set(row) == {"score", "text", "document", "section", "pages", "start", "end"}
        assert row["end"] - row["start"] == len(row["text"])


def test_filters_reach_search_and_ask(rag, built):
    only = ("--region", "Hunan", "--level", "province", "--status", "final", "--document", "p002")
    rows = json.loads(rag("search", "能源", "--json", "--index", built, *only).out)
    assert {row["document"]["id"] for row in rows} == {"p002"}
    answer = json.loads(rag("ask", "非化石能源比重?", "--json", "--index", built, *only).out)
    assert {c["document"]["id"] for c in answer["citations"]} == {"p002"}
    for flag, value in zip(only[::2], ("江苏", "city", "draft", "p001"), strict=True):
        other = rag("search", "能源", "--index", built, *only, flag, value)
        assert other == Ran(0, "nothing fits the filters\n", "")


def test_a_refusal_is_an_answer_and_no_failure(rag, built):
    ran = rag("ask", "甘肃2025年非化石能源消费比重?", "--index", built)
    assert (ran.code, ran.err) == (0, "")
    assert "甘肃省" in ran.out


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


def test_eval_scores_a_question_set_and_keeps_the_rows(rag, built, tmp_path):
    (tmp_path / "set.jsonl").write_text(json.dumps(SET, ensure_ascii=False), encoding="utf-8")
    ran = rag("eval", "set.jsonl", "--json", "--out", "reports/mine", "--index", built)
    assert (ran.code, ran.err) == (0, "")
    summary = json.loads(ran.out)
    assert summary["all"]["n"] == 1
    assert summary["zh"]["facts"] == summary["zh"]["recall@1"] == 1
    assert json.loads((tmp_path / "reports/mine/summary.json").read_text()) == summary
    rows = (tmp_path / "reports/mine/rows.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(row)["id"] for row in rows] == ["q1"]
    assert "# set.jsonl over " in (tmp_path / "reports/mine/summary.md").read_text("utf-8")
    assert "<!doctype html>" in (tmp_path / "reports/mine/report.html").read_text("utf-8")
    table = rag("eval", "set.jsonl", "--index", built)
    assert "recall@1" in table.out
    assert not table.err  # no bar where nobody watches


LIMITS = ("--fail-under", "recall@5=0.9", "--fail-over", "zh:violations=0")


def write_sets(folder):
    """The question, and one that the page number makes a miss."""
    lines = [json.dumps(SET | change, ensure_ascii=False) for change in ({}, {"id": "q2"})]
    (folder / "right.jsonl").write_text("\n".join(lines), encoding="utf-8")
    missed = json.dumps(SET | {"id": "q2", "pages": [99]}, ensure_ascii=False)
    (folder / "missed.jsonl").write_text(f"{lines[0]}\n{missed}", encoding="utf-8")


def test_eval_fails_by_name_value_and_need_where_a_limit_is_missed(rag, built, tmp_path):
    write_sets(tmp_path)
    assert rag("eval", "right.jsonl", *LIMITS, "--index", built).code == 0
    ran = rag("eval", "missed.jsonl", *LIMITS, "--json", "--index", built)
    assert (ran.code, ran.err) == (3, "rag: recall@5 is 0.500, at least 0.9 is needed\n")
    assert json.loads(ran.out)["all"]["recall@5"] == 0.5


def test_a_limit_that_is_none_fails_before_anything_is_asked(rag, built, tmp_path):
    write_sets(tmp_path)
    ran = rag("eval", "right.jsonl", "--fail-under", "recall@5", "--out", "r", "--index", built)
    assert_fails(ran, "'recall@5' is no limit")
    assert not (tmp_path / "r").exists()


def test_eval_does_not_go_on_with_a_changed_set_unless_told_to(rag, built, tmp_path):
    write_sets(tmp_path)
    assert rag("eval", "right.jsonl", "--out", "r", "--index", built).code == 0
    (tmp_path / "missed.jsonl").rename(tmp_path / "right.jsonl")
    again = ("eval", "right.jsonl", "--out", "r", "--index", built)
    assert_fails(rag(*again), "r holds a run with another question set", "--fresh")
    assert rag(*again, "--fresh").code == 0


def test_compare_names_what_was_won_and_lost(rag, built, tmp_path):
    write_sets(tmp_path)
    for name in ("right", "missed"):
        rag("eval", f"{name}.jsonl", "--out", name, "--index", built)
    told = rag("compare", "right", "missed")
    assert (told.code, told.err) == (0, "")
    assert "recall@5              2    1.000    0.500   -0.500" in told.out
    assert "    1  right -> cited elsewhere" in told.out
    row = json.loads(rag("compare", "right", "right", "--json").out)
    assert (row["questions"], row["won"], row["lost"]) == (2, [], [])
    assert_fails(rag("compare", "right", "nosuch"), "there is no run at nosuch")


def test_chat_serves_the_index_at_the_place_asked_for(rag, built, monkeypatch):
    from rag.web import page

    def serve(assistant, *, index, address, mcp, per_minute, log_questions, on_start):
        assert (index, mcp, per_minute, log_questions) == (built, False, 20, False)
        on_start(f"http://{address.host}:{address.port}/ with {len(assistant.documents)}")

    monkeypatch.setattr(page, "serve", serve)
    ran = rag("chat", "--host", "localhost", "--port", 8080, "--rate", 20, "--index", built)
    assert ran == Ran(0, "Tanwen answers at http://localhost:8080/ with 4 (Ctrl-C stops it)\n", "")


# Help


@pytest.mark.parametrize("command", ["index corpus", "verify", "rollback"])
def test_what_is_done_to_a_folder_is_not_done_to_the_address_of_a_milvus(rag, command):
    ran = rag(*command.split(), "--index", "http://milvus:19530")
    assert_fails(ran, "http://milvus:19530", f"`rag {command.split()[0]} --index indexes/default`")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_shows_examples(capsys, command):
    with pytest.raises(SystemExit, match=r"^0$"):
        cli.main([command, "--help"])
    shown = capsys.readouterr().out
    assert f"examples:\n  rag {command}" in shown
    for option in ("--index DIR", "--json", "--device"):
        assert option in shown


def test_the_help_lists_every_command(capsys):
    with pytest.raises(SystemExit, match=r"^0$"):
        cli.main(["--help"])
    shown = capsys.readouterr().out
    assert all(f"    {command} " in shown for command in COMMANDS)


# Failures: one line, exit code 2, the remedy, nothing lost


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], ["COMMAND", "`rag --help`"]),
        (["nosuch"], ["invalid choice: 'nosuch'", "`rag --help`"]),
        (["search"], ["query", "`rag search --help`"]),
        (["ask", "?", "--nosuch"], ["--nosuch", "`rag --help`"]),
        (["index"], ["PATH", "`rag index --help`"]),
        (["search", "风电", "-k", "0"], ["'0' is not a whole number above 0", "search --help`"]),
        (["search", "风电", "-k", "ten"], ["'ten' is not a whole number above 0"]),
        (["search", "风电", "-k", "2.5"], ["'2.5' is not a whole number above 0"]),
        (["search", "风电", "--level", "county"], ["'county'", "province"]),
        (["ask", "风电", "--status", "old"], ["'old'", "draft"]),
        (["index", "x", "--chunk-chars", "-5"], ["--chunk-chars"]),
        (["chat", "--port", "http"], ["'http' is not a whole number above 0"]),
        (["chat", "--port", "65536"], ["65536 is above 65535"]),
    ],
)
def test_a_command_typed_wrong_fails_in_one_line(rag, arguments, told):
    assert_fails(rag(*arguments), *told)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["ask", ""], ["question is empty", '`rag ask "']),
        (["ask", " \n\t"], ["question is empty"]),
        (["search", "?!"], ["question is empty"]),
        (["ask", "长" * 100_000], ["100,000 characters", "4,000", "ask it shorter"]),
        (["search", "风电", "-k", "201"], ["top_k is 201", "1 to 200"]),
        (["eval", "nosuch.jsonl"], ["nosuch.jsonl can't be read", "evals/questions/README.md"]),
        (["eval", "."], ["can't be read", "evals/questions/README.md"]),
    ],
)
def test_what_cannot_be_asked_fails_in_one_line(rag, built, arguments, told):
    before = content(built)
    assert_fails(rag(*arguments, "--index", built), *told)
    assert content(built) == before


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


@pytest.mark.parametrize("command", [["ask", "风电"], ["search", "风电"], ["info"], ["chat"]])
@pytest.mark.parametrize("place", ["nosuch", "file.txt", "."])
def test_no_index_yet_names_the_command_that_builds_one(rag, tmp_path, command, place):
    (tmp_path / "file.txt").write_text("no index")
    build = f"`rag index corpus/ --index {place}`"
    assert_fails(rag(*command, "--index", place), "there is no index at", build)


@pytest.mark.parametrize("place", ["file.txt", "file.txt/below", "full", "/proc/index"])
def test_a_place_that_can_hold_no_index_fails_in_one_line(rag, corpus, tmp_path, place):
    (tmp_path / "file.txt").write_text("years of work")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("years of work")
    before = content(tmp_path)
    assert_fails(rag("index", corpus, "--index", place), "rag index corpus/ --index FOLDER")
    assert content(tmp_path) == before


def test_a_damaged_index_names_the_command_that_mends_it(rag, index_folder):
    (index_folder / "generations/000001/vectors.faiss").write_bytes(b"")
    told = ["vectors.faiss is altered", f"`rag index corpus/ --index {index_folder}`"]
    for command in (["ask", QUESTION], ["search", QUESTION], ["info"]):
        assert_fails(rag(*command, "--index", index_folder), *told)


@pytest.mark.parametrize("line", ["{", '{"id": "q1"}', ""])
def test_a_question_set_that_cannot_be_used_fails_in_one_line(rag, built, tmp_path, line):
    (tmp_path / "set.jsonl").write_text(line)
    assert_fails(rag("eval", "set.jsonl", "--index", built), "set.jsonl")


def test_a_report_that_cannot_be_written_fails_in_one_line(rag, built, tmp_path):
    (tmp_path / "set.jsonl").write_text(json.dumps(SET))
    (tmp_path / "file.txt").write_text("years of work")
    ran = rag("eval", "set.jsonl", "--out", "file.txt", "--index", built)
    assert_fails(ran, "file.txt can't be made a folder (File exists)", "--out evals/reports/mine")
    assert (tmp_path / "file.txt").read_text() == "years of work"


def test_what_the_system_refuses_is_told_with_the_file(rag, monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied", "/closed/secret.txt")

    monkeypatch.setattr(cli, "update_index", refuse)
    assert_fails(rag("index", "x"), "/closed/secret.txt: Permission denied; check the path")


def test_a_fault_of_the_program_is_one_line_and_its_trace_is_there_for_the_asking(rag, monkeypatch):
    def fail(*arguments, **options):
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setattr(cli, "update_index", fail)
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


# In a process of its own


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


def test_an_embedder_that_is_not_here_fails_in_one_line(corpus, index_folder):
    before = content(index_folder)
    named = ("--embedder", "nosuch/model", "--index", index_folder)
    ran = run_apart("index", corpus, *named, HF_HUB_OFFLINE="1")
    failed = Ran(ran.returncode, ran.stdout.decode(), ran.stderr.decode())
    assert_fails(failed, "'nosuch/model'", "--embedder embedded")
    assert content(index_folder) == before


# An index over time


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


@pytest.mark.parametrize("arguments", [[], ["--sync"], ["--sync", "--remove", "p001"]])
def test_index_needs_something_to_do(rag, arguments):
    assert_fails(rag("index", *arguments), "PATH", "--remove", "`rag index --help`")
