"""How a question is answered from one generation of an index: search, doubt, generate, verify.

A statement is passed on once it is whole and verified, never before: a marker or a figure that
doesn't hold is not seen even for a moment, and the pieces of a stream are the answer.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property

from rag import refusal
from rag.citing import Citer
from rag.conversation import FollowUp, without_told
from rag.courtesy import is_courtesy
from rag.embedders import load_embedder
from rag.errors import BadRequest
from rag.evidence import answerable, topic
from rag.evidence.keeping import KeptVectors
from rag.evidence.ranking import Ranker
from rag.evidence.units import Unit
from rag.generators import DEFAULT, Asked, PromptedGenerator, load_generator
from rag.generators.comparing import Comparer
from rag.generators.embedded import lists_all
from rag.index import Index
from rag.judging import load_judge
from rag.logs import log_answer
from rag.mentions import (
    find_unmentioned,
    find_unmentioned_years,
    is_mentioned,
    mentioned_in,
)
from rag.naming import PlanNames
from rag.query import understand
from rag.rerankers import load_reranker
from rag.retrieval import MAX_TOP_K, Filter, Retriever
from rag.settings import Settings
from rag.types import Answer, Claim, Draft, Hit, Query, Statement
from rag.verifying import Verifier
from rag.wording import say

PASSAGES = 8  # hits that a language model reads; more adds time and noise: evals/LOG.md
CANDIDATES = 16  # hits that are searched for sentences that answer: evals/LOG.md
_GAP = "\n\n"


class Clock:
    """Seconds from lap to lap, and their sum."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.laps_s: dict[str, float] = {"total": 0.0}

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self.laps_s[step] = now - self._last
        self.laps_s["total"] += now - self._last
        self._last = now

    def skip(self, used_s: float) -> None:
        """Count `used_s` of the time since the last lap, and the next lap from now."""
        self._last = time.perf_counter() - used_s


@dataclass(frozen=True)
class Found:
    """What of a question is known before anything is generated.

    shares: the hits for each thing compared, else one tuple. hits: all of them. passages: how many
    of them a language model may read. ranked: the sentences found, the likeliest answer first.
    answerable: probability that they answer. reason: why the documents can't; "" if they may.
    """

    asked: FollowUp
    typed: str
    query: Query
    only: Filter
    shares: tuple[tuple[Hit, ...], ...]
    hits: tuple[Hit, ...]
    passages: int
    ranked: Sequence[Unit]
    answerable: float
    reason: str
    clock: Clock

    @cached_property
    def read(self) -> tuple[Hit, ...]:
        """What a language model is given: of each share as much."""
        each = max(self.passages // max(len(self.shares), 1), 1)
        return tuple(hit for share in self.shares for hit in share[:each])


class Answerer:
    """Answers from one generation of an index.

    Between questions it keeps the vectors of sentences that were looked at and the last ranking,
    both to save time: no answer depends on what was asked before.
    """

    def __init__(self, index: Index, settings: Settings) -> None:
        self.index = index
        self.retriever = Retriever(index, load_reranker(settings))
        rarity = index.lexical.rarity
        self._plan_names = PlanNames(index.documents)
        self._ranker = Ranker(rarity, KeptVectors(load_embedder(Settings()).embed_passages))
        self._quoter = load_generator(replace(settings, generator=DEFAULT), ranker=self._ranker)
        self._comparer = Comparer(index.targets, self._quoter)
        self.judge = load_judge(settings, rarity=rarity, embed=index.embedder.embed_passages)

    def find(self, asked: FollowUp, typed: str, only: Filter, passages: int) -> Found:
        """Search, and decide whether to refuse. typed: the question as it was put."""
        if passages not in range(1, MAX_TOP_K + 1):
            raise BadRequest(f"passages is {passages}; it must be 1 to {MAX_TOP_K}.")
        clock = Clock()
        query = understand(asked.searched or asked.question, language=asked.language)
        clock.lap("understand")
        only = replace(only, document=only.document or asked.work or None)
        count = max(passages, CANDIDATES)
        if asked.deepens:
            more = self.retriever.search(query, top_k=min(2 * count, MAX_TOP_K), only=only)
            shares: tuple[tuple[Hit, ...], ...] = (without_told(more, asked.told),)
        else:
            shares = self._shares(query, only, count)
        clock.lap("retrieve")
        hits = tuple(hit for share in shares for hit in share)
        ranked = self._ranker.rank(query, hits)
        treated = topic.estimate(query, hits, ranked)
        answered = answerable.estimate(query, ranked, self._ranker.rarity)
        reason = self._reason(query, asked, hits)
        if not reason and not asked.deepens:  # what was answered before may be answered further
            reason = self._doubt(query, ranked, treated, answered)
        clock.lap("rank")
        return Found(
            asked=asked,
            typed=typed,
            query=query,
            only=only,
            shares=shares,
            hits=hits,
            passages=passages,
            ranked=ranked,
            answerable=treated * answered,
            reason=reason,
            clock=clock,
        )

    def _reason(self, query: Query, asked: FollowUp, hits: Sequence[Hit]) -> str:
        if is_courtesy(query.question):
            return say(query.language, "courtesy")
        if asked.told and (not hits or hits[0].score < refusal.MIN_SUPPORT):
            return say(query.language, "no_more")
        absent = self._plan_names.find_absent(query)
        reason = refusal.find_reason(query, hits, self.retriever.places, absent)
        return reason or self._untold(query)

    def _untold(self, query: Query) -> str:
        """That no document of the places asked for says a word, or names a year; "" if one does."""
        documents = self.retriever.documents_of(query)
        if find_unmentioned_years(query, documents):
            return say(query.language, "no_figure_of_year" if query.wants_figure else "refused")
        words = find_unmentioned(query, documents)
        return say(query.language, "no_mention", words=words) if words else ""

    def _doubt(self, query: Query, ranked: Sequence[Unit], treated: float, answered: float) -> str:
        """As `refusal.find_doubt`; none where a plan is seen to hold what is asked for.

        That is all that a question counts, or what it asks the mention of.
        """
        doubt = refusal.find_doubt(query, ranked, treated, answered)
        if not doubt:
            return ""
        mention, rarity = mentioned_in(query), self._ranker.rarity
        held = lists_all(query, ranked, rarity, self.index.documents) or (
            mention and any(is_mentioned(mention, query.language, unit.text) for unit in ranked)
        )
        return "" if held else doubt

    def _shares(self, query: Query, only: Filter, count: int) -> tuple[tuple[Hit, ...], ...]:
        """What is compared gets its share of the hits each."""
        compared = self._compared(query, only)
        if len(compared) > 1:
            top_k = max(count // len(compared), 1)
            shares = [self.retriever.search(query, top_k=top_k, only=one) for one in compared]
            if all(shares):
                return tuple(shares)
        return (self.retriever.search(query, top_k=count, only=only),)

    def _compared(self, query: Query, only: Filter) -> list[Filter]:
        """A filter for each place that a question compares, or for each of two plans of one."""
        if query.kind != "compare":
            return []
        if len(query.places) > 1:
            return [replace(only, region=p.name) for p in query.places] if not only.region else []
        works = self._plan_names.find(query, count=2)
        return [replace(only, document=work) for work in works] if not only.document else []

    def answer(self, found: Found, model: PromptedGenerator | None) -> Iterator[str | Answer]:
        """The pieces of the answer as they are verified, then the Answer, whose text is the sum.

        model: None for quotes alone. Closing the iterator stops a language model.
        """
        if model is None or found.reason:
            name = model.name if model else self._quoter.name
            yield from self._written(found, self._quoted(found), name)
            return
        with closing(model.claim(found.query, found.read)) as claims:
            yield from self._written(found, self._verified(found, claims), model.name)

    def answer_together(self, found: Sequence[Found], model: PromptedGenerator) -> Iterator[Answer]:
        """An answer each, in order; `timings_s` holds each one's share of the time."""
        begun = time.perf_counter()
        drafts = list(model.claim_all([Asked(f.query, () if f.reason else f.read) for f in found]))
        share_s = (time.perf_counter() - begun) / max(len(found), 1)
        for one, claims in zip(found, drafts, strict=True):
            statements = self._quoted(one) if one.reason else self._verified(one, claims)
            one.clock.skip(share_s)
            steps = self._written(one, statements, model.name)
            yield next(step for step in steps if isinstance(step, Answer))

    def _verified(self, found: Found, claims: Iterable[Claim]) -> Iterator[Statement | None]:
        """What stands of a language model's claims, as they come; None for one left out."""
        return Verifier(found.query, found.read, self.judge).verify(claims)

    def _quoted(self, found: Found) -> Iterator[Statement | None]:
        """Quotes, from the table of targets first; nothing if the documents can't answer."""
        if found.reason:
            return
        query, hits = found.query, found.hits
        admitted = [document for document in self.index.documents if found.only.admits(document)]
        drafts: tuple[Callable[[], Draft], ...] = (
            lambda: self._comparer.generate(query, hits, admitted),
            lambda: self._quoter.generate(query, hits, admitted),
        )
        for draft in drafts:
            statements, tried = draft().statements, Citer(query)
            if any(tried.add(statement) and tried.citations for statement in statements):
                yield from statements
                return

    def _written(
        self, found: Found, statements: Iterable[Statement | None], name: str
    ) -> Iterator[str | Answer]:
        """The pieces that are borne out, a refusal if there are none, and the Answer."""
        query, reason, citer = found.query, found.reason, Citer(found.query)
        pieces: list[str] = []
        for piece in _pieces(citer, statements):
            yield piece
            pieces.append(piece)
        if not pieces:
            told = found.asked.told
            reason = reason or say(query.language, "no_more" if told else "refused")
            left_out, citer = citer.left_out, Citer(query)
            # What is nearest was quoted before, or nothing is meant to be near.
            nearest = () if told or is_courtesy(query.question) else found.hits
            declined = refusal.decline(query, reason, nearest, found.ranked if nearest else ())
            pieces += _pieces(citer, declined.statements, held=0)
            citer.left_out += left_out
            yield from pieces
        if citer.left_out:
            pieces.append(_GAP + say(query.language, "left_out"))
            yield pieces[-1]
        found.clock.lap("generate")
        answer = Answer(
            question=found.typed,
            text="".join(pieces),
            refused=bool(reason),
            citations=citer.citations,
            language=query.language,
            generator=name,
            timings_s=found.clock.laps_s,
            left_out=citer.left_out,
            answerable=found.answerable,
            resolved="" if found.asked.question == found.typed else found.asked.question,
        )
        log_answer(answer)
        yield answer


def _pieces(
    citer: Citer, statements: Iterable[Statement | None], *, held: int = 1
) -> Iterator[str]:
    """The lines of what is borne out, each with the gap before it.

    held: citations before which lines wait: one that cites nothing is shown if a later one does.
    """
    waiting: list[str] = []
    first = True
    for statement in statements:
        line = citer.add(statement)
        if line and statement:
            waiting.append(line if first else statement.gap + line)
            first = False
        if len(citer.citations) >= held:
            yield from waiting
            waiting = []
