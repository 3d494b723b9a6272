"""The script that comes before Gradio's own; no Gradio here, only what puts it there."""

import pytest

from rag.web.foreword import Foreword


def send_through(kind, *chunks):
    """What the browser gets of a response in these chunks: its headers and its body."""
    sent = []
    length = sum(map(len, chunks))

    async def inner(scope, receive, send):
        headers = [(b"content-type", kind), (b"content-length", b"%d" % length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for left, chunk in enumerate(chunks, 1 - len(chunks)):
            await send({"type": "http.response.body", "body": chunk, "more_body": left < 0})

    async def send(message):
        sent.append(message)

    with pytest.raises(StopIteration):  # it waits for nothing, so one step is all of it
        Foreword(inner, "say('hé')")({"type": "http"}, None, send).send(None)
    return dict(sent[0]["headers"]), b"".join(message["body"] for message in sent[1:])


def test_the_script_is_first_in_the_head_and_the_length_is_right():
    headers, body = send_through(b"text/html; charset=utf-8", b"<html><head><script>b</script>")
    script = "<script>say('hé')</script>".encode()
    assert body == b"<html><head>" + script + b"<script>b</script>"
    assert headers[b"content-length"] == b"%d" % len(body)


def test_it_stands_there_once():
    _, body = send_through(b"text/html", b"<head>a", b"<head>b")
    assert body.count(b"say(") == 1
    assert body.endswith(b"a<head>b")


def test_what_is_no_page_stays_as_it_is():
    headers, body = send_through(b"application/json", b'"<head>"', b"2")
    assert body == b'"<head>"2'
    assert headers[b"content-length"] == b"9"
