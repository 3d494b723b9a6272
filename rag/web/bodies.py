"""What is sent to the page: no more than its functions take, and no file that lies elsewhere.

Gradio reads a request whole, however long, before it asks who sent it; and where a file is expected
it takes an address as well, and fetches what is there. Files come by another way: `Uploads`.
"""

import json
from typing import TYPE_CHECKING

from rag.web.gate import refuse
from rag.web.uploads import UPLOAD

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 1024 * 1024  # the longest question has 1,000 characters
_ADDRESSES = ("http://", "https://")


class Bodies:
    """Reads the body of a request and hands it on, or refuses the request for it."""

    def __init__(self, app: "ASGIApp") -> None:
        self._app = app

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        sends = scope["type"] == "http" and scope["method"] not in ("GET", "HEAD")
        if not sends or UPLOAD.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        body = await read_body(scope, receive)
        if body is None:
            await refuse(413, send)
        elif names_address(body):
            await refuse(400, send)
        else:
            await self._app(scope, _replay(body, receive), send)


async def read_body(scope: "Scope", receive: "Receive") -> bytes | None:
    """All of it; None as soon as it is too long, or if the client leaves before its end."""
    length = dict(scope["headers"]).get(b"content-length", b"0")
    if length.isdigit() and int(length) > MAX_BODY_BYTES:
        return None
    body, more = bytearray(), True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if message["type"] == "http.disconnect" or len(body) > MAX_BODY_BYTES:
            return None
    return bytes(body)


def names_address(body: bytes) -> bool:
    """Whether a file in it is to be fetched from another host, or it is nested beyond reading."""
    try:
        waiting = [json.loads(body)]
    except RecursionError:
        return True
    except ValueError:
        return False  # a form, or nothing that Gradio can read either
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            path = value.get("path")
            if isinstance(path, str) and path.strip().lower().startswith(_ADDRESSES):
                return True
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return False


def _replay(body: bytes, receive: "Receive") -> "Receive":
    """Give what was read, then whatever else comes."""
    unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> "Message":
        return unread.pop() if unread else await receive()

    return receive_again
