"""The page: chat, compare and documents under one head, served by Gradio."""

import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.assistant import Assistant
from rag.errors import BadRequest, RagError
from rag.generators import DEFAULT
from rag.logs import start_logs
from rag.web import chat as chat_tab
from rag.web import compare as compare_tab
from rag.web import documents as documents_tab
from rag.web.api import build_api
from rag.web.bars import render_compare_head
from rag.web.bodies import Bodies
from rag.web.faults import gather_faults
from rag.web.foreword import Foreword
from rag.web.gate import Address, Gate
from rag.web.labels import Labels, Words, language_of, load_labels, merge
from rag.web.listing import render_documents_head, render_drop_hint
from rag.web.pace import PER_MINUTE, Pace
from rag.web.presence import Presence, Watch
from rag.web.shelf import MAX_UPLOAD_MB, Shelf
from rag.web.talk import Talk
from rag.web.turns import render_header, render_note, render_tools, render_welcome
from rag.web.uploads import Uploads

if TYPE_CHECKING:  # slow to load, so at run time only when a page is made
    import gradio as gr

MAX_WAITING = 100  # who asks after that is told that the page is busy; 10 s of quotes, at most
# Visitors whose conversation is kept, the latest ones; Gradio holds 0.16 MB for each, also for each
# request of a program without a client of its own.
MAX_SESSIONS = 500
SEARCHES_A_QUESTION = 4  # let in among the documents, where a word that is typed is several of them
# Page to Python: what buttons within drawn HTML ask for; page.js sends these events.
_ACTS = ("again", "vote", "export", "language", "remove", "unfit")
_BRIDGE = "".join(
    f"document.addEventListener('tanwen:{act}', (e) => trigger('{act}', e.detail));"
    for act in _ACTS
)
_HERE = Path(__file__).parent
_log = logging.getLogger(__name__)


def serve(  # noqa: PLR0913 - what who serves may choose, each by name
    assistant: Assistant,
    *,
    index: Path | None = None,
    address: Address = Address(),
    mcp: bool = False,
    per_minute: int = PER_MINUTE,
    log_questions: bool = False,
    on_start: Callable[[str], object] = _log.info,
) -> None:
    """Serve the page until Ctrl-C; `on_start` gets its address. Raises as `start_page` does.

    What happens is logged to standard error, without what is asked unless `log_questions`; what
    other code in the process says of its faults, too.
    """
    with suppress(RagError):  # or the first visitor waits for what loads when first used
        assistant.ask(chat_tab.EXAMPLES[0], generator=DEFAULT)
    start_logs(sys.stderr, questions=log_questions)
    page = start_page(assistant, index=index, address=address, mcp=mcp, per_minute=per_minute)
    gather_faults()
    on_start(str(page.local_url))
    page.block_thread()


def start_page(
    assistant: Assistant,
    *,
    index: Path | None = None,
    address: Address = Address(),
    mcp: bool = False,
    per_minute: int = PER_MINUTE,
) -> "gr.Blocks":
    """Serve the page from background threads; `.local_url` is its address, `.close()` ends it.

    index: the assistant's folder; without it no document can be added and no vote is kept.
    mcp: offer the API's functions as tools too. per_minute: questions that one client may ask; 0
    for any number. Raises BadRequest when the address would let strangers in, or can't be had.
    """
    import gradio as gr
    from starlette.middleware import Middleware

    address.check()
    presence = Presence()
    shelf = Shelf(assistant, index)
    page, words = build_page(shelf, Pace(per_minute), presence)
    try:
        page.launch(
            server_name=address.host,
            server_port=address.port,
            auth=address.admits if address.credentials else None,
            auth_message=None,
            prevent_thread_lock=True,
            quiet=True,
            share=False,
            show_error=False,
            ssr_mode=False,
            pwa=False,
            mcp_server=mcp,
            enable_monitoring=False,
            run_history=False,
            footer_links=[],
            max_file_size=f"{MAX_UPLOAD_MB}mb",
            state_session_capacity=MAX_SESSIONS,
            favicon_path=_HERE / "icon.svg",
            theme=_theme(),
            css_paths=_HERE / "style.css",
            i18n=gr.I18n(**words.translations()),
            app_kwargs={
                "middleware": [
                    Middleware(Gate, address=address, mcp=mcp),
                    Middleware(Bodies),
                    Middleware(Uploads, open=shelf.open, pace=Pace(per_minute)),
                    Middleware(Watch, presence=presence),
                    Middleware(Foreword, script=(_HERE / "page.js").read_text(encoding="utf-8")),
                ]
            },
        )
    except OSError as error:
        raise BadRequest(
            f"port {address.port} of {address.host} can't be had; choose another: "
            f"`rag chat --port {address.port + 1}`"
        ) from error
    if mcp and address.credentials:
        _let_tools_in(page, address.credentials)
    return page


def _let_tools_in(page: "gr.Blocks", credentials: tuple[str, str]) -> None:
    """Give the tools' server the password: it asks the page for each answer, as a client does.

    Gradio 6.31 has no other place for it; tests/web/test_api.py watches that this one stays.
    """
    from gradio_client import Client

    tools = page.mcp_server_obj
    assert tools is not None, "a page with tools has their server"
    tools._client_instance = Client(
        page.local_url,
        auth=credentials,
        headers={"x-gradio-user": "mcp"},
        download_files=False,
        analytics_enabled=False,
        verbose=False,
    )


def build_page(shelf: Shelf, pace: Pace, presence: Presence) -> "tuple[gr.Blocks, Words]":
    """The page without its style, script and words, which `start_page` adds."""
    import gradio as gr

    searches = Pace(pace.per_minute * SEARCHES_A_QUESTION)
    words = Words({language: _texts(labels) for language, labels in load_labels().items()})
    page = gr.Blocks(
        title="碳问 Tanwen",
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(600, 600),  # uploads that were left, in seconds: look every, older than
    )
    with page:
        build_api(shelf, pace, presence)  # first, so that no event takes their names
        with gr.Row(elem_id="top"):
            words.make(gr.HTML, {"value": "header"}, elem_id="brand", apply_default_css=False)
            words.make(gr.HTML, {"value": "tools"}, elem_id="tools", apply_default_css=False)
            renew = words.make(gr.Button, {"value": "new"}, elem_id="new", size="sm", scale=0)
        with gr.Tabs(elem_id="tabs"):
            with words.make(gr.Tab, {"label": "tab_chat"}, elem_id="chat"):
                chat = chat_tab.build_chat(shelf, words)
            with words.make(gr.Tab, {"label": "tab_compare"}, elem_id="compare") as comparing:
                compare = compare_tab.build_compare(words)
            with words.make(gr.Tab, {"label": "tab_documents"}, elem_id="documents") as listing:
                documents = documents_tab.build_documents(shelf, words, searches)
        bridge = gr.HTML(visible="hidden", js_on_load=_BRIDGE, elem_id="bridge")
        parcel = gr.JSON(visible=False)
        running = chat_tab.connect_chat(shelf, chat, bridge, pace)
        chat_tab.connect_tools(shelf, chat, bridge, parcel)
        compare_tab.connect_compare(shelf, compare, talk=chat.talk, parcel=parcel, tab=comparing)
        documents_tab.connect_documents(
            shelf, documents, talk=chat.talk, chat=chat, bridge=bridge, tab=listing
        )
        quiet = chat_tab.QUIET
        renew.click(
            partial(chat_tab.clear_talk, chat), chat.talk, list(chat[:5]),
            cancels=running, queue=False, **quiet,
        )  # fmt: skip
        parts = _Parts(chat, compare, documents)
        _connect_head(shelf, words, parts, page=page, bridge=bridge)
        page.queue(max_size=MAX_WAITING, api_open=False)
    return page, words


class _Parts(NamedTuple):
    chat: chat_tab.Chat
    compare: compare_tab.Compare
    documents: documents_tab.Documents


def _connect_head(
    shelf: Shelf, words: Words, parts: _Parts, *, page: "gr.Blocks", bridge: "gr.HTML"
) -> None:
    """Say what happens when the page opens and when the language is switched."""
    import gradio as gr

    chat, compare, documents = parts
    quiet = chat_tab.QUIET

    def opened(held: Talk, request: gr.Request) -> dict[Any, Any]:
        held.language = language_of(request)
        return documents_tab.offer_again(shelf, chat, held)

    def switched(
        request: gr.Request,
        held: Talk,
        find: str,
        *chosen: Any,  # noqa: ANN401
    ) -> dict[Any, Any]:
        held.language = "en" if held.language == "zh" else "zh"
        shown: dict[Any, Any] = words.switch(held.language)
        for changed in (
            chat_tab.show_talk(chat, shelf, held),
            documents_tab.offer_again(shelf, chat, held),
            documents_tab.show_documents(shelf, documents, held, find, request),
            compare_tab.draw_again(shelf, compare, held, chosen),
        ):
            shown = merge(shown, changed)
        return shown

    choices = [compare.indicator, compare.years, compare.regions]
    drawn = [chat.past, documents.listing, documents.found, compare.shown]
    page.load(opened, chat.talk, chat.options[:-1], queue=False, **quiet)
    bridge.language(
        switched,
        [chat.talk, documents.find, *choices],
        list(dict.fromkeys([*words.components, *drawn])),
        **quiet,
    )


def _texts(labels: Labels) -> Labels:
    """What components show by name: the labels, and HTML made of them."""
    return {
        **labels,
        "header": render_header(labels),
        "tools": render_tools(labels),
        "welcome": render_welcome(labels),
        "note": render_note(labels["disclaimer"]),
        "compare_head": render_compare_head(labels),
        "documents_head": render_documents_head(labels),
        "drop_hint": render_drop_hint(labels),
    }


def _theme() -> "gr.themes.Base":
    """The two grounds that the browser paints before the style sheet is there; no web fonts."""
    import gradio as gr

    return gr.themes.Base(font=["sans-serif"], font_mono=["monospace"]).set(
        body_background_fill="#f7f8f5",
        body_background_fill_dark="#111513",
        body_text_color="#1b2420",
        body_text_color_dark="#e4eae6",
    )
