"""Clients that go before they were answered are noticed; no Gradio here."""

import pytest

from rag.web.presence import Presence, Watch

from .loops import run

WHOLE = {"type": "http.response.body", "body": b"all"}
PART = {"type": "http.response.body", "body": b"some", "more_body": True}
DISCONNECT = {"type": "http.disconnect"}


def left(*sent, path="/gradio_api/call/ask/e1", query=b"", session="e1", closes=False):
    """Whether the client of a session is seen to go, from a request whose app sends this."""
    presence = Presence()

    async def app(scope, receive, send):
        for message in sent:
            await send(message)
        if closes:
            await receive()

    async def receive():
        return DISCONNECT

    async def send(message):
        pass

    scope = {"type": "http", "path": path, "query_string": query}
    with presence.watch(session) as seen:
        run(Watch(app, presence)(scope, receive, send))
    return seen.left


def test_a_client_that_was_given_everything_has_not_left():
    assert not left(PART, WHOLE)
    assert not left(PART, WHOLE, closes=True)


def test_a_client_whose_answer_breaks_off_has_left():
    assert left(PART)
    assert left(PART, closes=True)


def test_an_app_that_ends_well_though_the_client_closed_deceives_nobody():
    presence = Presence()

    async def app(scope, receive, send):
        await receive()
        await send(WHOLE)

    async def receive():
        return DISCONNECT

    async def send(message):
        pass

    scope = {"type": "http", "path": "/gradio_api/call/ask/e1/", "query_string": b""}
    with presence.watch("e1") as seen:
        run(Watch(app, presence)(scope, receive, send))
    assert seen.left


def test_a_session_is_known_by_its_number_too():
    queue = {"path": "/gradio_api/queue/data", "query": b"session_hash=abc"}
    assert left(PART, session="abc", **queue)
    assert not left(PART, session="other", **queue)


@pytest.mark.parametrize("path", ["/", "/gradio_api/call/ask", "/gradio_api/upload", "/x/e1"])
def test_other_requests_tell_nothing(path):
    assert not left(PART, path=path)


def test_every_question_of_a_session_is_told_and_none_is_kept():
    presence = Presence()
    with presence.watch("a") as one, presence.watch("a") as two, presence.watch("b") as other:
        presence.leave("a")
        assert (one.left, two.left, other.left) == (True, True, False)
    presence.leave("a")
    assert presence._seen == {}
