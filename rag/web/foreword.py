"""A script that runs before Gradio's own, which adds the scripts it is given only once it draws.

By then it has chosen the language of its words, and what the visitor chose would come too late.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEAD = b"<head>"


class Foreword:
    """Puts a script first in the head of every HTML page."""

    def __init__(self, app: "ASGIApp", script: str) -> None:
        self._app = app
        self._script = f"<script>{script}</script>".encode()

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        held: list[Message] = []  # the start of an HTML page, until its length is known

        async def prefaced(message: "Message") -> None:
            if message["type"] == "http.response.start" and _is_html(message):
                held.append(message)
                return
            if held:
                start = held.pop()
                body = message.get("body", b"").replace(_HEAD, _HEAD + self._script, 1)
                grown = len(body) - len(message.get("body", b""))
                await send({**start, "headers": _lengthen(start["headers"], grown)})
                message = {**message, "body": body}
            await send(message)

        await self._app(scope, receive, prefaced)


_Headers = list[tuple[bytes, bytes]]


def _is_html(message: "Message") -> bool:
    kind: bytes = dict(message["headers"]).get(b"content-type", b"")
    return kind.startswith(b"text/html")


def _lengthen(headers: _Headers, count: int) -> _Headers:
    return [
        (name, b"%d" % (int(value) + count) if name == b"content-length" else value)
        for name, value in headers
    ]
