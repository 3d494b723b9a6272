"""Who and what the page lets in: where it listens, with which password, and which routes exist.

Gradio serves more than this page needs: files of its cache, a proxy to other hosts, tools for
building pages. The gate answers only for the routes below, so what isn't listed can't be reached
whatever its path says. It refuses what another site's page asks in a visitor's name, and who tries
many passwords. It also sends the headers that keep the browser to this host alone.
"""

import base64
import binascii
import hmac
import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from rag.errors import BadRequest
from rag.web.pace import Pace

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Slashes and dots that aren't plain are refused with everything else.
_ROUTES = re.compile(
    r"/|/config/?|/theme\.css|/favicon\.ico|/robots\.txt|/manifest\.json|/login/?|/logout"
    r"|/(?:assets|svelte|static)/(?:[\w@-][\w@.-]*/)*[\w@-][\w@.-]*"
    r"|/gradio_api/(?:info|app_id|user|login_check|token|startup-events|theme\.css|upload"
    r"|upload_progress|reset|cancel|queue/(?:join|data|status)|heartbeat/\w+"
    r"|run/predict|call/(?:v2/)?\w+(?:/\w+)?)/?"
)
_MCP = re.compile(r"/gradio_api/mcp(?:/(?:sse|messages|schema)?)?/?")
MAX_PORT = 65535
_FORWARDED = b"x-forwarded-for"  # uvicorn believes it of this machine alone
_LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
_OWN_SITE = (b"same-origin", b"none")  # none: an address that was typed
_GUESSES = 10  # wrong passwords a minute from one address, at both doors together
_INCORRECT = 400  # what Gradio answers to a wrong password
# Gradio draws with inline styles and functions made from text; all of it comes from here.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; frame-src 'none'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)


@dataclass(frozen=True)
class Address:
    """Where the page listens. auth: "user:password", or "" for none.

    anyone: that other machines may come in without a password is meant.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    auth: str = ""
    anyone: bool = False

    @property
    def local(self) -> bool:
        return is_loopback(self.host)

    @property
    def credentials(self) -> tuple[str, str] | None:
        user, _, password = self.auth.partition(":")
        return (user, password) if self.auth else None

    def check(self) -> None:
        """Raise BadRequest if it would let strangers in, or its port or password can't be used."""
        if not 0 < self.port <= MAX_PORT:
            raise BadRequest(
                f"{self.port} is no port; choose one of 1 to {MAX_PORT}: `rag chat --port 7860`."
            )
        if self.credentials and not all(self.credentials):
            raise BadRequest(
                "the page's password has no user or no password in it; it must be user:password, "
                "e.g. `TANWEN_AUTH=anna:SECRET rag chat --auth`."
            )
        if not (self.local or self.credentials or self.anyone):
            raise BadRequest(
                f"{self.host} can be reached from other machines, and no password is set; set "
                f"one: `TANWEN_AUTH=user:password rag chat --host {self.host} --auth`, or let "
                f"everybody in: `rag chat --host {self.host} --no-auth`."
            )

    def admits(self, user: str, password: str) -> bool:
        """Whether these are the credentials; `Gate` counts the wrong ones."""
        expected = self.credentials or ("", "")
        given = (user, password)
        right = [
            hmac.compare_digest(a.encode(), b.encode())
            for a, b in zip(given, expected, strict=True)
        ]
        return bool(self.credentials) and all(right)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address that a server listens on."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


class Gate:
    """Lets through what the page needs, and sends it with the headers above.

    mcp: whether tools are served; they ask for the credentials in the request itself.
    """

    def __init__(self, app: "ASGIApp", address: Address, *, mcp: bool) -> None:
        self._app = app
        self._address = address
        self._mcp = mcp
        self._guesses = Pace(_GUESSES)

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value for name, value in scope["headers"]}
        status = self._judge(scope, headers)
        if status:
            await refuse(status, send)
            return

        async def sealed(message: "Message") -> None:
            if message["type"] == "http.response.start":
                if self._is_login(scope) and message["status"] != _INCORRECT:
                    self._guesses.give_back(client_of(scope))
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        await self._app(_name_client(scope), receive, sealed)

    def _judge(self, scope: "Scope", headers: dict[str, bytes]) -> int:
        """The status to refuse a request with; 0 to let it in."""
        path = scope["path"]
        host = headers.get("host", b"").decode("latin-1")
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        alone = self._address.local and not (self._address.credentials or self._address.anyone)
        if alone and name not in (*_LOCAL_NAMES, self._address.host):
            return 421  # another site's name that leads to this machine
        if _is_foreign(scope["method"], headers):
            return 403
        if self._mcp and _MCP.fullmatch(path):
            return self._challenge(client_of(scope), headers.get("authorization", b""))
        if unquote(path) != path or not _ROUTES.fullmatch(path):
            return 404
        # Counted before Gradio looks at it, or many at once would all be tried.
        return 429 if self._is_login(scope) and self._guesses.take(client_of(scope)) else 0

    def _is_login(self, scope: "Scope") -> bool:
        tried = scope["method"] == "POST" and scope["path"].rstrip("/") == "/login"
        return tried and bool(self._address.credentials)

    def _challenge(self, client: str, authorization: bytes) -> int:
        """As `_judge`, of a request that carries its credentials."""
        if not self._address.credentials:
            return 0
        if not authorization:
            return 401
        if self._guesses.take(client):
            return 429
        if not self._knows(authorization):
            return 401
        self._guesses.give_back(client)
        return 0

    def _knows(self, authorization: bytes) -> bool:
        scheme, _, coded = authorization.decode("latin-1").partition(" ")
        try:
            user, _, password = base64.b64decode(coded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        return scheme.lower() == "basic" and self._address.admits(user, password)


def client_of(scope: "Scope") -> str:
    """The address that a request comes from; "" if it isn't known."""
    return str(scope["client"][0]) if scope.get("client") else ""


def _is_foreign(method: str, headers: dict[str, bytes]) -> bool:
    """Whether another site's page makes a browser ask; to follow its link here is no fault.

    Programs send neither header. Browsers send the first to https and to this machine, elsewhere
    the second with all that may change something. source: W3C, Fetch Metadata Request Headers.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        followed = method == "GET" and headers.get("sec-fetch-mode") == b"navigate"
        return site not in _OWN_SITE and not followed
    if origin is None or method in ("GET", "HEAD"):
        return False
    return origin.partition(b"://")[2].lower() != headers.get("host", b"").lower()


def _name_client(scope: "Scope") -> "Scope":
    """With the client's address as a header, whatever it was: tools ask the page from this
    machine, and hand on the headers of who asked them."""
    client = scope.get("client")
    given = [(name, value) for name, value in scope["headers"] if name != _FORWARDED]
    named = [(_FORWARDED, client[0].encode())] if client else []
    return {**scope, "headers": [*given, *named]}


async def refuse(status: int, send: "Send") -> None:
    """Answer a request with a status alone."""
    challenge = [(b"www-authenticate", b'Basic realm="Tanwen"')] if status == 401 else []
    await send({"type": "http.response.start", "status": status, "headers": challenge})
    await send({"type": "http.response.body", "body": b""})
