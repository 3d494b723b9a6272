"""The documents tab: what is indexed, search in it, upload and removal while the chat goes on."""

import logging
import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.errors import BadRequest, RagError, WriteError
from rag.logs import log_fault
from rag.web.chat import MAX_QUESTION_CHARS, QUIET, Chat, find_haste, offer_options
from rag.web.labels import Words, load_labels
from rag.web.listing import (
    render_added,
    render_hits,
    render_listing,
    render_progress,
    render_refusal,
    render_removed,
)
from rag.web.pace import Pace
from rag.web.shelf import MAX_FILES, SUFFIXES, Added, Busy, Refused, Shelf
from rag.web.talk import Talk
from rag.web.turns import render_note

if TYPE_CHECKING:
    import gradio as gr

    Update = dict[Any, Any]

_FOUND = 5  # passages shown under the list
_MIN_SEARCH_CHARS = 2
_UNSENT = ("bad_kind", "bad_size", "bad_count")  # faults that the browser sees by itself
_log = logging.getLogger(__name__)


class Documents(NamedTuple):
    """The pieces of the tab that events change or read. upload: None where none is taken.

    pace: of the searches that come with them.
    """

    upload: "gr.UploadButton | None"
    told: "gr.HTML"
    find: "gr.Textbox"
    listing: "gr.HTML"
    found: "gr.HTML"
    pace: Pace


def build_documents(shelf: Shelf, words: Words, pace: Pace) -> Documents:
    import gradio as gr

    words.make(gr.HTML, {"value": "documents_head"}, apply_default_css=False)
    upload = None
    if shelf.open:
        with gr.Column(elem_id="drop"):
            upload = words.make(
                gr.UploadButton,
                {"label": "upload"},
                file_count="multiple",
                file_types=list(SUFFIXES),
                elem_id="upload",
                size="sm",
            )
            words.make(gr.HTML, {"value": "drop_hint"}, elem_id="hint", apply_default_css=False)
    told = gr.HTML(elem_id="told", apply_default_css=False)
    find = words.make(
        gr.Textbox,
        {"label": "find", "placeholder": "find_hint"},
        value="",
        container=False,
        max_lines=1,
        elem_id="find",
    )
    listing = gr.HTML(elem_id="listing", apply_default_css=False)
    found = gr.HTML(elem_id="found", apply_default_css=False)
    return Documents(upload, told, find, listing, found, pace)


def connect_documents(
    shelf: Shelf,
    parts: Documents,
    *,
    talk: "gr.State",
    chat: Chat,
    bridge: "gr.HTML",
    tab: "gr.Tab",
) -> None:
    """Say what happens when the tab opens, on a search, an upload and a removal."""
    import gradio as gr

    listed = [parts.listing, parts.found]
    outputs = [parts.told, *listed, *chat.options[:-1]]

    # Gradio reads the annotations, so no name of a type checker may stand in them.
    def look(request: gr.Request, held: Talk, text: str) -> dict[Any, Any]:
        return show_documents(shelf, parts, held, text, request)

    def add(request: gr.Request, held: Talk, files: list[str] | None) -> Iterator[dict[Any, Any]]:
        labels = load_labels()[held.language]
        for seen in add_uploads(shelf, [Path(file) for file in files or ()]):
            if isinstance(seen, Added):
                changed = show_documents(shelf, parts, held, "", request)
                changed |= offer_again(shelf, chat, held)
                yield {parts.told: render_added(seen, labels)} | changed
            elif isinstance(seen, str):
                yield {parts.told: render_refusal(Refused("", seen), labels)}
            else:
                yield {parts.told: render_progress(*seen, labels)}

    def remove(request: gr.Request, held: Talk, text: str, event: gr.EventData) -> dict[Any, Any]:
        told = _remove(shelf, held, event._data or {})
        shown = show_documents(shelf, parts, held, text, request)
        shown |= offer_again(shelf, chat, held)
        return {parts.told: told} | shown

    def refuse(held: Talk, event: gr.EventData) -> str:
        return _tell_unsent(held, event._data or {})

    one: dict[str, Any] = {"concurrency_limit": 1, "concurrency_id": "shelf"}
    # As one event, so that what is drawn last is what was asked last.
    opened_or_typed = [tab.select, parts.find.change]
    given = [talk, parts.find]
    gr.on(opened_or_typed, look, given, listed, trigger_mode="always_last", **QUIET)
    if parts.upload is not None:
        parts.upload.upload(add, [talk, parts.upload], outputs, **QUIET, **one)
        bridge.unfit(refuse, talk, parts.told, trigger_mode="always_last", **QUIET)
        bridge.remove(
            remove, [talk, parts.find], outputs, trigger_mode="multiple", **QUIET, **one
        )  # "multiple", or Gradio drops a removal that comes before the last one is done


def show_documents(
    shelf: Shelf, parts: Documents, held: Talk, text: str, request: "gr.Request"
) -> "Update":
    """The list and the passages that fit what is being looked for; all of the list for "".

    Of passages, when to search again, where the client searches too fast.
    """
    labels = load_labels()[held.language]
    wanted = text.strip()[:MAX_QUESTION_CHARS].casefold()
    holdings = shelf.holdings()
    fitting = [
        holding
        for holding in holdings
        if wanted in f"{holding.document.title}\n{holding.document.region}".casefold()
    ]
    listed = render_listing(fitting, labels, editable=shelf.open, total=len(holdings))
    found = ""
    if len(wanted) >= _MIN_SEARCH_CHARS and any(map(str.isalnum, wanted)):
        haste = find_haste(parts.pace, request, labels, told_by="find_too_fast")
        hits = () if haste else shelf.assistant.search(wanted, top_k=_FOUND)
        found = render_note(haste, role="alert") or render_hits(hits, labels)
    return {parts.listing: listed, parts.found: found}


def offer_again(shelf: Shelf, chat: Chat, held: Talk) -> "Update":
    """The filters' choices as the documents now stand."""
    import gradio as gr

    offered = offer_options(shelf, load_labels()[held.language])
    return {
        option: gr.update(choices=choices)
        for option, choices in zip(chat.options[:-1], offered.values(), strict=True)
    }


def add_uploads(
    shelf: Shelf, files: Sequence[Path]
) -> Iterator[tuple[str, int, int] | Added | str]:
    """What is being done, again and again, then what was added, or the label of what went wrong.

    The files are those of Gradio's cache, and gone at the end. Whoever sends their paths may name
    others of the cache, or none that is there: what is no upload is neither read nor removed.
    """
    sent = [file for file in files if _is_sent(file)]
    try:
        if len(files) > MAX_FILES:
            yield "bad_count"
        elif len(sent) < len(files):
            yield "bad_other"
        else:
            yield from _watch(shelf, sent)
    except Busy:
        yield "bad_busy"
    except WriteError as error:
        log_fault(_log, "the index can't be written", error)
        yield "bad_disk"
    except Exception as error:
        log_fault(_log, "unexpected fault in adding documents", error)
        yield "bad_other"
    finally:
        for file in sent:
            _drop(file)


def _is_sent(file: Path) -> bool:
    """Whether it lies where Gradio puts an upload: alone in a folder of its cache."""
    from gradio.utils import get_upload_folder

    cache, path = Path(get_upload_folder()).resolve(), file.resolve()
    return path.is_file() and path.parent.parent == cache


def _drop(file: Path) -> None:
    """Remove an upload and its folder, unless another of the same content lies there still."""
    with suppress(OSError):
        file.unlink(missing_ok=True)
        file.parent.rmdir()


def _watch(shelf: Shelf, files: Sequence[Path]) -> Iterator[tuple[str, int, int] | Added]:
    """Add in a thread of its own, so that its progress can be shown while it works."""
    seen: queue.SimpleQueue[tuple[str, int, int] | Added | BaseException] = queue.SimpleQueue()

    def work() -> None:
        try:
            named = [(file, file.name) for file in files]
            seen.put(shelf.add(named, lambda *step: seen.put(step)))
        except BaseException as error:  # handed on to the visitor's thread
            seen.put(error)

    yield "reading", 0, len(files)
    threading.Thread(target=work, name="adding documents", daemon=True).start()
    while True:
        step = seen.get()
        if isinstance(step, BaseException):
            raise step
        yield step
        if isinstance(step, Added):
            return


def _tell_unsent(held: Talk, said: dict[str, Any]) -> str:
    """What page.js found before anything was sent."""
    name, reason = str(said.get("name", "")), str(said.get("reason", ""))
    refused = Refused(name, reason if reason in _UNSENT else "bad_other")
    return render_refusal(refused, load_labels()[held.language])


def _remove(shelf: Shelf, held: Talk, said: dict[str, Any]) -> str:
    """Take out the document that a button was for, and say so."""
    labels = load_labels()[held.language]
    try:
        removed = shelf.remove(str(said.get("document", "")), str(said.get("stamp", "")))
    except Busy:
        reason = "bad_busy"
    except BadRequest:
        reason = "remove_last"
    except RagError as error:
        log_fault(_log, "a document can't be removed", error)
        reason = "bad_disk"
    else:
        if removed:
            return render_removed(removed, labels)
        reason = "remove_gone"
    return render_refusal(Refused("", reason), labels)
