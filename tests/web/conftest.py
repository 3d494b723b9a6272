"""A browser, and the page over a real index; what both ask of other machines is watched."""

import shutil
import socket

import pytest

from rag import Assistant

from .serving import collect_what_gradio_left, serving

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WAIT_MS = 30_000


@pytest.fixture(scope="session")
def foreign():
    """Addresses beyond this machine that the server or the browser asked for; should stay empty."""
    asked = []
    connect = socket.socket.connect

    def watch(self, address):
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            asked.append(address)
        return connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", watch)
        yield asked
    collect_what_gradio_left()


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    playwright.expect.set_options(timeout=WAIT_MS)
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def open_tab(browser, foreign):
    def open_one(url, **options):
        given = {"locale": "zh-CN", "viewport": {"width": 1280, "height": 800}} | options
        tab = browser.new_context(**given).new_page()
        tab.set_default_timeout(WAIT_MS)
        local = (url, "data:", "blob:")
        tab.on("request", lambda r: r.url.startswith(local) or foreign.append(r.url))
        tab.goto(url)
        tab.wait_for_selector("#question textarea")
        return tab

    return open_one


@pytest.fixture(scope="session")
def site(built, tmp_path_factory, foreign):
    """The page over a copy of the small corpus's index; its address and that copy's folder."""
    folder = tmp_path_factory.mktemp("site") / "small"
    shutil.copytree(built, folder)
    with serving(Assistant.load(folder), folder, mcp=True) as url:
        yield url, folder
