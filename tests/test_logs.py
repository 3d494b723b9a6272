"""What is logged says what happened; what was asked, and every secret, is nowhere in it."""

import io
import json
import logging

import pytest
from generators.serving import Breaks, Fails, Raw, Says, Sleeps, serving

from rag import Assistant, Settings
from rag.errors import BadRequest, IndexDamaged, ModelFailed
from rag.generators import server as module
from rag.generators.server import KEY
from rag.logs import JsonLines, log_fault, start_logs
from rag.web.talk import Options, begin, grow

QUESTION = "江苏2025年风电装机目标是多少? My badge is swordfish."
SECRET = "sk-hush-123"


@pytest.fixture
def lines(monkeypatch):
    """What a handler that writes JSON got, everything turned up as far as it goes."""
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def fresh_rag_log():
    log, questions = logging.getLogger("rag"), logging.getLogger("rag.questions")
    before = log.handlers, log.level, questions.level
    log.handlers = []
    yield
    log.handlers, log.level = before[0], before[1]
    questions.setLevel(before[2])


def rows(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_answer_is_logged_as_one_line_of_json_without_the_question(built, lines):
    answer = Assistant.load(built).ask(QUESTION)
    (row,) = [row for row in rows(lines) if row["event"] == "answered"]
    assert (row["level"], row["logger"]) == ("info", "rag")
    assert row["citations"] == len(answer.citations) > 0
    assert row["ms"] > 0
    assert row["refused"] is False
    assert "swordfish" not in lines.getvalue()
    assert "风电" not in lines.getvalue()


def test_the_question_is_logged_where_it_is_asked_for(built, fresh_rag_log):
    stream = io.StringIO()
    start_logs(stream, questions=True)
    Assistant.load(built).ask(QUESTION)
    answered, asked = rows(stream)
    assert (answered["event"], asked["event"]) == ("answered", "asked")
    assert asked["question"] == QUESTION


def test_logs_are_started_once(fresh_rag_log):
    first, second = io.StringIO(), io.StringIO()
    start_logs(first)
    start_logs(second)
    logging.getLogger("rag.web").info("begun")
    assert [row["event"] for row in rows(first)] == ["begun"]
    assert second.getvalue() == ""


def test_an_error_is_logged_by_kind_and_place_and_its_words_only_if_they_are_ours(lines):
    for error in (ValueError(QUESTION), BadRequest(QUESTION), IndexDamaged("/i/x.npy is altered")):
        try:
            raise error
        except Exception as caught:
            log_fault(logging.getLogger("rag.here"), "no answer", caught)
    first, second, third = rows(lines)
    assert (first["error"], second["error"]) == ("ValueError", "BadRequest")
    assert first["at"][0].startswith("tests/test_logs.py:")
    assert third["reason"] == "/i/x.npy is altered"
    assert third["event"] == "no answer"
    assert "swordfish" not in lines.getvalue()


def test_a_traceback_that_other_code_logs_is_without_its_words(lines):
    try:
        raise ValueError(QUESTION)
    except ValueError:
        logging.getLogger("other").exception("broken")
    (row,) = rows(lines)
    assert (row["event"], row["error"]) == ("broken", "ValueError")
    assert "swordfish" not in lines.getvalue()


@pytest.mark.parametrize(
    "turn",
    [
        Says("NO_ANSWER"),
        Fails(500, f"your key {SECRET} and {QUESTION}"),
        Fails(401, f"bad key {SECRET}: {QUESTION}"),
        Breaks("江苏"),
        Raw(f'data: {{"error": "{QUESTION} {SECRET}"}}\n\n'),
        Sleeps(1.5),
    ],
    ids=lambda turn: type(turn).__name__ + str(getattr(turn, "status", "")),
)
@pytest.mark.parametrize("place", ["header", "password", "query"])
def test_neither_key_nor_question_is_logged_whatever_a_server_does(
    built, turn, place, lines, caplog, monkeypatch, capfd
):
    monkeypatch.setattr(module, "_FIRST_WAIT_S", 0.001)
    monkeypatch.setenv(KEY, SECRET if place == "header" else "")
    with serving(turn) as server:
        url = server.url
        if place == "password":
            url = url.replace("//", f"//anna:{SECRET}@")
        elif place == "query":
            url += f"?key={SECRET}"
        settings = Settings(generator=url, model="tiny", timeout_s=1.0)
        assistant = Assistant.load(built, settings=settings)
        asked = begin(QUESTION, Options())
        *_, turn_shown = grow(assistant, asked, Options())
        sent = server.requests[0]
        with pytest.raises(ModelFailed) if turn_shown.fault else monkeypatch.context():
            assistant.ask(QUESTION)
    assert SECRET in json.dumps(sent[1]) + sent[0] or place == "password"  # it was used
    assert rows(lines), "something is logged"
    written = lines.getvalue() + caplog.text + "".join(capfd.readouterr()) + turn_shown.detail
    assert SECRET not in written
    assert "swordfish" not in written
