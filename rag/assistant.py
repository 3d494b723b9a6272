"""Question -> Answer: understand, retrieve, decide whether to refuse, generate, verify, answer.

A statement is streamed once it is whole and verified, never before: a marker or a figure that
doesn't hold is not seen even for a moment, and the pieces of a stream are the answer.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from rag import refusal
from rag.citing import Citer
from rag.errors import BadRequest
from rag.generators import DEFAULT, Asked, PromptedGenerator, load_generator, load_language_model
from rag.generators.comparing import Comparer
from rag.index import Index, load_index
from rag.indexing import Outcome, Progress, index_paths, silent
from rag.judging import load_judge
from rag.naming import PlanNames
from rag.query import understand
from rag.retrieval import MAX_TOP_K, Filter, Retriever
from rag.settings import DEFAULT_INDEX, Settings
from rag.types import Answer, Claim, Document, Draft, Hit, Query, Statement, Target
from rag.verifying import Verifier
from rag.wording import say

PASSAGES = 8  # hits that the generator reads; more adds time and noise: evals/LOG.md
_TOGETHER = 256  # questions that a language model is given at once
_GAP = "\n\n"


class Assistant:
    """Answers questions from one index. Holds no state between questions; safe to share."""

    def __init__(self, index: Index, settings: Settings) -> None:
        self.index = index
        self._retriever = Retriever(index)
        self._plan_names = PlanNames(index.documents)
        rarity = index.lexical.rarity
        self._model = load_language_model(settings)
        self._quoter = load_generator(replace(settings, generator=DEFAULT), rarity=rarity)
        self._comparer = Comparer(index.targets, self._quoter)
        self.judge = load_judge(settings, rarity=rarity, embed=index.embedder.embed_passages)

    @classmethod
    def load(
        cls, index: str | Path = DEFAULT_INDEX, *, settings: Settings = Settings()
    ) -> "Assistant":
        """Open an index that `build` or `rag index` made; raises RagError naming the remedy."""
        return cls(load_index(Path(index), settings), settings)

    @classmethod
    def build(
        cls,
        paths: Sequence[str | Path],
        *,
        index: str | Path = DEFAULT_INDEX,
        settings: Settings = Settings(),
        progress: Progress = silent,
    ) -> "Assistant":
        """Read files and folders into the index, in place of what it held of the same files.

        Files that can't be read are passed over; raises ReadError if none could.
        """
        outcome: Outcome = index_paths(
            [Path(path) for path in paths], Path(index), settings=settings, progress=progress
        )
        return cls(outcome.index, settings)

    @property
    def documents(self) -> tuple[Document, ...]:
        """What is indexed, in order of reading."""
        return self.index.documents

    def targets(
        self,
        indicator: str | None = None,
        *,
        region: str | None = None,
        year: int | str | None = None,
    ) -> tuple[Target, ...]:
        """The quantified targets that fit, by year, then highest first, then plan.

        indicator, region: in any of the ten languages. Raises BadRequest for a place not known.
        """
        return self.index.targets.find(indicator, region, year=year)

    def search(
        self,
        question: str,
        *,
        top_k: int = 10,
        region: str | None = None,
        level: str | None = None,
        status: str | None = None,
        document: str | None = None,
    ) -> tuple[Hit, ...]:
        """The passages that best fit, best first; at most `top_k`."""
        only = Filter(region, level, status, document)
        return self._retriever.search(understand(question), top_k=top_k, only=only)

    @property
    def generators(self) -> tuple[str, ...]:
        """Names that `ask` and `stream` take as `generator`; the first is used if none is named."""
        return (self._model.name, self._quoter.name) if self._model else (self._quoter.name,)

    def ask(  # noqa: PLR0913 - what a reader may narrow and choose, each by name
        self,
        question: str,
        *,
        region: str | None = None,
        level: str | None = None,
        status: str | None = None,
        document: str | None = None,
        generator: str | None = None,
        passages: int = PASSAGES,
    ) -> Answer:
        """Answer from the documents that fit the filters; raises as `stream` does."""
        steps = self.stream(
            question,
            region=region,
            level=level,
            status=status,
            document=document,
            generator=generator,
            passages=passages,
        )
        return next(step for step in steps if isinstance(step, Answer))

    def stream(  # noqa: PLR0913 - as for ask
        self,
        question: str,
        *,
        region: str | None = None,
        level: str | None = None,
        status: str | None = None,
        document: str | None = None,
        generator: str | None = None,
        passages: int = PASSAGES,
    ) -> Iterator[str | Answer]:
        """Yield the answer's text as it is verified, then the Answer, whose text is the sum.

        generator: one of `generators`. passages: how many it may read. Closing the iterator stops
        a language model. Raises BadRequest, or ModelFailed, also in the midst of an answer.
        """
        model = self._chosen(generator)
        only = Filter(region, level, status, document)
        found = self._found(question, only, passages)
        if not found.reason and model:
            with closing(model.claim(found.query, found.hits)) as claims:
                yield from self._answered(found, self._verified(found, claims), model.name)
        else:
            name = model.name if model else self._quoter.name
            yield from self._answered(found, self._quoted(found), name)

    def ask_all(
        self,
        questions: Iterable[str],
        *,
        generator: str | None = None,
        passages: int = PASSAGES,
    ) -> Iterator[Answer]:
        """An answer a question, in order; a language model works on many at once.

        `timings_s` of an answer is then its share of the time taken together.
        """
        model = self._chosen(generator)
        if model is None:
            for question in questions:
                yield self.ask(question, generator=generator, passages=passages)
            return
        waiting = iter(questions)
        while batch := list(islice(waiting, _TOGETHER)):
            yield from self._answered_together(batch, model, passages)

    def _answered_together(
        self, questions: Sequence[str], model: PromptedGenerator, passages: int
    ) -> Iterator[Answer]:
        found = [self._found(question, Filter(), passages) for question in questions]
        begun = time.perf_counter()
        asked = [Asked(one.query, () if one.reason else one.hits) for one in found]
        drafts = list(model.claim_all(asked))
        share_s = (time.perf_counter() - begun) / max(len(found), 1)
        for one, claims in zip(found, drafts, strict=True):
            statements = self._quoted(one) if one.reason else self._verified(one, claims)
            one.clock.skip(share_s)
            steps = self._answered(one, statements, model.name)
            yield next(step for step in steps if isinstance(step, Answer))

    def _chosen(self, generator: str | None) -> PromptedGenerator | None:
        """The language model, or None for the generator that quotes."""
        if generator is not None and generator not in self.generators:
            raise BadRequest(
                f"there is no generator {generator!r} here; choose one of "
                f"{', '.join(self.generators)}, or load it: `rag ask --generator {generator}`."
            )
        return None if generator == self._quoter.name else self._model

    def _found(self, question: str, only: Filter, passages: int) -> "_Found":
        """What of a question is known before anything is generated."""
        if passages not in range(1, MAX_TOP_K + 1):
            raise BadRequest(f"passages is {passages}; it must be 1 to {MAX_TOP_K}.")
        clock = _Clock()
        query = understand(question)
        clock.lap("understand")
        hits = self._passages(query, only, passages)
        clock.lap("retrieve")
        absent = self._plan_names.find_absent(query)
        reason = refusal.find_reason(query, hits, self._retriever.places, absent)
        return _Found(query, only, hits, reason, clock)

    def _passages(self, query: Query, only: Filter, count: int) -> tuple[Hit, ...]:
        """What the generator reads; what is compared gets its share of it each."""
        compared = self._compared(query, only)
        if len(compared) > 1:
            top_k = max(count // len(compared), 1)
            shares = [self._retriever.search(query, top_k=top_k, only=one) for one in compared]
            if all(shares):
                return tuple(hit for share in shares for hit in share)
        return self._retriever.search(query, top_k=count, only=only)

    def _compared(self, query: Query, only: Filter) -> list[Filter]:
        """A filter for each place that a question compares, or for each of two plans of one."""
        if query.kind != "compare":
            return []
        if len(query.places) > 1:
            return [replace(only, region=p.name) for p in query.places] if not only.region else []
        works = self._plan_names.find(query, count=2)
        return [replace(only, document=work) for work in works] if not only.document else []

    def _verified(self, found: "_Found", claims: Iterable[Claim]) -> Iterator[Statement | None]:
        """What stands of a language model's claims, as they come; None for one left out."""
        return Verifier(found.query, found.hits, self.judge).verify(claims)

    def _quoted(self, found: "_Found") -> Iterator[Statement | None]:
        """Quotes, from the table of targets first; nothing if the documents can't answer."""
        if found.reason:
            return
        query, hits = found.query, found.hits
        admitted = [document for document in self.documents if found.only.admits(document)]
        drafts: tuple[Callable[[], Draft], ...] = (
            lambda: self._comparer.generate(query, hits, admitted),
            lambda: self._quoter.generate(query, hits),
        )
        for draft in drafts:
            statements, tried = draft().statements, Citer(query)
            if any(tried.add(statement) and tried.citations for statement in statements):
                yield from statements
                return

    def _answered(
        self, found: "_Found", statements: Iterable[Statement | None], name: str
    ) -> Iterator[str | Answer]:
        """The pieces that are borne out, a refusal if there are none, and the Answer."""
        query, reason, citer = found.query, found.reason, Citer(found.query)
        pieces: list[str] = []
        for piece in _pieces(citer, statements):
            yield piece
            pieces.append(piece)
        if not pieces:
            reason = reason or say(query.language, "refused")
            left_out, citer = citer.left_out, Citer(query)
            pieces += _pieces(citer, refusal.decline(query, reason, found.hits).statements, held=0)
            citer.left_out += left_out
            yield from pieces
        if citer.left_out:
            pieces.append(_GAP + say(query.language, "left_out"))
            yield pieces[-1]
        found.clock.lap("generate")
        yield Answer(
            question=query.question,
            text="".join(pieces),
            refused=bool(reason),
            citations=citer.citations,
            language=query.language,
            generator=name,
            timings_s=found.clock.laps_s,
            left_out=citer.left_out,
        )


class _Clock:
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


class _Found(NamedTuple):
    """reason: why the documents can't answer; "" if they may."""

    query: Query
    only: Filter
    hits: tuple[Hit, ...]
    reason: str
    clock: _Clock


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
