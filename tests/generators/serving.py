"""A server on this machine that speaks the OpenAI protocol and answers as a test has scripted."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple

PIECE = 3  # characters of one event of a stream


class Says(NamedTuple):
    """A reply, streamed; whole: as one JSON object, as servers without streaming do."""

    text: str
    finish: str = "stop"
    whole: bool = False
    pause_s: float = 0.0


class Fails(NamedTuple):
    status: int
    body: str = "no luck"
    headers: tuple[tuple[str, str], ...] = ()


class Breaks(NamedTuple):
    """Says the text, then closes the connection without an end."""

    text: str


class Raw(NamedTuple):
    body: str
    type: str = "text/event-stream"


class Sleeps(NamedTuple):
    seconds: float


Turn = Says | Fails | Breaks | Raw | Sleeps


class Scripted(ThreadingHTTPServer):
    """turns: one a request, the last again and again. requests: (path, headers, body)."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, turns: tuple[Turn, ...], models: tuple[str, ...]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.turns = list(turns)
        self.models = models
        self.requests: list[tuple[str, dict[str, str], dict]] = []
        self.left = 0  # readers that went before the end

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    @property
    def prompts(self) -> list[str]:
        sent = [body for path, _, body in self.requests if path.endswith("/chat/completions")]
        return ["\n".join(message["content"] for message in body["messages"]) for body in sent]


@contextmanager
def serving(*turns: Turn, models: tuple[str, ...] = ("tiny",)) -> Iterator[Scripted]:
    server = Scripted(turns, models)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Scripted

    def do_GET(self) -> None:
        self.server.requests.append((self.path, dict(self.headers), {}))
        self._send(200, json.dumps({"data": [{"id": name} for name in self.server.models]}))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append((self.path, dict(self.headers), body))
        turns = self.server.turns
        turn = turns.pop(0) if len(turns) > 1 else turns[0]
        try:
            self._take(turn)
        except (BrokenPipeError, ConnectionResetError):
            self.server.left += 1

    def _take(self, turn: Turn) -> None:
        match turn:
            case Fails(status, body, headers):
                self._send(status, body, headers=headers)
            case Sleeps(seconds):
                time.sleep(seconds)
            case Raw(body, kind):
                self._send(200, body, kind=kind)
            case Breaks(text):
                self._stream(text)
            case Says(text, finish, True):
                choice = {"message": {"content": text}, "finish_reason": finish}
                self._send(200, json.dumps({"choices": [choice]}))
            case Says(text, finish, _, pause_s):
                self._stream(text, pause_s)
                self._event({"choices": [{"delta": {}, "finish_reason": finish}]})
                self._event({"choices": [], "usage": {"completion_tokens": 3}})
                self.wfile.write(b": a comment\n\ndata: [DONE]\n\n")

    def _stream(self, text: str, pause_s: float = 0.0) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.end_headers()
        self._event({"choices": [{"delta": {"role": "assistant", "content": None}}]})
        for at in range(0, len(text), PIECE):
            self._event({"choices": [{"delta": {"content": text[at : at + PIECE]}}]})
            time.sleep(pause_s)

    def _event(self, event: dict) -> None:
        self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
        self.wfile.flush()

    def _send(self, status: int, body: str, *, headers=(), kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Quiet: a test reads `requests`."""
