"""What may be sent to the page; no Gradio here, only what stands before it."""

import json

import pytest

from rag.web.bodies import MAX_BODY_BYTES, Bodies

from .loops import run

ELSEWHERE = "http://example.org/x.txt"
META = {"_type": "gradio.FileData"}


def send(*chunks, path="/gradio_api/queue/join", method="POST", **headers):
    """The status of the answer, what the page got of the body, how many chunks were asked for."""
    waiting = [{"type": "http.request", "body": c, "more_body": True} for c in chunks]
    if waiting:
        waiting[-1]["more_body"] = False
    asked, got, sent = 0, [], []

    async def receive():
        nonlocal asked
        asked += 1
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def page(scope, receive, send):
        while True:
            message = await receive()
            got.append(message.get("body", b""))
            if not message.get("more_body"):
                break
        got.append((await receive())["type"])
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def keep(message):
        sent.append(message)

    given = [(n.replace("_", "-").encode(), v.encode()) for n, v in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "headers": given}
    run(Bodies(page)(scope, receive, keep))
    return sent[0]["status"], got, asked


def test_a_body_is_handed_on_as_it_came():
    assert send(b'{"da', b'ta": []}') == (200, [b'{"data": []}', "http.disconnect"], 3)
    assert send(b"username=anna&password=x", path="/login")[:1] == (200,)
    assert send(b"") == (200, [b"", "http.disconnect"], 2)


def test_a_body_that_says_it_is_too_long_is_not_read():
    assert send(b"{}", content_length=str(MAX_BODY_BYTES + 1)) == (413, [], 0)


@pytest.mark.parametrize("path", ["/gradio_api/queue/join", "/login", "/gradio_api/mcp/"])
def test_a_body_is_read_no_further_than_it_may_be_long(path):
    half = b"x" * (MAX_BODY_BYTES // 2)
    assert send(half, half, path=path)[0] == 200
    assert send(half, half, b"x", b"never read", path=path) == (413, [], 3)


def test_what_a_client_left_half_is_no_request():
    assert send() == (413, [], 1)


def test_files_go_another_way_and_who_only_looks_sends_nothing():
    much = b"x" * (MAX_BODY_BYTES + 1)
    assert send(much, path="/gradio_api/upload")[0] == 200
    assert send(much, method="GET")[0] == 200


@pytest.mark.parametrize("path", [ELSEWHERE, "https://example.org/", " HTTP://example.org/x"])
def test_a_file_that_lies_elsewhere_is_not_fetched(path):
    file = {"path": path, "meta": META, "orig_name": "x.txt", "size": 1}
    for data in ([None, [file]], [file], {"a": {"b": [[file]]}}):
        body = json.dumps({"data": data, "fn_index": 21, "session_hash": "s"})
        for coding in ("utf-8", "utf-16"):  # as Gradio would read it
            assert send(body.encode(coding)) == (400, [], 1)


def test_what_else_names_an_address_is_let_through():
    uploaded = {"path": "/tmp/gradio/0a/x.txt", "url": "http://127.0.0.1:7860/gradio_api/file=x"}
    for value in (ELSEWHERE, uploaded, {"path": 7}, {"comment": ELSEWHERE}):
        assert send(json.dumps({"data": [value]}).encode())[0] == 200


def test_what_is_nested_beyond_reading_is_refused():
    assert send(b"[" * MAX_BODY_BYTES)[0] == 400
