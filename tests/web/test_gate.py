"""Who is let in, and which routes exist; no Gradio here, only the gate."""

import base64

import pytest

from rag.errors import BadRequest
from rag.web.gate import Address, Gate, is_loopback


async def inner(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"y")]})
    await send({"type": "http.response.body", "body": b"in"})


async def wrong(scope, receive, send):
    """As Gradio answers to a wrong password."""
    await send({"type": "http.response.start", "status": 400, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def ask(path, *, address=Address(), mcp=False, **headers):
    return pass_through(Gate(inner, address, mcp=mcp), path, **headers)


def pass_through(gate, path, *, method="GET", client="192.0.2.1", **headers):
    """The status and headers of the answer; a header's name has _ for -."""
    sent = []

    async def send(message):
        sent.append(message)

    given = {"host": "127.0.0.1:7860"} | headers
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "client": (client, 50_000),
        "headers": [(n.replace("_", "-").encode(), v.encode()) for n, v in given.items()],
    }
    with pytest.raises(StopIteration):  # it waits for nothing, so one step is all of it
        gate(scope, None, send).send(None)
    return sent[0]["status"], dict(sent[0]["headers"])


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/config",
        "/theme.css",
        "/login",
        "/assets/index-DphvyggB.js",
        "/static/js/iframeResizer.contentWindow.min.js",
        "/gradio_api/queue/join",
        "/gradio_api/queue/data",
        "/gradio_api/upload",
        "/gradio_api/heartbeat/abc123",
        "/gradio_api/call/ask",
        "/gradio_api/call/ask/0a1b",
        "/gradio_api/info",
    ],
)
def test_what_the_page_needs_is_let_in(path):
    assert ask(path)[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=http://example.com/",
        "/gradio_api/file/etc/passwd",
        "/file=/etc/passwd",
        "/gradio_api/proxy=http://example.com/",
        "/gradio_api/custom_component/x/client/component/../../../etc/passwd",
        "/static/../../etc/passwd",
        "/static/..%2f..%2fetc/passwd",
        "/assets/.%2e/x",
        "/assets/...",
        "/assets//etc/passwd",
        "/gradio_api/vibe-code",
        "/gradio_api/component_server",
        "/gradio_api/run/other",
        "/gradio_api/openapi.json",
        "/gradio_api/dev/reload",
        "/gradio_api/stream/a/0/1/playlist.m3u8",
        "/monitoring",
        "/docs",
        "/redoc",
        "/openapi.json",
        "/gradio_api/mcp/",
        "/gradio_api/upload/../file=/etc/passwd",
    ],
)
def test_every_other_route_does_not_exist(path):
    assert ask(path)[0] == 404


def test_headers_keep_the_browser_to_this_host():
    _, headers = ask("/")
    policy = headers[b"content-security-policy"].decode()
    assert "default-src 'self'" in policy
    assert "http:" not in policy
    assert headers[b"x"] == b"y"
    assert headers[b"x-content-type-options"] == b"nosniff"


@pytest.mark.parametrize("host", ["evil.example:7860", "evil.example", "127.0.0.1.evil.example"])
def test_a_strange_name_for_this_machine_is_refused(host):
    assert ask("/", host=host)[0] == 421
    guarded = Address(auth="anna:secret")
    assert ask("/", address=guarded, host=host)[0] == 200  # a proxy may stand before it


@pytest.mark.parametrize("host", ["localhost:7860", "127.0.0.1", "[::1]:7860", "[::1]"])
def test_its_own_names_are_known(host):
    assert ask("/", host=host)[0] == 200


def test_tools_need_the_password_where_there_is_one():
    address = Address("0.0.0.0", auth="anna:s:e")
    coded = base64.b64encode(b"anna:s:e").decode()
    wrong = base64.b64encode(b"anna:other").decode()
    assert ask("/gradio_api/mcp/", mcp=True)[0] == 200
    assert ask("/gradio_api/mcp/", address=address, mcp=True)[0] == 401
    for said, status in ((coded, 200), (wrong, 401), ("!", 401)):
        got, _ = ask("/gradio_api/mcp/", address=address, mcp=True, authorization=f"Basic {said}")
        assert got == status


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("127.0.0.1", True),
        ("127.3.2.1", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.0.5", False),
        ("example.org", False),
        ("", False),
    ],
)
def test_loopback_is_told_from_the_rest(host, alone):
    assert is_loopback(host) is alone


def test_strangers_are_let_in_only_on_demand():
    with pytest.raises(BadRequest, match=r"TANWEN_AUTH=user:password .* --auth.*--no-auth"):
        Address("0.0.0.0").check()
    Address("0.0.0.0", anyone=True).check()
    Address("0.0.0.0", auth="anna:secret").check()
    Address().check()


@pytest.mark.parametrize("port", [-1, 0, 65_536, 99_999])
def test_a_port_that_there_is_not_is_named(port):
    with pytest.raises(BadRequest, match=rf"^{port} is no port; .* 1 to 65535"):
        Address(port=port).check()


@pytest.mark.parametrize("auth", ["anna", "anna:", ":secret", ":"])
def test_half_a_password_is_refused(auth):
    with pytest.raises(BadRequest, match="user:password"):
        Address(auth=auth).check()


def test_credentials_are_compared_whole():
    address = Address(auth="anna:sécret:x")
    assert address.admits("anna", "sécret:x")
    assert not address.admits("anna", "secret")
    assert not address.admits("anna", "sécret")
    assert not Address().admits("", "")


GUARDED = Address("0.0.0.0", auth="anna:s:e")


def log_in(gate, client="192.0.2.1"):
    return pass_through(gate, "/login", method="POST", client=client)[0]


def call_tools(gate, password, client="192.0.2.1"):
    coded = base64.b64encode(f"anna:{password}".encode()).decode()
    headers = {"client": client, "authorization": f"Basic {coded}"}
    return pass_through(gate, "/gradio_api/mcp/", method="POST", **headers)[0]


def test_one_address_may_try_ten_passwords_a_minute_at_both_doors_together():
    gate = Gate(wrong, GUARDED, mcp=True)
    tried = [log_in(gate) for _ in range(5)] + [call_tools(gate, "no") for _ in range(6)]
    assert tried == [400] * 5 + [401] * 5 + [429]
    assert log_in(gate) == 429
    assert log_in(gate, "192.0.2.2") == 400, "others aren't kept waiting"
    assert pass_through(gate, "/robots.txt")[0] == 400, "nor anything but a password"


def test_right_passwords_and_no_passwords_are_not_counted():
    gate = Gate(inner, GUARDED, mcp=True)
    for _ in range(30):
        assert log_in(gate) == 200
        assert call_tools(gate, "s:e") == 200
        assert pass_through(gate, "/gradio_api/mcp/")[0] == 401
    assert call_tools(gate, "no") == 401


def test_without_a_password_logins_are_not_counted():
    gate = Gate(wrong, Address(), mcp=False)
    assert {log_in(gate) for _ in range(30)} == {400}


@pytest.mark.parametrize(
    ("method", "status", "headers"),
    [
        ("POST", 200, {}),  # a program
        ("POST", 200, {"sec_fetch_site": "same-origin", "origin": "http://127.0.0.1:7860"}),
        ("POST", 200, {"sec_fetch_site": "same-origin", "origin": "https://behind.a.proxy"}),
        ("POST", 200, {"origin": "http://127.0.0.1:7860"}),
        ("POST", 403, {"sec_fetch_site": "cross-site", "origin": "http://evil.example"}),
        ("POST", 403, {"sec_fetch_site": "same-site", "origin": "http://127.0.0.1:3000"}),
        ("POST", 403, {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}),
        ("POST", 403, {"origin": "http://evil.example"}),
        ("POST", 403, {"origin": "http://127.0.0.1:3000"}),
        ("POST", 403, {"origin": "null"}),
        ("GET", 200, {"sec_fetch_site": "none"}),
        ("GET", 200, {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}),
        ("GET", 403, {"sec_fetch_site": "cross-site", "sec_fetch_mode": "cors"}),
    ],
)
def test_another_site_asks_nothing_in_a_visitors_name(method, status, headers):
    gate = Gate(inner, Address(), mcp=True)
    for path in ("/gradio_api/upload", "/gradio_api/queue/join", "/gradio_api/mcp/"):
        assert pass_through(gate, path, method=method, **headers)[0] == status
