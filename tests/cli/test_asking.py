import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from .running import QUESTION, Ran, assert_fails, content


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


def test_a_refusal_is_an_answer_and_no_failure(rag, built):
    ran = rag("ask", "甘肃2025年非化石能源消费比重?", "--index", built)
    assert (ran.code, ran.err) == (0, "")
    assert "甘肃省" in ran.out


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


def test_targets_are_listed_with_the_document_and_the_page_as_table_csv_or_json(rag, built):
    asked = ("targets", "风电装机", "--region", "Jiangsu", "--year", "2025", "--index", built)
    (row,) = json.loads(rag(*asked, "--json").out)
    assert (row["title"], row["value"], row["page"]) == ("江苏省碳达峰实施方案", "2800", 1)
    head, line = rag(*asked, "--csv").out.splitlines()
    assert dict(zip(head.split(","), line.split(","), strict=True))["title"] == row["title"]
    assert row["title"] in rag(*asked).out


def test_targets_are_drawn_where_asked_for(rag, built, tmp_path):
    ran = rag("targets", "风电装机", "--plot", "wind.png", "--index", built)
    assert (ran.code, ran.err) == (0, "")
    assert (tmp_path / "wind.png").read_bytes().startswith(b"\x89PNG")


def test_a_password_that_was_asked_for_and_is_not_set_is_told(rag, built, monkeypatch):
    monkeypatch.delenv("TANWEN_AUTH", raising=False)
    assert_fails(rag("chat", "--auth", "--index", built), "TANWEN_AUTH is not set")


@pytest.mark.parametrize(
    ("flag", "asked_for"), [([], "anna:secret"), (["--auth"], "anna:secret"), (["--no-auth"], "")]
)
def test_a_password_that_is_set_is_asked_for_unless_none_is_wanted(
    rag, built, monkeypatch, flag, asked_for
):
    from rag.web import page

    served = []
    monkeypatch.setenv("TANWEN_AUTH", "anna:secret")
    monkeypatch.setattr(page, "serve", lambda *_, address, **__: served.append(address.auth))
    assert rag("chat", *flag, "--index", built).code == 0
    assert served == [asked_for]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["--port", "99999"], "the highest port"), (["--rate", "-5"], "'-5' is not a whole number")],
)
def test_app_py_is_the_same_command(tmp_path, arguments, told):
    command = [sys.executable, str(Path(__file__).parents[2] / "app.py"), *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert_fails(Ran(ran.returncode, ran.stdout, ran.stderr), told)


def test_chat_serves_the_index_at_the_place_asked_for(rag, built, monkeypatch):
    from rag.web import page

    def serve(assistant, *, index, address, mcp, per_minute, log_questions, on_start):
        assert (index, mcp, per_minute, log_questions) == (built, False, 20, False)
        on_start(f"http://{address.host}:{address.port}/ with {len(assistant.documents)}")

    monkeypatch.setattr(page, "serve", serve)
    ran = rag("chat", "--host", "localhost", "--port", 8080, "--rate", 20, "--index", built)
    assert ran == Ran(0, "Tanwen answers at http://localhost:8080/ with 4 (Ctrl-C stops it)\n", "")


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


@pytest.mark.parametrize("command", [["ask", "风电"], ["search", "风电"], ["info"], ["chat"]])
@pytest.mark.parametrize("place", ["nosuch", "file.txt", "."])
def test_no_index_yet_names_the_command_that_builds_one(rag, tmp_path, command, place):
    (tmp_path / "file.txt").write_text("no index")
    build = f"`rag index corpus/ --index {place}`"
    assert_fails(rag(*command, "--index", place), "there is no index at", build)


def test_a_damaged_index_names_the_command_that_mends_it(rag, index_folder):
    (index_folder / "generations/000001/vectors.faiss").write_bytes(b"")
    told = ["vectors.faiss is altered", f"`rag index corpus/ --index {index_folder}`"]
    for command in (["ask", QUESTION], ["search", QUESTION], ["info"]):
        assert_fails(rag(*command, "--index", index_folder), *told)
