"""The functions that programs call: Gradio's API, and tools over MCP. The page shows the same.

Their docstrings are what a client reads, in the form that Gradio parses.
"""

import logging
import math
from collections.abc import Generator, Iterator
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Any

from rag.errors import BadRequest, RagError
from rag.logs import log_fault
from rag.rendering import answer_row, hit_row, main_documents, target_row
from rag.types import Answer
from rag.web.afar import draw_afar
from rag.web.chat import MAX_QUESTION_CHARS, client_of, most_at_once
from rag.web.pace import Pace
from rag.web.presence import Presence, Seen
from rag.web.shelf import Shelf
from rag.web.talk import PASSAGES, Options

if TYPE_CHECKING:
    import gradio as gr

MAX_RESULTS = 50  # passages of one search or answer
_log = logging.getLogger(__name__)


def build_api(shelf: Shelf, pace: Pace, presence: Presence) -> None:
    """Offer `ask`, `search` and `targets` to clients of the page being built.

    presence: tells which clients have gone; what is being answered for them is stopped.
    """
    import gradio as gr
    from gradio.events import api

    async def ask(  # noqa: PLR0913 - a client fills them in by name
        request: gr.Request,
        question: str,
        region: str = "",
        level: str = "",
        status: str = "",
        document: str = "",
        generator: str = "",
        passages: int = PASSAGES,
    ) -> dict[str, Any]:
        """Answer a question from the indexed documents, with citations that were checked.

        Parameters:
            question: what to answer, in any language
            region: only documents of this place, such as Jiangsu
            level: only national, ministry, province, city or district documents
            status: only final or only draft documents
            document: only the document of this id
            generator: which of the configured generators writes the answer
            passages: how many passages to read, 1 to 50
        """
        options = Options(region, level, status, document, generator, _bounded(passages))
        with _telling(), presence.watch(request.session_hash or "") as seen:
            _keep_pace(pace, request)
            answer = await _answer(shelf, _bearable(question), options, seen)
        if answer is None:
            return {}  # nobody gets it
        row = answer_row(answer)
        return row | {"citations": [_without_path(citation) for citation in row["citations"]]}

    def search(  # noqa: PLR0913 - as for ask
        request: gr.Request,
        question: str,
        top_k: int = 10,
        region: str = "",
        level: str = "",
        status: str = "",
        document: str = "",
    ) -> list[dict[str, Any]]:
        """Find the passages of the indexed documents that best fit a question, best first.

        Parameters:
            question: what to look for, in any language
            top_k: how many passages, 1 to 50
            region: only documents of this place, such as Jiangsu
            level: only national, ministry, province, city or district documents
            status: only final or only draft documents
            document: only the document of this id
        """
        options = Options(region, level, status, document)
        with _telling():
            _keep_pace(pace, request)
            hits = shelf.assistant.search(
                _bearable(question), top_k=_bounded(top_k), **options.given()
            )
        return [_without_path(hit_row(hit)) for hit in hits]

    def targets(
        request: gr.Request, indicator: str = "", region: str = "", year: str = ""
    ) -> list[dict[str, Any]]:
        """List the quantified targets of the indexed plans, each with the page it stands on.

        Parameters:
            indicator: such as forest coverage, in any language; all if empty
            region: only plans of this place, such as Jiangsu
            year: only targets for this year
        """
        titles = main_documents(shelf.assistant.documents)
        with _telling():
            _keep_pace(pace, request)
            rows = shelf.assistant.targets(
                _bearable(indicator) if indicator else None,
                region=region or None,
                year=year or None,
            )
        return [target_row(row, titles[row.plan]) for row in rows if row.plan in titles]

    for offered in (ask, search, targets):
        api(
            offered,
            api_name=offered.__name__,
            concurrency_limit=most_at_once(shelf),
            concurrency_id="ask",
        )


async def _answer(shelf: Shelf, question: str, options: Options, seen: Seen) -> Answer | None:
    """What `Assistant.ask` gives; None if the client goes meanwhile, which stops the model."""

    def steps() -> Generator[str | Answer, None, None]:
        yield from shelf.assistant.stream(question, **options.given())

    async with aclosing(draw_afar(steps())) as drawn:
        async for step in drawn:
            if isinstance(step, Answer):
                return step
            if seen.left:
                return None
    raise RuntimeError("the stream ended without an Answer")


@contextmanager
def _telling() -> Iterator[None]:
    """What a client did wrong is told to it; what went wrong here is for the log."""
    import gradio as gr

    try:
        yield
    except BadRequest as error:
        raise gr.Error(str(error), print_exception=False) from error
    except RagError as error:
        log_fault(_log, "no answer to a client", error)
        raise gr.Error(
            "no answer can be given at the moment; try again later.", print_exception=False
        ) from error


def _keep_pace(pace: Pace, request: "gr.Request") -> None:
    wait_s = pace.take(client_of(request))
    if wait_s:
        raise BadRequest(
            f"more than {pace.per_minute} questions in a minute came from this address; ask again "
            f"in {math.ceil(wait_s)} s, or have more let in: `rag chat --rate N`."
        )


def _bearable(question: str) -> str:
    if len(question) > MAX_QUESTION_CHARS:
        raise BadRequest(
            f"the question has {len(question):,} characters; send {MAX_QUESTION_CHARS:,} at most."
        )
    return question


def _bounded(count: int) -> int:
    return max(1, min(int(count), MAX_RESULTS))


def _without_path(row: dict[str, Any]) -> dict[str, Any]:
    """Where files lie on this machine is nothing to a client."""
    return row | {"document": {k: v for k, v in row["document"].items() if k != "source"}}
