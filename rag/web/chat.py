"""The chat tab: a question goes in, the streamed answer comes out with its sources beside it."""

import math
from collections.abc import AsyncIterator, Generator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.types import LEVELS, STATUSES, Document
from rag.web.afar import draw_afar
from rag.web.export import to_markdown
from rag.web.feedback import record_vote
from rag.web.labels import Labels, Words, load_labels
from rag.web.pace import Pace
from rag.web.parcel import DELIVER, text_parcel
from rag.web.shelf import Shelf
from rag.web.talk import PASSAGES, Options, Talk, Turn, begin, grow
from rag.web.turns import render_note, render_turn, render_welcome

if TYPE_CHECKING:  # slow to load, so at run time only when a page is made
    import gradio as gr

    Update = dict[Any, Any]

MAX_QUESTION_CHARS = 1000  # a question has under 200 characters; a whole pasted page is a slip
MAX_AT_ONCE = 2  # answers worked out side by side, each of which keeps a processor busy
MAX_AT_ONCE_ELSEWHERE = 16  # where a server writes them, for which a thread only waits
PASSAGE_CHOICES = (4, PASSAGES, 12, 16)
EXAMPLES = (
    "青海和陕西 2025 年非化石能源消费比重目标各是多少？",
    "江苏“碳达峰八大专项行动”都有哪些？",
    "国资委要求央企 2025 年万元产值综合能耗下降多少？",
    "What is Jiangsu's wind power capacity target for 2025?",
    "Is Tianjin's urban construction carbon plan still a draft?",
)
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
# Runs in the browser: page.js listens.
_THANK = "(kept) => { document.dispatchEvent(new CustomEvent('tanwen:kept', { detail: kept })); }"


class Chat(NamedTuple):
    """The pieces of the tab that events change."""

    past: "gr.HTML"
    live: "gr.HTML"
    examples: "gr.Dataset"
    notice: "gr.HTML"
    question: "gr.Textbox"
    options: "list[gr.Dropdown]"
    talk: "gr.State"


def build_chat(shelf: Shelf, words: Words) -> Chat:
    """The tab's components, in their order on the page."""
    import gradio as gr

    with gr.Column(elem_id="talk"):
        past = gr.HTML(elem_id="past", apply_default_css=False)
        live = words.make(gr.HTML, {"value": "welcome"}, elem_id="live", apply_default_css=False)
        examples = gr.Dataset(
            components=["textbox"],
            samples=[[text] for text in EXAMPLES],
            show_label=False,
            elem_id="examples",
        )
    with gr.Column(elem_id="composer"):
        notice = gr.HTML(elem_id="notice", apply_default_css=False)
        question = words.make(
            gr.Textbox,
            {"label": "question", "placeholder": "placeholder"},
            container=False,
            max_lines=5,
            submit_btn=True,
            autofocus=True,
            elem_id="question",
        )
        filters = words.make(gr.Accordion, {"label": "filters"}, open=False, elem_id="filters")
        with filters, gr.Row():
            options = _build_options(shelf, words)
        words.make(gr.HTML, {"value": "note"}, elem_id="disclaimer", apply_default_css=False)
    return Chat(past, live, examples, notice, question, options, gr.State(Talk()))


def connect_chat(shelf: Shelf, chat: Chat, bridge: "gr.HTML", pace: Pace) -> "list[Any]":
    """Say what happens on a question, an example, again and stop; returns what can be cancelled."""
    import gradio as gr

    past, live, examples, notice, box, options, talk = chat

    # Gradio reads the annotations, so no name of a type checker may stand in them.
    async def ask(
        request: gr.Request,
        text: str,
        held: Talk,
        *chosen: Any,  # noqa: ANN401
    ) -> AsyncIterator[dict[Any, Any]]:
        labels = load_labels()[held.language]
        if complaint := find_complaint(text, labels) or find_haste(pace, request, labels):
            yield {notice: render_note(complaint, role="alert")}
            return
        held.options = Options(*chosen)
        async for update in draw_afar(answer_in(chat, shelf, held, text.strip())):
            yield update

    async def again(request: gr.Request, held: Talk) -> AsyncIterator[dict[Any, Any]]:
        if complaint := find_haste(pace, request, load_labels()[held.language]):
            yield {notice: render_note(complaint, role="alert")}
        elif held.turns:
            question = held.turns.pop().question
            async for update in draw_afar(answer_in(chat, shelf, held, question)):
                yield update

    def stop(held: Talk) -> "Update":
        held.stop()
        return show_talk(chat, shelf, held) | {box: _idle()}

    parts = [past, live, examples, notice, box]
    limit: dict[str, Any] = {"concurrency_limit": most_at_once(shelf), "concurrency_id": "ask"}
    given = [box, talk, *options]
    asked = box.submit(ask, given, parts, **QUIET, **limit)
    chosen = examples.click(lambda sample: sample[0], examples, box, queue=False, **QUIET)
    followed = chosen.then(ask, given, parts, **QUIET, **limit)
    repeated = bridge.again(again, talk, parts, **QUIET, **limit)
    running = [asked, followed, repeated]
    box.stop(stop, talk, [past, live, box], cancels=running, queue=False, **QUIET)
    return running


def connect_tools(shelf: Shelf, chat: Chat, bridge: "gr.HTML", parcel: "gr.JSON") -> None:
    """Say what happens on a vote and on export."""
    import gradio as gr

    def vote(held: Talk, event: gr.EventData) -> dict[str, str]:
        """Keep it; returns what page.js thanks for."""
        said = {name: str(value) for name, value in (event._data or {}).items()}
        name, comment = said.get("vote", ""), said.get("comment", "")
        known = name in ("up", "down")
        turn = held.vote(said.get("turn", ""), name, comment) if known else None
        if turn is None or shelf.votes is None:
            return {}
        record_vote(shelf.votes, turn)
        return {"turn": turn.id, "comment": comment}

    def export(held: Talk) -> dict[str, str]:
        now = datetime.now().astimezone()
        text = to_markdown(held.turns, load_labels()[held.language], time=f"{now:%Y-%m-%d %H:%M}")
        return text_parcel(f"tanwen-{now:%Y%m%d-%H%M}.md", text)

    noted = gr.JSON(visible=False)
    # "multiple", or Gradio drops a comment that comes while its vote is on the way.
    voted = bridge.vote(vote, chat.talk, noted, trigger_mode="multiple", **QUIET)
    voted.success(None, noted, None, js=_THANK, **QUIET)
    bridge.export(export, chat.talk, parcel, **QUIET).then(None, parcel, None, js=DELIVER, **QUIET)


def answer_in(chat: Chat, shelf: Shelf, held: Talk, text: str) -> "Generator[Update, None, None]":
    """Grow a new turn of a conversation until it is done or stopped; the earlier ones move up."""
    import gradio as gr

    held.stop()
    history = held.history
    turn = begin(text, held.options, shelf.assistant.documents)
    held.put(turn)
    yield show_talk(chat, shelf, held) | {
        chat.question: gr.Textbox(value="", submit_btn=False, stop_btn=True),
        chat.notice: "",
        chat.examples: gr.Dataset(visible=False),
    }
    for grown in grow(shelf.assistant, turn, held.options, history):
        if not held.grows(turn.id):
            return
        held.put(grown)
        yield {chat.live: _render(shelf, held, grown)}
    yield {chat.question: _idle()}


def show_talk(chat: Chat, shelf: Shelf, held: Talk) -> "Update":
    """A conversation as it stands; the welcome if nothing has been asked."""
    html = [_render(shelf, held, turn) for turn in held.turns]
    welcome = render_welcome(load_labels()[held.language])
    return {chat.past: "".join(html[:-1]), chat.live: html[-1] if html else welcome}


def clear_talk(chat: Chat, held: Talk) -> "Update":
    import gradio as gr

    held.turns = []
    welcome = render_welcome(load_labels()[held.language])
    shown = {chat.past: "", chat.live: welcome, chat.notice: "", chat.question: _idle()}
    return shown | {chat.examples: gr.Dataset(visible=True)}


def most_at_once(shelf: Shelf) -> int:
    """How many answers are worked out side by side; the others wait their turn."""
    first = next(iter(getattr(shelf.assistant, "generators", ())), "")
    return MAX_AT_ONCE_ELSEWHERE if "://" in first else MAX_AT_ONCE


def find_complaint(question: str, labels: Labels) -> str:
    """Why the question can't be asked; "" if it can."""
    if not question.strip():
        return labels["empty"]
    if len(question) > MAX_QUESTION_CHARS:
        return labels["too_long"].format(count=len(question), limit=MAX_QUESTION_CHARS)
    return ""


def find_haste(
    pace: Pace, request: "gr.Request", labels: Labels, *, told_by: str = "too_fast"
) -> str:
    """Count a question of this client; "" if it may be asked, else when, by a label."""
    wait_s = pace.take(client_of(request))
    told = labels[told_by].format(limit=pace.per_minute, seconds=math.ceil(wait_s))
    return told if wait_s else ""


def client_of(request: "gr.Request") -> str:
    """The address that a request comes from; "" if it isn't known."""
    return str(request.client.host) if request.client else ""


def offer_options(shelf: Shelf, labels: Labels) -> dict[str, list[tuple[str, str]]]:
    """The choices of the filters that follow the documents and the language."""
    documents = shelf.assistant.documents
    levels, statuses = {d.level for d in documents}, {d.status for d in documents}
    regions = dict.fromkeys(document.region for document in documents if document.region)
    named = [
        (f"{d.title} · {labels['brief']}" if d.kind == "brief" else d.title, d.id)
        for d in documents
    ]
    writers = getattr(shelf.assistant, "generators", ())
    offered = {
        "region": [(region, region) for region in regions],
        "level": [(labels[name], name) for name in LEVELS if name in levels],
        "status": [(labels[name], name) for name in STATUSES if name in statuses],
        "document": named,
        "generator": [(labels.get(name, name), name) for name in writers],
    }
    anything = (labels["any"], "")
    return {
        name: choices if name == "generator" else [anything, *choices]
        for name, choices in offered.items()
    }


def count_works(documents: Sequence[Document]) -> int:
    """A plan and its briefs are one work."""
    return len({document.work for document in documents})


def _build_options(shelf: Shelf, words: Words) -> "list[gr.Dropdown]":
    """A list for each field of Options, in their order."""
    import gradio as gr

    lists = []
    for name, choices in offer_options(shelf, load_labels()["zh"]).items():
        first = choices[0][1] if choices else None
        lists.append(
            words.make(
                gr.Dropdown,
                {"label": name},
                choices=choices,
                value=first,
                min_width=150,
                elem_id=f"filter-{name}",
                visible=name != "generator" or len(choices) > 1,
            )
        )
    passages = words.make(
        gr.Dropdown,
        {"label": "passages"},
        choices=list(PASSAGE_CHOICES),
        value=PASSAGES,
        min_width=150,
        elem_id="filter-passages",
        visible=hasattr(shelf.assistant, "generators"),
    )
    return [*lists, passages]


def _render(shelf: Shelf, held: Talk, turn: Turn) -> str:
    works = count_works(shelf.assistant.documents)
    return render_turn(turn, load_labels()[held.language], works=works)


def _idle() -> "gr.Textbox":
    """The question box ready for another."""
    import gradio as gr

    return gr.Textbox(submit_btn=True, stop_btn=False)
