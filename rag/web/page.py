"""The chat page: a question goes in, the streamed answer comes out with its sources beside it."""

import logging
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from rag.errors import BadRequest, RagError
from rag.types import Answer, Document
from rag.web import markup
from rag.web.markup import Labels, Turn

if TYPE_CHECKING:  # slow to load, so at run time only when a page is made
    import gradio as gr
    from gradio.i18n import I18nData

MAX_QUESTION_CHARS = 1000  # a question has under 200 characters; a whole pasted page is a slip
MAX_AT_ONCE = 2  # answers worked out side by side, each of which keeps a processor busy
MAX_WAITING = 32  # those who ask after that are told that the page is busy
KEPT_TURNS = 30  # older turns leave the page
REDRAW_S = 0.08  # faster than that a reader sees no difference, and a slow phone falls behind
LEVELS = ("national", "ministry", "province", "city", "district")
STATUSES = ("final", "draft")
EXAMPLES = (
    "青海和陕西 2025 年非化石能源消费比重目标各是多少？",
    "江苏“碳达峰八大专项行动”都有哪些？",
    "国资委要求央企 2025 年万元产值综合能耗下降多少？",
    "What is Jiangsu's wind power capacity target for 2025?",
    "Is Tianjin's urban construction carbon plan still a draft?",
)

_HERE = Path(__file__).parent
_log = logging.getLogger(__name__)


class Answerer(Protocol):
    """What the page needs of an Assistant."""

    @property
    def documents(self) -> tuple[Document, ...]: ...

    def stream(
        self,
        question: str,
        *,
        region: str | None = None,
        level: str | None = None,
        status: str | None = None,
    ) -> Iterator[str | Answer]: ...


class Filters(NamedTuple):
    """What the search is narrowed to; "" for no limit."""

    region: str = ""
    level: str = ""
    status: str = ""


class _Parts(NamedTuple):
    """The pieces of the page that a question changes, and the finished turns kept for it."""

    past: "gr.HTML"
    live: "gr.HTML"
    examples: "gr.Dataset"
    notice: "gr.HTML"
    question: "gr.Textbox"
    turns: "gr.State"


def serve(
    assistant: Answerer,
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    on_start: Callable[[str], object] = _log.info,
) -> None:
    """Serve the page until Ctrl-C; `on_start` gets its address. Raises as `start_page` does."""
    page = start_page(assistant, host=host, port=port)
    on_start(str(page.local_url))
    page.block_thread()


def start_page(assistant: Answerer, *, host: str = "127.0.0.1", port: int = 7860) -> "gr.Blocks":
    """Serve the page from background threads; `.local_url` is its address, `.close()` ends it.

    Raises BadRequest when host and port can't be had.
    """
    import gradio as gr

    page = build_page(assistant)
    words = _translations(_count_works(assistant.documents))
    try:
        page.launch(
            server_name=host,
            server_port=port,
            prevent_thread_lock=True,
            quiet=True,
            share=False,
            show_error=False,
            ssr_mode=False,
            pwa=False,
            mcp_server=False,
            enable_monitoring=False,
            run_history=False,
            footer_links=[],
            favicon_path=_HERE / "icon.svg",
            theme=_theme(),
            css_paths=_HERE / "style.css",
            head=f"<script>{(_HERE / 'page.js').read_text(encoding='utf-8')}</script>",
            i18n=gr.I18n(**words),
        )
    except OSError as error:
        raise BadRequest(
            f"port {port} of {host} can't be had; choose another: `rag chat --port {port + 1}`"
        ) from error
    return page


def build_page(assistant: Answerer) -> "gr.Blocks":
    """The page without its style, script and words, which `start_page` adds."""
    import gradio as gr

    page = gr.Blocks(title="碳问 Tanwen", analytics_enabled=False, fill_width=True)
    with page:
        with gr.Row(elem_id="top"):
            gr.HTML(_word("header"), apply_default_css=False)
            renew = gr.Button(_word("new"), elem_id="new", size="sm", scale=0)
        with gr.Column(elem_id="talk"):
            past = gr.HTML(elem_id="past", apply_default_css=False)
            live = gr.HTML(_word("welcome"), elem_id="live", apply_default_css=False)
            samples = [[text] for text in EXAMPLES]
            examples = gr.Dataset(
                components=["textbox"], samples=samples, show_label=False, elem_id="examples"
            )
        with gr.Column(elem_id="composer"):
            notice = gr.HTML(elem_id="notice", apply_default_css=False)
            question = gr.Textbox(
                label=_word("question"),
                placeholder=_word("placeholder"),
                container=False,
                max_lines=5,
                submit_btn=True,
                autofocus=True,
                elem_id="question",
            )
            with gr.Accordion(_word("filters"), open=False, elem_id="filters"), gr.Row():
                filters = _build_filters(assistant.documents)
            gr.HTML(_word("disclaimer"), elem_id="disclaimer", apply_default_css=False)
        parts = _Parts(past, live, examples, notice, question, gr.State([]))
        _connect(assistant, parts, filters, renew)
        page.queue(max_size=MAX_WAITING, api_open=False)
    return page


def draw_turn(
    assistant: Answerer, question: str, filters: Filters, labels: Labels
) -> Iterator[str]:
    """The HTML of one turn, again and again while it grows; the last is the finished one."""
    named = (filters.region, *(labels[name] for name in filters[1:] if name))
    turn = Turn(f"turn-{secrets.token_hex(4)}", question, tuple(filter(None, named)))
    wait = labels["searching"].format(count=_count_works(assistant.documents))
    yield markup.render_pending(turn, "", wait=wait, labels=labels)
    try:
        pieces = assistant.stream(
            question,
            region=filters.region or None,
            level=filters.level or None,
            status=filters.status or None,
        )
        for seen in _gather(pieces):
            if isinstance(seen, Answer):
                yield markup.render_answer(turn, seen, labels)
            else:
                yield markup.render_pending(turn, seen, wait=wait, labels=labels)
    except BadRequest as error:
        yield markup.render_failure(turn, labels["unusable"].format(reason=error), labels)
    except RagError:  # its message names files and commands: for the log, not for a visitor
        _log.exception("no answer to a question")
        yield markup.render_failure(turn, labels["unavailable"], labels)
    except Exception:
        _log.exception("unexpected fault in answering a question")
        yield markup.render_failure(turn, labels["unexpected"], labels)


def _connect(
    assistant: Answerer, parts: "_Parts", filters: "list[gr.Dropdown]", renew: "gr.Button"
) -> None:
    """Say what happens on a question, an example and a new chat."""
    import gradio as gr

    past, live, examples, notice, question, turns = parts

    def ask(
        text: str, done: list[str], region: str, level: str, status: str, request: gr.Request
    ) -> Iterator[dict[Any, Any]]:
        labels = _labels_of(request)
        if complaint := _complaint(text, labels):
            yield {notice: complaint}
            return
        yield {past: "".join(done), question: "", notice: "", examples: gr.Dataset(visible=False)}
        frame = ""
        for frame in draw_turn(assistant, text.strip(), Filters(region, level, status), labels):
            yield {live: frame}
        yield {turns: [*done, frame][-KEPT_TURNS:]}

    def start_again(request: gr.Request) -> dict[Any, Any]:
        welcome = markup.render_welcome(_labels_of(request))
        shown = {past: "", live: welcome, notice: "", turns: []}
        return shown | {examples: gr.Dataset(visible=True)}

    given = [question, turns, *filters]
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    limit: dict[str, Any] = {"concurrency_limit": MAX_AT_ONCE, "concurrency_id": "ask"}
    asked = question.submit(ask, given, list(parts), **quiet, **limit)
    chosen = examples.click(lambda sample: sample[0], examples, question, queue=False, **quiet)
    followed = chosen.then(ask, given, list(parts), **quiet, **limit)
    renew.click(start_again, None, list(parts), cancels=[asked, followed], **quiet)


def _gather(pieces: Iterable[str | Answer]) -> Iterator[str | Answer]:
    """The text so far, at most every REDRAW_S, then the answer."""
    text, drawn_s = "", 0.0
    for piece in pieces:
        if isinstance(piece, Answer):
            yield piece
            return
        text += piece
        if time.monotonic() - drawn_s >= REDRAW_S:
            drawn_s = time.monotonic()
            yield text
    raise RuntimeError("the stream ended without an Answer")


def _complaint(question: str, labels: Labels) -> str:
    """Why the question can't be asked, as HTML; "" if it can."""
    if not question.strip():
        return markup.render_note(labels["empty"], role="alert")
    if len(question) > MAX_QUESTION_CHARS:
        told = labels["too_long"].format(count=len(question), limit=MAX_QUESTION_CHARS)
        return markup.render_note(told, role="alert")
    return ""


def _build_filters(documents: tuple[Document, ...]) -> "list[gr.Dropdown]":
    """Region, level and status. Their choices can't follow the browser, so bear both languages."""
    import gradio as gr

    zh, en = markup.load_labels()["zh"], markup.load_labels()["en"]
    levels, statuses = {d.level for d in documents}, {d.status for d in documents}
    regions = dict.fromkeys(document.region for document in documents if document.region)
    choices = {
        "region": [(region, region) for region in regions],
        "level": [(f"{zh[name]} {en[name]}", name) for name in LEVELS if name in levels],
        "status": [(f"{zh[name]} {en[name]}", name) for name in STATUSES if name in statuses],
    }
    everything = (f"{zh['any']} {en['any']}", "")
    return [
        gr.Dropdown([everything, *named], value="", label=_word(name), min_width=150)
        for name, named in choices.items()
    ]


def _count_works(documents: tuple[Document, ...]) -> int:
    """A plan and its briefs are one work."""
    return len({document.work or document.id for document in documents})


def _labels_of(request: "gr.Request") -> Labels:
    return markup.choose_labels(request.headers.get("accept-language", ""))


def _word(name: str) -> "I18nData":
    """A fixed word of the page, in the language of the browser."""
    import gradio as gr

    return gr.I18n()(f"tanwen_{name}")  # Gradio's own words have bare names


def _translations(works: int) -> dict[str, dict[str, str]]:
    """What `_word` stands for by browser language; any other language gets English."""
    words = {}
    for language, labels in markup.load_labels().items():
        names = ("new", "placeholder", "question", "filters", "region", "level", "status")
        plain = {name: labels[name] for name in names} | {
            "header": markup.render_header(labels, works),
            "welcome": markup.render_welcome(labels),
            "disclaimer": markup.render_note(labels["disclaimer"]),
        }
        words[language] = {f"tanwen_{name}": word for name, word in plain.items()}
    return words | dict.fromkeys(("zh-CN", "zh-TW", "zh-HK"), words["zh"])


def _theme() -> "gr.themes.Base":
    """The two grounds that the browser paints before the style sheet is there; no web fonts."""
    import gradio as gr

    return gr.themes.Base(font=["sans-serif"], font_mono=["monospace"]).set(
        body_background_fill="#f7f8f5",
        body_background_fill_dark="#111513",
        body_text_color="#1b2420",
        body_text_color_dark="#e4eae6",
    )
