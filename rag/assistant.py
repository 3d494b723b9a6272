"""Question -> Answer: understand, retrieve, decide whether to refuse, generate, verify, answer."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from rag import refusal
from rag.citing import Cited, cite
from rag.embedders.static import load_embedded
from rag.evidence.answerable import estimate
from rag.evidence.ranking import Ranker
from rag.generators import load_generator
from rag.generators.comparing import Comparer
from rag.index import Index, load_index
from rag.indexing import Outcome, Progress, index_paths, silent
from rag.naming import PlanNames
from rag.query import understand
from rag.retrieval import Filter, Retriever
from rag.settings import DEFAULT_INDEX, Settings
from rag.types import Answer, Document, Draft, Hit, Query, Target
from rag.wording import say

CANDIDATES = 16  # hits that are searched for sentences that answer: evals/LOG.md
_GAP = "\n\n"


class Assistant:
    """Answers questions from one index. Holds no state between questions; safe to share."""

    def __init__(self, index: Index, settings: Settings) -> None:
        self.index = index
        self._retriever = Retriever(index)
        self._plan_names = PlanNames(index.documents)
        embed = load_embedded(settings).embed_passages
        self._ranker = Ranker(index.lexical.rarity, embed)
        self._generator = load_generator(settings, ranker=self._ranker)
        self._comparer = Comparer(index.targets, self._generator)

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

    def ask(
        self,
        question: str,
        *,
        region: str | None = None,
        level: str | None = None,
        status: str | None = None,
        document: str | None = None,
    ) -> Answer:
        """Answer from the documents that fit the filters; or raise BadRequest."""
        steps = self.stream(question, region=region, level=level, status=status, document=document)
        return next(step for step in steps if isinstance(step, Answer))

    def stream(
        self,
        question: str,
        *,
        region: str | None = None,
        level: str | None = None,
        status: str | None = None,
        document: str | None = None,
    ) -> Iterator[str | Answer]:
        """Yield the answer's text piece by piece, then the Answer, whose text is their sum."""
        clock = _Clock()
        query = understand(question)
        clock.lap("understand")
        only = Filter(region, level, status, document)
        hits = self._passages(query, only)
        clock.lap("retrieve")
        ranked = self._ranker.rank(query, hits)
        answerable = estimate(query, ranked, self._ranker.rarity)
        absent = self._plan_names.find_absent(query)
        reason = refusal.find_reason(query, hits, self._retriever.places, absent)
        reason = reason or refusal.find_doubt(query, ranked, answerable)
        cited = self._answered(query, hits, only) if not reason else None
        if cited is None:
            reason = reason or say(query.language, "refused")
            cited = cite(query, refusal.decline(query, reason, hits, ranked))
        clock.lap("generate")
        pieces = _pieces(query, cited)
        yield from pieces
        yield Answer(
            question=query.question,
            text="".join(pieces),
            refused=bool(reason),
            citations=cited.citations,
            language=query.language,
            generator=self._generator.name,
            timings_s=clock.laps_s,
            answerable=answerable,
        )

    def _passages(self, query: Query, only: Filter) -> tuple[Hit, ...]:
        """What the generator reads; what is compared gets its share of it each."""
        compared = self._compared(query, only)
        if len(compared) > 1:
            top_k = max(CANDIDATES // len(compared), 1)
            shares = [self._retriever.search(query, top_k=top_k, only=one) for one in compared]
            if all(shares):
                return tuple(hit for share in shares for hit in share)
        return self._retriever.search(query, top_k=CANDIDATES, only=only)

    def _compared(self, query: Query, only: Filter) -> list[Filter]:
        """A filter for each place that a question compares, or for each of two plans of one."""
        if query.kind != "compare":
            return []
        if len(query.places) > 1:
            return [replace(only, region=p.name) for p in query.places] if not only.region else []
        works = self._plan_names.find(query, count=2)
        return [replace(only, document=work) for work in works] if not only.document else []

    def _answered(self, query: Query, hits: Sequence[Hit], only: Filter) -> Cited | None:
        """A draft, verified; from the table of targets first; None if nothing of it stands."""
        admitted = [document for document in self.documents if only.admits(document)]
        drafts: tuple[Callable[[], Draft], ...] = (
            lambda: self._comparer.generate(query, hits, admitted),
            lambda: self._generator.generate(query, hits),
        )
        for draft in drafts:
            cited = cite(query, draft())
            if cited.citations:
                return cited
        return None


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


def _pieces(query: Query, cited: Cited) -> tuple[str, ...]:
    """The answer's lines, and a last one where a statement was left out."""
    lines = list(cited.lines)
    if cited.left_out:
        lines.append(say(query.language, "left_out"))
    return tuple(line if i == 0 else _GAP + line for i, line in enumerate(lines))
