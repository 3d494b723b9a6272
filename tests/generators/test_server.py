import pytest

from rag.errors import BadRequest, ModelFailed
from rag.generators import load_language_model
from rag.generators import server as module
from rag.generators.server import KEY, OPENAI_KEY, ServerChat, load_server
from rag.settings import Settings

from .serving import Breaks, Fails, Raw, Says, Sleeps, serving

MESSAGES = [{"role": "system", "content": "规则"}, {"role": "user", "content": "问题"}]


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    monkeypatch.setattr(module, "_FIRST_WAIT_S", 0.001)
    for name in (KEY, OPENAI_KEY):
        monkeypatch.delenv(name, raising=False)


def chat(server, **settings):
    return ServerChat(server.url, Settings(**{"model": "m", "timeout_s": 5.0} | settings))


def read(stream):
    pieces = []
    while True:
        try:
            pieces.append(next(stream))
        except StopIteration as end:
            return "".join(pieces), end.value


@pytest.mark.parametrize("turn", [Says("江苏18%[1]。"), Says("江苏18%[1]。", whole=True)])
def test_a_reply_is_read_streamed_or_whole(turn):
    with serving(turn) as server:
        assert read(chat(server, answer_tokens=33).stream(MESSAGES)) == ("江苏18%[1]。", False)
        path, headers, body = server.requests[0]
    assert path == "/v1/chat/completions"
    assert "Authorization" not in {name.title() for name in headers}
    assert body["messages"] == MESSAGES
    assert (body["model"], body["stream"], body["temperature"]) == ("m", True, 0)
    assert body["max_tokens"] == 33


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_marks_that_only_look_like_line_ends_cut_no_event(end):
    said = '{"choices": [{"delta": {"content": "甲\u2028乙\x85丙"}, "finish_reason": "stop"}]}'
    with serving(Raw(f"data: {said}{end}{end}data: [DONE]{end}{end}")) as server:
        assert read(chat(server).stream(MESSAGES)) == ("甲\u2028乙\x85丙", False)


@pytest.mark.parametrize("whole", [True, False])
def test_a_reply_that_its_length_cut_off_says_so(whole):
    with serving(Says("江苏1", "length", whole)) as server:
        assert read(chat(server).stream(MESSAGES)) == ("江苏1", True)


def test_the_text_comes_in_pieces_before_the_end():
    with serving(Says("甲乙丙" * 20, pause_s=0.02)) as server:
        stream = chat(server).stream(MESSAGES)
        assert next(stream) == "甲乙丙"
        stream.close()  # long before the reply is whole; the server notices
        for _ in range(200):
            if server.left:
                break
            module.time.sleep(0.02)
    assert server.left == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_passing_fault_is_tried_again(status):
    with serving(Fails(status), Fails(status), Says("甲")) as server:
        assert read(chat(server).stream(MESSAGES)) == ("甲", False)
        assert len(server.requests) == 3


def test_a_wait_that_the_server_asks_for_is_kept(monkeypatch):
    waits = []
    monkeypatch.setattr(module.time, "sleep", waits.append)
    turns = (
        Fails(429, headers=(("Retry-After", "7"),)),
        Fails(503, headers=(("Retry-After", "999"),)),
    )
    with serving(*turns, Says("甲")) as server:
        read(chat(server).stream(MESSAGES))
    assert [wait for wait in waits if wait] == [7.0, 20.0]


def test_it_is_tried_three_times_and_no_more():
    with serving(Fails(500, "overloaded")) as server:
        with pytest.raises(ModelFailed, match=r"status 500 overloaded.*--generator embedded"):
            read(chat(server).stream(MESSAGES))
        assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "hint"), [(401, KEY), (404, "/v1"), (400, "status 400 no luck")]
)
def test_a_lasting_fault_is_told_at_once_with_what_to_do(status, hint):
    with serving(Fails(status)) as server:
        with pytest.raises(ModelFailed, match=hint):
            read(chat(server).stream(MESSAGES))
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("turn", "told"),
    [
        (Breaks("江苏18%"), "broke off"),
        (Raw("data: {not json}\n\n"), "not of the OpenAI protocol"),
        (Raw('data: {"choices": 3}\n\n'), "not of the OpenAI protocol"),
        (Raw('data: {"choices": [{"delta": {"content": 3}}]}\n\n'), "not of the OpenAI protocol"),
        (Raw('data: {"error": {"message": "out of memory"}}\n\n'), "out of memory"),
        (Raw("{", "application/json"), "not of the OpenAI protocol"),
        (Raw("<html>", "text/html"), "not of the OpenAI protocol"),
        (Raw("[]", "application/json"), "not of the OpenAI protocol"),
    ],
)
def test_a_reply_that_breaks_off_or_is_none_fails(turn, told):
    with serving(turn) as server, pytest.raises(ModelFailed, match=told) as caught:
        read(chat(server).stream(MESSAGES))
    assert "\n" not in str(caught.value)


def test_silence_fails_after_the_time_allowed():
    with (
        serving(Sleeps(3.0)) as server,
        pytest.raises(ModelFailed, match=r"silent for 0\.2 s"),
    ):
        read(chat(server, timeout_s=0.2).stream(MESSAGES))


def test_nobody_there_is_told_with_the_address():
    with serving(Says("x")) as server:
        url = server.url
    with pytest.raises(ModelFailed, match=r"can't be reached") as caught:
        read(ServerChat(url, Settings(model="m")).stream(MESSAGES))
    assert url in str(caught.value)


def test_many_replies_come_in_order_side_by_side():
    with serving(Says("甲"), Says("甲")) as server:
        found = list(chat(server).reply_all([MESSAGES] * 20))
        assert found == [("甲", False)] * 20
        assert list(chat(server).reply_all([])) == []
        assert len(server.requests) == 20


def test_the_only_model_of_a_server_needs_no_name():
    with serving(Says("甲"), models=("qwen",)) as server:
        found = chat(server, model="")
        read(found.stream(MESSAGES))
        read(found.stream(MESSAGES))
        assert [path for path, *_ in server.requests] == [
            "/v1/models",
            *["/v1/chat/completions"] * 2,
        ]
        assert server.requests[-1][2]["model"] == "qwen"


@pytest.mark.parametrize("models", [(), ("a", "b")])
def test_of_several_models_one_must_be_named(models):
    with (
        serving(Says("甲"), models=models) as server,
        pytest.raises(BadRequest, match="--model NAME"),
    ):
        read(chat(server, model="").stream(MESSAGES))


def test_the_key_is_sent_and_never_shown(monkeypatch, caplog):
    monkeypatch.setenv(KEY, "sk-secret-1")
    caplog.set_level("DEBUG")
    with serving(Fails(500, "bad key sk-secret-1"), Fails(401, "bad key sk-secret-1")) as server:
        generator = load_language_model(Settings(generator=server.url, model="m"))
        with pytest.raises(ModelFailed) as caught:
            read(generator._chat.stream(MESSAGES))
        assert server.requests[0][1]["Authorization"] == "Bearer sk-secret-1"
    shown = f"{caught.value!r} {generator.name} {generator._chat!r} {caplog.text}"
    assert "sk-secret" not in shown
    assert "***" in str(caught.value)


def test_the_key_of_openai_goes_to_openai_alone(monkeypatch):
    monkeypatch.setenv(OPENAI_KEY, "sk-openai")
    keys = {
        url: load_server(Settings(generator=url))._chat._client.headers.get("authorization")
        for url in (
            "https://api.openai.com/v1",
            "http://api.openai.com/v1",
            "https://api.openai.com.evil.example/v1",
            "https://user@evil.example/api.openai.com",
        )
    }
    assert list(keys.values()) == ["Bearer sk-openai", None, None, None]


def test_a_password_in_the_url_is_not_shown():
    found = load_server(Settings(generator="http://me:hunter2@127.0.0.1:9/v1?k=v", model="m"))
    assert found.name == "http://127.0.0.1:9/v1"
    with pytest.raises(ModelFailed) as caught:
        read(found._chat.stream(MESSAGES))
    assert "hunter2" not in str(caught.value)


def test_a_url_without_a_host_is_a_bad_request():
    with pytest.raises(BadRequest, match="base URL"):
        load_server(Settings(generator="http:///v1"))


@pytest.mark.parametrize("url", ["http://me:hunter2@[x", "http://me:hunter2@host:port/v1"])
def test_what_is_no_url_is_refused_and_not_shown(url):
    with pytest.raises(BadRequest, match=r"can't be read \(Inv.*localhost:8000") as refused:
        load_server(Settings(generator=url))
    assert "hunter2" not in str(refused.value)


def test_tokens_are_counted_on_the_safe_side():
    with serving(Says("x")) as server:
        found = chat(server, context_tokens=1000, answer_tokens=300)
        assert found.budget == 700
        assert found.count_tokens([{"role": "user", "content": "汉字" * 50}]) >= 100
        assert found.count_tokens([{"role": "user", "content": "word " * 100}]) >= 150
