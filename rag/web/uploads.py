"""Files on their way in: as many, as large and of the kinds that the page takes.

Gradio writes a thousand files of any kind to its cache before a function of the page sees them, and
keeps what else is in the form in memory. So the form is read here while it passes.
"""

import re
from typing import TYPE_CHECKING

from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException

from rag.web.gate import client_of, refuse
from rag.web.pace import Pace
from rag.web.shelf import MAX_FILES, MAX_UPLOAD_MB, MEGABYTE, SUFFIXES

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

UPLOAD = re.compile(r"/gradio_api/upload/?")
_HEADERS_MB = 1  # of all files of a form together
_MAX_BYTES = (MAX_FILES * MAX_UPLOAD_MB + _HEADERS_MB) * MEGABYTE
_TOO_LARGE = "more than the maximum allowed size"  # by these words Gradio answers 413, else 400


class Uploads:
    """Lets files in at a bearable pace; none where the page takes none (open)."""

    def __init__(self, app: "ASGIApp", *, open: bool, pace: Pace) -> None:
        self._app, self._open, self._pace = app, open, pace

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] != "http" or not UPLOAD.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        form = Form(Headers(scope=scope))
        if not self._open:
            await refuse(404, send)
        elif self._pace.take(client_of(scope)):
            await refuse(429, send)
        elif not form.boundary:
            await refuse(400, send)
        else:
            await self._app(scope, form.watch(receive), send)


class Form:
    """A form with files, judged as it comes.

    What doesn't fit raises what Gradio's own reader of forms raises, so that it removes what it has
    written and answers with the reason. boundary: b"" where the request holds no form.
    """

    def __init__(self, headers: Headers) -> None:
        kind, options = parse_options_header(headers.get("content-type", ""))
        self.boundary = options.get(b"boundary", b"") if kind == b"multipart/form-data" else b""
        self._bytes = self._files = 0
        self._name = self._value = self._disposition = b""

    def watch(self, receive: "Receive") -> "Receive":
        parser = MultipartParser(
            self.boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._read_name,
                "on_header_value": self._read_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._judge,
            },
        )

        whole = False

        async def receive_watched() -> "Message":
            nonlocal whole
            message = await receive()
            if message["type"] == "http.disconnect" and not whole:
                raise MultiPartException("the sender left before the end.")
            whole = whole or not message.get("more_body", False)
            self._bytes += len(message.get("body", b""))
            if self._bytes > _MAX_BYTES:
                raise MultiPartException(_TOO_LARGE)
            parser.write(message.get("body", b""))
            return message

        return receive_watched

    def _begin(self) -> None:
        self._disposition = b""

    def _read_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _read_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = self._value
        self._name = self._value = b""

    def _judge(self) -> None:
        """Of a part whose headers are there."""
        _, options = parse_options_header(self._disposition)
        name = options.get(b"filename", b"").decode("utf-8", "replace").lower()
        self._files += 1
        if not name.endswith(SUFFIXES):
            raise MultiPartException(f"send files of these kinds: {', '.join(SUFFIXES)}.")
        if self._files > MAX_FILES:
            raise MultiPartException(f"send {MAX_FILES} files at once at most.")
