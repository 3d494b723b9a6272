"""Forged requests to every function of the page: no file is read, written or fetched for them."""

import json
import tempfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from rag import Assistant

from .serving import SLOW, serving

pytestmark = SLOW
SECRET = "swordfish"


@pytest.fixture(scope="module")
def secret(tmp_path_factory):
    path = tmp_path_factory.mktemp("elsewhere") / "secret.md"
    path.write_text(f"# {SECRET}\n\nThe password is {SECRET}.", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def canary():
    """A server on this machine that the page must not be made to ask; its address, who asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(SECRET.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/secret.md", asked
    server.shutdown()
    server.server_close()


def call(url, function, data, session):
    """All that the page says to one event, as its own script would send it."""
    joined = {"data": data, "fn_index": function["id"], "session_hash": session}
    reply = httpx.post(f"{url}gradio_api/queue/join", json=joined, timeout=30)
    if reply.status_code != httpx.codes.OK:
        return reply.text
    said = []
    wanted = f"{url}gradio_api/queue/data?session_hash={session}"
    with httpx.stream("GET", wanted, timeout=30) as stream:
        for line in stream.iter_lines():
            said.append(line)
            if "process_completed" in line or "close_stream" in line:
                break
    return "\n".join(said)


def test_searches_among_the_documents_keep_a_pace_too(built):
    with serving(Assistant.load(built), per_minute=1) as url:
        functions = httpx.get(f"{url}config").json()["dependencies"]
        (look,) = (f for f in functions if [t[1] for t in f["targets"]] == ["select", "change"])
        said = [call(url, look, [None, "风电装机"], f"s{number}") for number in range(5)]
        shown = call(url, look, [None, ""], "list")
    assert ["海上风电" in one for one in said] == [True] * 4 + [False]
    assert "一分钟最多查 4 次" in said[4] or "4 searches a minute" in said[4]
    assert "<table" in shown, "the list itself is no search"


def forgeries(secret, canary_url):
    uploads = Path(tempfile.gettempdir()) / "gradio"
    meta = {"_type": "gradio.FileData"}
    climbing = f"{uploads}/{'../' * 12}{secret}"
    for path in (str(secret), climbing, f"file://{secret}", canary_url):
        yield {"path": path, "url": canary_url, "meta": meta, "orig_name": "secret.md"}
    yield {"path": "", "url": canary_url, "meta": meta, "is_stream": True}
    yield {"path": "secret.md", "url": f"/gradio_api/file={secret}", "meta": meta}


def test_no_function_reads_a_file_or_an_address_that_it_is_told(site, secret, canary):
    url, folder = site
    functions = [d for d in httpx.get(f"{url}config").json()["dependencies"] if d["backend_fn"]]
    assert len(functions) > 10
    tried = 0
    for number, forged in enumerate(forgeries(secret, canary[0])):
        for function in functions:
            wide = len(function["inputs"])
            value = forged if (number + tried) % 2 else [forged]  # some functions take a list
            said = call(url, function, [value] * wide, f"forged{tried}")
            assert SECRET not in said, function
            tried += 1
    assert tried > 60
    assert canary[1] == []
    assert secret.read_text(encoding="utf-8").startswith("#"), "it is still there"
    assert not list(folder.parent.rglob("*secret*"))


@pytest.mark.parametrize(
    "name",
    [
        "../../../../evil.md",
        "..\\..\\evil.md",
        "/tmp/evil.md",
        "%2e%2e%2fevil.md",
        "evil.md\x00.exe",
        "....//evil.md",
        "\u202edm.live",
        "evil.md/../../../x.md",
        "a" * 300 + "evil.md",
        "",
    ],
)
def test_an_upload_of_any_name_stays_where_uploads_lie(site, name):
    home = (Path(tempfile.gettempdir()) / "gradio").resolve()
    before = set(Path(tempfile.gettempdir()).glob("*evil*"))
    body = (
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="'
        + name.encode()
        + b'"\r\nContent-Type: text/markdown\r\n\r\n# hi\r\n--x--\r\n'
    )
    kind = {"content-type": "multipart/form-data; boundary=x"}
    reply = httpx.post(f"{site[0]}gradio_api/upload", content=body, headers=kind, timeout=30)
    assert reply.status_code in (200, 400, 413, 422, 500)
    if reply.status_code == httpx.codes.OK:
        for path in map(Path, json.loads(reply.text)):
            assert path.resolve().is_relative_to(home)
    assert set(Path(tempfile.gettempdir()).glob("*evil*")) == before


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"data": 7}', b'{"fn_index": 99999, "session_hash": "a", "data": []}']
)
def test_a_body_that_is_no_request_is_refused(site, body):
    kind = {"content-type": "application/json"}
    reply = httpx.post(f"{site[0]}gradio_api/queue/join", content=body, headers=kind, timeout=30)
    assert 400 <= reply.status_code < 600
    assert "Traceback" not in reply.text
    assert httpx.get(site[0]).status_code == httpx.codes.OK
