"""Files on their way in, through Gradio's own route; what is refused leaves nothing behind."""

import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest

from rag import Assistant
from rag.web.shelf import MAX_FILES, SUFFIXES

from .serving import SLOW, serving

pytestmark = SLOW


@pytest.fixture(scope="module")
def page(built, tmp_path_factory):
    """The address of a page that takes files, and the folder that Gradio puts them in."""
    cache = tmp_path_factory.mktemp("cache")
    folder = tmp_path_factory.mktemp("index") / "small"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(cache))
        with serving(Assistant.load(built), folder) as url:
            yield f"{url}gradio_api/upload", cache


def left(cache):
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def send(url, *names):
    return httpx.post(url, files=[("files", (name, b"# hi")) for name in names], timeout=30)


@pytest.mark.parametrize("names", [["a.md"], [f"{n}.md" for n in range(MAX_FILES)], ["a.PDF"]])
def test_as_many_as_the_page_takes_come_in(page, names):
    assert len(send(page[0], *names).raise_for_status().json()) == len(names)


@pytest.mark.parametrize(
    "names",
    [
        [f"{n}.md" for n in range(MAX_FILES + 1)],
        [f"{n}.md" for n in range(300)],
        ["x.exe"],
        ["good.md", "x.exe"],
        ["x.md.exe"],
        ["md"],
    ],
    ids=lambda names: f"{len(names)} {names[-1]}",
)
def test_too_many_and_other_kinds_leave_nothing_behind(page, names):
    url, cache = page
    before = left(cache)
    reply = send(url, *names)
    assert reply.status_code == 400
    assert (SUFFIXES[0] if names[-1] != f"{len(names) - 1}.md" else f"{MAX_FILES}") in reply.text
    assert left(cache) == before


def test_a_form_holds_nothing_but_files(page):
    reply = httpx.post(page[0], data={"note": "x" * 100}, files={"files": ("a.md", b"# hi")})
    assert reply.status_code == 400


@pytest.mark.parametrize(
    "kind", ["", "application/json", "multipart/form-data", "multipart/form-data; boundary="]
)
def test_what_is_no_form_is_refused(page, kind):
    reply = httpx.post(page[0], content=b"{}", headers={"content-type": kind})
    assert reply.status_code == 400


def begin(url):
    """A connection over which the first part of a form was sent."""
    at = urlsplit(url)
    head = (
        f"POST {at.path} HTTP/1.1\r\nHost: {at.netloc}\r\nContent-Length: 9000000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="files"; filename="half.md"\r\n\r\n'
    )
    sender = socket.create_connection((at.hostname, at.port), timeout=30)
    sender.sendall(head.encode() + b"#" * 100_000)
    return sender


def test_a_sender_who_leaves_leaves_nothing_behind(page):
    url, cache = page
    before = left(cache)
    with begin(url):
        assert eventually(lambda: left(cache) != before), "it is being written"
    assert eventually(lambda: left(cache) == before)


def test_without_the_password_not_even_the_beginning_is_read(built, index_folder):
    guarded = serving(Assistant.load(built), index_folder, auth="anna:secret")
    with guarded as url, begin(f"{url}gradio_api/upload") as sender:
        assert b" 401 " in sender.recv(100)


def eventually(holds):
    return any(holds() or time.sleep(0.1) for _ in range(100))


def test_files_come_at_a_pace(built, index_folder):
    with serving(Assistant.load(built), index_folder, per_minute=2) as url:
        tried = [send(f"{url}gradio_api/upload", "a.md").status_code for _ in range(3)]
    assert tried == [200, 200, 429]


def test_a_page_that_takes_no_documents_takes_no_files(built):
    with serving(Assistant.load(built)) as url:
        assert send(f"{url}gradio_api/upload", "a.md").status_code == 404


def test_a_file_from_elsewhere_is_refused_before_anybody_looks_for_it(page):
    config = httpx.get(page[0].replace("gradio_api/upload", "config")).json()
    (number,) = (
        d["id"] for d in config["dependencies"] if [t[1] for t in d["targets"]] == ["upload"]
    )
    file = {"path": "http://example.org/x.txt", "meta": {"_type": "gradio.FileData"}}
    joined = {"data": [None, [file]], "fn_index": number, "session_hash": "forged"}
    url = page[0].replace("upload", "queue/join")
    assert httpx.post(url, json=joined, timeout=30).status_code == 400
