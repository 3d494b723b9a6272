"""What programs and strangers reach: the API, tools, the password, and no file of this machine."""

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from rag import Assistant, Settings
from rag.types import Answer
from rag.web.chat import MAX_AT_ONCE, most_at_once
from rag.web.shelf import Shelf

from .serving import SLOW, serving

pytestmark = SLOW
AUTH = "anna:open sesame"
GUIDE = Path(__file__).parents[2] / "docs" / "page.md"


@pytest.fixture(scope="module")
def client(site):
    from gradio_client import Client

    return Client(site[0], verbose=False)


@pytest.fixture(scope="module")
def guarded(built):
    with serving(Assistant.load(built), auth=AUTH, mcp=True) as url:
        yield url


def call_tool(url, **headers):
    asked = {"name": "search", "arguments": {"question": "风电装机", "top_k": 1}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": asked}
    accept = {"accept": "application/json, text/event-stream"} | headers
    return httpx.post(f"{url}gradio_api/mcp/", json=message, headers=accept, timeout=30)


def test_ask_search_and_targets_are_an_api(client):
    answer = client.predict(question="江苏2025年风电装机?", api_name="/ask")
    assert "2800万千瓦" in answer["text"]
    assert answer["citations"][0]["pages"] == [1]
    assert "source" not in answer["citations"][0]["document"]
    hits = client.predict(question="屋顶光伏", top_k=2, api_name="/search")
    assert len(hits) == 2
    rows = client.predict(indicator="非化石能源消费比重", year="2025", api_name="/targets")
    assert [row["value"] for row in rows] == ["22", "20", "18"]


def test_the_documented_example_runs(site, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert "http://127.0.0.1:7860" in code
    found = {}
    exec(code.replace("http://127.0.0.1:7860", site[0]), found)
    assert "2800万千瓦" in capsys.readouterr().out
    assert found["hits"][0]["document"]["region"] == "江苏省"
    assert [row["value"] for row in found["rows"]] == ["24.1"]


def test_more_wait_side_by_side_for_a_server_than_for_this_machine(built):
    plain = Shelf(Assistant.load(built))
    settings = Settings(generator="http://127.0.0.1:9/v1", model="m")
    assert most_at_once(plain) == MAX_AT_ONCE == 2
    assert most_at_once(Shelf(Assistant.load(built, settings=settings))) == 16


def test_an_unusable_question_is_told_to_the_client(client):
    from gradio_client.exceptions import AppError

    with pytest.raises(AppError, match="the question is empty"):
        client.predict(question="?", api_name="/ask")
    with pytest.raises(AppError, match="1,000 at most"):
        client.predict(question="长" * 1001, api_name="/ask")


def test_a_client_that_asks_too_fast_is_told_when_to_ask_again(built):
    from gradio_client import Client
    from gradio_client.exceptions import AppError

    with serving(Assistant.load(built), per_minute=2) as url:
        one = Client(url, verbose=False)
        other = Client(url, verbose=False, headers={"x-forwarded-for": "203.0.113.7"})
        for _ in range(2):
            assert one.predict(indicator="森林覆盖率", api_name="/targets")
        with pytest.raises(AppError, match=r"more than 2 questions in a minute .* in (30|29) s"):
            one.predict(question="风电装机?", api_name="/ask")
        assert other.predict(question="风电装机?", api_name="/search")


def test_tools_are_asked_at_a_pace_too(built):
    with serving(Assistant.load(built), mcp=True, per_minute=1) as url:
        replies = [
            call_tool(url, **{"x-forwarded-for": client}).text
            for client in ("203.0.113.1", "203.0.113.2", "203.0.113.1")
        ]
    assert ["海上风电" in reply for reply in replies] == [True, True, False]
    assert "more than 1 questions in a minute" in replies[2]


class Talkative:
    """Says a word every tenth of a second, for a minute unless it is stopped."""

    documents = ()

    def __init__(self):
        self.said, self.stopped = 0, threading.Event()

    def stream(self, question, **options):
        try:
            for _ in range(600):
                time.sleep(0.1)
                self.said += 1
                yield "word "
            yield Answer(question, "word " * 600, False, (), "en", "fake", {})
        finally:
            self.stopped.set()


@pytest.mark.parametrize("route", ["call/ask", "queue/join"])
def test_a_client_that_closes_its_connection_stops_the_answer(built, route):
    """By the plain route of curl, and by that of Gradio's own clients."""
    assistant = Talkative()
    assistant.index = Assistant.load(built).index  # for the page's other tabs
    asked = {"data": ["hello", "", "", "", "", "", 8]}
    with serving(assistant) as url:
        if route == "call/ask":
            event = httpx.post(f"{url}gradio_api/{route}", json=asked).json()["event_id"]
            waiting = f"{url}gradio_api/call/ask/{event}"
        else:
            asked |= {"fn_index": 0, "session_hash": "mine"}
            httpx.post(f"{url}gradio_api/{route}", json=asked).raise_for_status()
            waiting = f"{url}gradio_api/queue/data?session_hash=mine"
        with pytest.raises(httpx.ReadTimeout), httpx.stream("GET", waiting, timeout=2) as reply:
            reply.read()
        assert assistant.stopped.wait(15)
    assert 0 < assistant.said < 300


def test_nothing_else_is_offered(client):
    offered = client.view_api(return_format="dict", print_info=False)
    assert sorted(offered["named_endpoints"]) == ["/ask", "/search", "/targets"]
    assert not offered["unnamed_endpoints"]


def test_tools_answer_over_mcp(site):
    reply = call_tool(site[0])
    assert reply.status_code == 200
    assert "海上风电" in reply.text


def test_tools_ask_for_the_password(guarded):
    assert call_tool(guarded).status_code == 401
    basic = httpx.BasicAuth(*AUTH.split(":"))._auth_header
    reply = call_tool(guarded, authorization=basic)
    assert "海上风电" in reply.text


def test_the_page_asks_for_the_password(browser, guarded, foreign):
    from playwright.sync_api import expect

    tab = browser.new_context(locale="zh-CN").new_page()
    tab.on("request", lambda r: r.url.startswith((guarded, "data:")) or foreign.append(r.url))
    tab.goto(guarded)
    tab.wait_for_selector("input[type=password]")
    name, password = tab.locator("input").all()
    for said in ("wrong", AUTH.split(":")[1]):
        name.fill("anna")
        password.fill(said)
        assert tab.locator("#question").count() == 0
        tab.locator("button").last.click()
        tab.wait_for_timeout(1000)
    expect(tab.locator("#question textarea")).to_be_visible(timeout=20_000)
    assert foreign == []


def test_without_the_password_nothing_is_served(guarded):
    assert "风电" not in httpx.get(guarded).text
    for path in ("config", "gradio_api/info", "gradio_api/queue/data?session_hash=x"):
        assert httpx.get(guarded + path).status_code == 401
    joined = {"data": ["风电?"], "fn_index": 0, "session_hash": "x"}
    assert httpx.post(guarded + "gradio_api/queue/join", json=joined).status_code == 401


def test_wrong_passwords_keep_nobody_waiting_and_end_after_some(built):
    """As many at once as a thief would send."""
    with serving(Assistant.load(built), auth=AUTH) as url, ThreadPoolExecutor(20) as pool:
        httpx.get(f"{url}robots.txt").raise_for_status()

        def guess(number):
            said = {"username": "anna", "password": f"guess {number}"}
            return httpx.post(f"{url}login", data=said, timeout=30).status_code

        tried = [pool.submit(guess, number) for number in range(20)]
        began = time.monotonic()
        httpx.get(f"{url}robots.txt", timeout=30).raise_for_status()
        waited_s = time.monotonic() - began
        assert sorted(guessed.result() for guessed in tried) == [400] * 10 + [429] * 10
        assert waited_s < 2
        elsewhere = {"x-forwarded-for": "203.0.113.7"}
        right = {"username": "anna", "password": AUTH.split(":")[1]}
        assert httpx.post(f"{url}login", data=right).status_code == 429
        assert httpx.post(f"{url}login", data=right, headers=elsewhere).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "gradio_api/file=/etc/passwd",
        "gradio_api/file=../../../../etc/passwd",
        "gradio_api/file=..%2f..%2f..%2fetc%2fpasswd",
        "gradio_api/file=%2Fetc%2Fpasswd",
        "gradio_api/file%3D/etc/passwd",
        "gradio_api/file/etc/passwd",
        "file=/etc/passwd",
        "file/etc/passwd",
        "static/..%2f..%2f..%2f..%2f..%2f..%2fetc/passwd",
        "assets/..%2f..%2f..%2f..%2f..%2fetc/passwd",
        "svelte/%2e%2e/%2e%2e/etc/passwd",
        "gradio_api/custom_component/1/client/component/..%2f..%2fetc%2fpasswd",
        "gradio_api/proxy=http://127.0.0.1/",
        "gradio_api/file=http://127.0.0.1:1/",
        "gradio_api/stream/a/b/c/playlist-file",
    ],
)
def test_no_file_of_the_machine_is_served(site, path):
    with httpx.Client() as plain:
        request = plain.build_request("GET", site[0])
        request.url = request.url.copy_with(raw_path=f"/{path}".encode())
        reply = plain.send(request)
    assert reply.status_code in (400, 403, 404)
    assert "root:" not in reply.text


def test_files_of_the_index_and_of_uploads_are_not_served(site):
    url, folder = site
    secret = folder.with_name("small.uploads") / "s.md"
    secret.parent.mkdir(exist_ok=True)
    secret.write_text("secret", encoding="utf-8")
    (sent,) = httpx.post(f"{url}gradio_api/upload", files={"files": ("a.md", b"secret")}).json()
    for path in (secret, folder / "current", sent):
        assert httpx.get(f"{url}gradio_api/file={path}").status_code == 404
    secret.unlink()


def test_a_path_that_was_not_uploaded_is_not_read(site, tmp_path):
    """The upload's event is sent a path of the server, as a forged client would."""
    url, folder = site
    outside = tmp_path / "outside.md"
    outside.write_text("# 外面\n\n秘密。", encoding="utf-8")
    config = httpx.get(f"{url}config").json()
    number = next(
        d["id"]
        for d in config["dependencies"]
        if d["targets"][0:1] and d["targets"][0][1] == "upload"
    )
    file = {"path": str(outside), "meta": {"_type": "gradio.FileData"}, "orig_name": "outside.md"}
    joined = {"data": [None, [file]], "fn_index": number, "session_hash": "forged"}
    httpx.post(f"{url}gradio_api/queue/join", json=joined).raise_for_status()
    with httpx.stream("GET", f"{url}gradio_api/queue/data?session_hash=forged", timeout=30) as said:
        lines = [line for line in said.iter_lines() if "process_completed" in line]
    assert not json.loads(lines[0].removeprefix("data: "))["success"]
    assert not list(folder.parent.rglob("outside*.md"))


def test_an_upload_over_the_limit_is_cut_off(site):
    big = b"x" * (50 * 1024 * 1024 + 1)
    reply = httpx.post(f"{site[0]}gradio_api/upload", files={"files": ("a.md", big)}, timeout=60)
    assert reply.status_code == 413
