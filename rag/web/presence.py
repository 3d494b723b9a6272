"""Which clients of the API still wait: one that closes its connection needs no answer any more.

Gradio delivers nothing to a client that has gone, but tells the function that works for it
nothing, and lets it go on to its end. Every client waits at one of two routes, so that is where
it is seen to leave.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SESSION = "/gradio_api/queue/data"
# Whoever names no session has the number of its one question for it.
_EVENT = re.compile(r"/gradio_api/call/(?:v2/)?\w+/(\w+)/?")


class Seen:
    """left: whether the client has gone."""

    def __init__(self) -> None:
        self.left = False


class Presence:
    """The sessions that questions are being answered for; for one event loop."""

    def __init__(self) -> None:
        self._seen: dict[str, list[Seen]] = {}

    @contextmanager
    def watch(self, session: str) -> Iterator[Seen]:
        """What becomes of a session's client during the block."""
        seen = Seen()
        self._seen.setdefault(session, []).append(seen)
        try:
            yield seen
        finally:
            self._seen[session].remove(seen)
            if not self._seen[session]:
                del self._seen[session]

    def leave(self, session: str) -> None:
        for seen in self._seen.get(session, ()):
            seen.left = True


class Watch:
    """Tells `presence` of a client that goes before it was given all it waited for."""

    def __init__(self, app: "ASGIApp", presence: Presence) -> None:
        self._app, self._presence = app, presence

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        session = _session_of(scope) if scope["type"] == "http" else ""
        if not session:
            await self._app(scope, receive, send)
            return
        whole = False

        async def received() -> "Message":
            message = await receive()
            if message["type"] == "http.disconnect" and not whole:
                self._presence.leave(session)
            return message

        async def sent(message: "Message") -> None:
            nonlocal whole
            await send(message)
            is_body = message["type"] == "http.response.body"
            whole = whole or (is_body and not message.get("more_body", False))

        try:
            await self._app(scope, received, sent)
        finally:
            if not whole:
                self._presence.leave(session)


def _session_of(scope: "Scope") -> str:
    """The session whose answers a request waits for; "" for every other request."""
    path = str(scope["path"])
    if path.rstrip("/") == _SESSION:
        return parse_qs(str(scope["query_string"], "latin-1")).get("session_hash", [""])[0]
    event = _EVENT.fullmatch(path)
    return event[1] if event else ""
