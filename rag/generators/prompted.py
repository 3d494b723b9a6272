"""A language model as a generator: a prompt goes in, claims with markers come out, as they end."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from typing import NamedTuple, Protocol

from rag.errors import BadRequest
from rag.generators.prompts import Message, answer_messages, rewrite_messages
from rag.generators.splitting import Text, split_claims
from rag.language import detect_language
from rag.types import Answer, Claim, Hit, Query

_MIN_CHARS = 100  # of one passage; a window that holds less can't answer
_LONGEST_REWRITE = 300  # characters; more is an answer, not a question


class Chat(Protocol):
    """A language model that continues a conversation.

    budget: tokens that a prompt may have.
    """

    @property
    def name(self) -> str: ...

    @property
    def budget(self) -> int: ...

    def count_tokens(self, messages: Sequence[Message]) -> int: ...

    def stream(self, messages: Sequence[Message]) -> Text:
        """The reply, piece by piece, none empty; returns whether its length cut it off.

        Closing it stops the model. Raises ModelFailed.
        """

    def reply_all(self, conversations: Sequence[Sequence[Message]]) -> Iterator[tuple[str, bool]]:
        """The reply to each conversation and whether it was cut off, in order, worked out side
        by side.
        """


class Asked(NamedTuple):
    query: Query
    hits: Sequence[Hit]


class PromptedGenerator:
    """Asks a chat model for an answer from passages alone; what it writes is not verified yet."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self.name = chat.name

    def claim(self, query: Query, hits: Sequence[Hit]) -> Generator[Claim, None, None]:
        """The claims of an answer as the model writes them; none if it says that it can't answer.

        Closing the iterator stops the model.
        """
        if not hits:
            return
        messages, given = self._fitting(query, hits)
        with closing(self._chat.stream(messages)) as pieces:
            yield from split_claims(pieces, given)

    def claim_all(self, asked: Iterable[Asked]) -> Iterator[tuple[Claim, ...]]:
        """The claims of the answer to each question, in order, worked out side by side."""
        fitted = [self._fitting(one.query, one.hits) if one.hits else None for one in asked]
        replies = self._chat.reply_all([found[0] for found in fitted if found])
        for found in fitted:
            claims: tuple[Claim, ...] = ()
            if found:
                text, cut = next(replies)
                claims = tuple(split_claims(_whole(text, cut), found[1]))
            yield claims

    def rewrite(self, question: str, history: Sequence[Answer]) -> str:
        """A follow-up as a question that can be understood alone; as it is without a history, or
        where the model's reply is no question.
        """
        if not history:
            return question
        messages = rewrite_messages(question, history, detect_language(question))
        with closing(self._chat.stream(messages)) as pieces:
            text = "".join(claim.text for claim in split_claims(pieces, 0))
        said = text.removeprefix("- ").strip().strip('"“”「」').strip()
        return said if said and len(said) <= _LONGEST_REWRITE else question

    def _fitting(self, query: Query, hits: Sequence[Hit]) -> tuple[list[Message], int]:
        """The prompt with as many passages, best first, as the model's window holds, and their
        number; the last resort is the beginning of the best one.
        """
        for given in range(len(hits), 0, -1):
            messages = answer_messages(query, hits[:given])
            if self._chat.count_tokens(messages) <= self._chat.budget:
                return messages, given
        chars = len(hits[0].chunk.text) // 2
        while chars >= _MIN_CHARS:
            messages = answer_messages(query, hits[:1], chars=chars)
            if self._chat.count_tokens(messages) <= self._chat.budget:
                return messages, 1
            chars //= 2
        raise BadRequest(
            f"{self.name} takes prompts of {self._chat.budget} tokens, too few for the question "
            "and one passage; ask it shorter, or name a model with a longer context."
        )


def _whole(text: str, cut: bool) -> Generator[str, None, bool]:
    yield text
    return cut
