"""One conversation: its turns as values, how a question grows into one, what is kept of it."""

import logging
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

from rag.errors import BadRequest, RagError
from rag.logs import log_fault
from rag.types import Answer, Document

KEPT_TURNS = 30  # older turns leave the page
REDRAW_S = 0.08  # faster than that a reader sees no difference, and a slow phone falls behind
PASSAGES = 8  # as `Assistant.ask` reads by itself

_log = logging.getLogger(__name__)


class Answerer(Protocol):
    """What a conversation needs of an Assistant."""

    @property
    def documents(self) -> tuple[Document, ...]: ...

    @property
    def stream(self) -> Callable[..., Iterator[str | Answer]]: ...


class Options(NamedTuple):
    """What the search is narrowed to and how the answer is made; "" for no limit or no choice."""

    region: str = ""
    level: str = ""
    status: str = ""
    document: str = ""
    generator: str = ""
    passages: int = PASSAGES

    def given(self) -> dict[str, Any]:
        """The arguments of `Assistant.stream` that differ from its own defaults."""
        values = {name: value for name, value in self._asdict().items() if value}
        if self.passages == PASSAGES:
            del values["passages"]
        return values


@dataclass(frozen=True)
class Turn:
    """One question on the page and what has come of it so far.

    id: unique on the page. limits: what the search was narrowed to, as names of labels or words.
    text: of a growing answer. fault: the label that says why there is none; detail: its reason.
    vote: "up", "down" or "". comment: what the visitor wrote with it.
    """

    id: str
    question: str
    limits: tuple[str, ...] = ()
    text: str = ""
    answer: Answer | None = None
    fault: str = ""
    detail: str = ""
    vote: str = ""
    comment: str = ""

    @property
    def done(self) -> bool:
        return self.answer is not None or bool(self.fault)


@dataclass(eq=False)
class Talk:
    """The turns of one visitor. options: those last asked with. language: of the interface."""

    turns: list[Turn] = field(default_factory=list)
    options: Options = field(default_factory=Options)
    language: str = "zh"

    @property
    def history(self) -> tuple[Answer, ...]:
        """The answers so far, oldest first, for a question that follows up on them."""
        return tuple(turn.answer for turn in self.turns if turn.answer)

    def put(self, turn: Turn) -> None:
        """Take the place of the turn of the same id, or come last."""
        if self.find(turn.id):
            self.turns = [turn if each.id == turn.id else each for each in self.turns]
        else:
            self.turns = [*self.turns, turn][-KEPT_TURNS:]

    def find(self, turn_id: str) -> Turn | None:
        return next((turn for turn in self.turns if turn.id == turn_id), None)

    def grows(self, turn_id: str) -> bool:
        """Whether a turn is here and neither answered nor stopped."""
        turn = self.find(turn_id)
        return turn is not None and not turn.done

    def vote(self, turn_id: str, vote: str, comment: str = "") -> Turn | None:
        """Note a vote on a finished turn, which comes back; None if there is no such turn.

        A comment once given stays until another takes its place.
        """
        turn = self.find(turn_id)
        if turn is None or turn.answer is None:
            return None
        voted = replace(turn, vote=vote, comment=comment.strip() or turn.comment)
        self.put(voted)
        return voted

    def stop(self) -> None:
        """Finish a turn that was left growing."""
        if self.turns and not self.turns[-1].done:
            self.turns[-1] = replace(self.turns[-1], fault="stopped")


def begin(question: str, options: Options, documents: Sequence[Document] = ()) -> Turn:
    title = next((d.title for d in documents if d.id == options.document), options.document)
    limits = (options.region, options.level, options.status, title)
    return Turn(f"turn-{secrets.token_hex(4)}", question, tuple(filter(None, limits)))


def grow(
    assistant: Answerer, turn: Turn, options: Options, history: Sequence[Answer] = ()
) -> Iterator[Turn]:
    """The turn, again and again while its answer grows; the last is done, with answer or fault."""
    given = options.given() | ({"history": history} if history else {})
    try:
        for seen in _gather(assistant.stream(turn.question, **given)):
            if isinstance(seen, Answer):
                yield replace(turn, text="", answer=seen)
            else:
                yield replace(turn, text=seen)
    except BadRequest as error:
        yield replace(turn, fault="unusable", detail=str(error))
    except RagError as error:  # its message names files and commands: not for a visitor
        log_fault(_log, "no answer to a question", error)
        yield replace(turn, fault="unavailable")
    except Exception as error:
        log_fault(_log, "unexpected fault in answering a question", error)
        yield replace(turn, fault="unexpected")


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
