"""Question -> Answer: understand, retrieve, decide whether to refuse, generate, verify, answer."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

from rag import refusal
from rag.citing import Cited, cite
from rag.conversation import FollowUp, resolve, without_told
from rag.errors import BadRequest, RagError
from rag.generations import read_stamp
from rag.generators import Generator, load_generator
from rag.generators.comparing import Comparer
from rag.index import Index, load_index, load_published
from rag.indexing import Change, Outcome, Progress, index_paths, silent, update_index
from rag.naming import PlanNames
from rag.query import understand
from rag.retrieval import Filter, Retriever
from rag.settings import DEFAULT_INDEX, Settings
from rag.stores.milvus import is_uri
from rag.types import Answer, Document, Draft, Hit, Query, Target
from rag.wording import say

_PASSAGES = 8  # hits that the generator reads; more adds time and noise: evals/LOG.md
_GAP = "\n\n"
_log = logging.getLogger(__name__)


class Assistant:
    """Answers questions from one index; safe to share between threads.

    Once another generation of the index is in use, the next question is answered from it; a
    question that is being answered stays with the generation it began with.
    """

    def __init__(self, index: Index, settings: Settings) -> None:
        self._settings = settings
        self._newest = _Reading.of(index, settings)
        self._refused = ""  # stamp of a generation that can't be opened
        self._renewing = Lock()

    @classmethod
    def load(
        cls, index: str | Path = DEFAULT_INDEX, *, settings: Settings = Settings()
    ) -> "Assistant":
        """Open an index that `build` or `rag index` made; raises RagError naming the remedy.

        index: its folder; or the address of a Milvus, or a file of Milvus Lite, that holds it.
        """
        if is_uri(str(index)):
            return cls(load_published(str(index), settings), settings)
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
        index_paths([Path(p) for p in paths], Path(index), settings=settings, progress=progress)
        return cls.load(index, settings=settings)

    @property
    def index(self) -> Index:
        """The generation in use."""
        return self._reading().index

    @property
    def documents(self) -> tuple[Document, ...]:
        """What is indexed, in the order of the files' paths."""
        return self.index.documents

    def add(self, paths: Sequence[str | Path], progress: Progress = silent) -> Outcome:
        """Read files and folders into the index, as `build` does, and answer from them at once.

        Only what is new or changed is read and embedded. Raises as `build`, and WriteError while
        another process or thread is writing the index.
        """
        return self._write([Path(path) for path in paths], progress=progress)

    def remove(self, document_ids: Sequence[str]) -> Outcome:
        """Leave documents out of the index, or all of a file by its path.

        Naming their file to `add` brings them back. Ids that were numbered because they clashed
        are numbered anew. Raises BadRequest for an id that isn't there, or if none would be left.
        """
        return self._write([], remove=document_ids)

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
        return self._reading().retriever.search(understand(question), top_k=top_k, only=only)

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Answer] = (),
        region: str | None = None,
        level: str | None = None,
        status: str | None = None,
        document: str | None = None,
    ) -> Answer:
        """Answer from the documents that fit the filters; or raise BadRequest.

        history: the answers before, oldest first. A follow-up is answered as the question that it
        stands for, which `Answer.resolved` tells.
        """
        steps = self.stream(
            question,
            history=history,
            region=region,
            level=level,
            status=status,
            document=document,
        )
        return next(step for step in steps if isinstance(step, Answer))

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Answer] = (),
        region: str | None = None,
        level: str | None = None,
        status: str | None = None,
        document: str | None = None,
    ) -> Iterator[str | Answer]:
        """Yield the answer's text piece by piece, then the Answer, whose text is their sum."""
        clock, reading = _Clock(), self._reading()
        typed = understand(question)
        meant = self._resolve(typed, history)
        query = understand(meant.searched or meant.question, language=meant.language)
        clock.lap("understand")
        only = Filter(region, level, status, document or meant.work)
        hits = reading.more(query, only, meant) if meant.deepens else reading.passages(query, only)
        clock.lap("retrieve")
        absent = reading.plan_names.find_absent(query)
        reason = refusal.find_reason(query, hits, reading.retriever.places, absent)
        if meant.told and not hits:
            reason = say(query.language, "no_more")
        cited = reading.answered(query, hits, only) if not reason else None
        if cited is None:
            reason = reason or say(query.language, "refused")
            cited = cite(query, refusal.decline(query, reason, hits))
        clock.lap("generate")
        pieces = _pieces(query, cited)
        yield from pieces
        yield Answer(
            question=typed.question,
            text="".join(pieces),
            refused=bool(reason),
            citations=cited.citations,
            language=query.language,
            generator=reading.generator.name,
            timings_s=clock.laps_s,
            resolved="" if meant.question == typed.question else meant.question,
        )

    def _resolve(self, typed: Query, history: Sequence[Answer]) -> FollowUp:
        """What is asked: the question itself, or what it stands for after the answers before.

        The one place where a follow-up becomes a question, whoever rewrites it.
        """
        return resolve(typed.question, history) or FollowUp(typed.question, typed.language)

    def _reading(self) -> "_Reading":
        """The generation in use; one that can't be opened is logged, and the last one kept."""
        newest = self._newest
        folder = newest.index.folder
        stamp = read_stamp(folder) if folder else ""
        known = ("", newest.index.stamp, self._refused)
        # One thread opens it; others go on with what they have.
        if folder and stamp not in known and self._renewing.acquire(blocking=False):
            try:
                self._renew(folder, stamp)
            finally:
                self._renewing.release()
        return self._newest

    def _renew(self, folder: Path, stamp: str) -> None:
        newest = self._newest
        if newest.index.stamp == stamp:
            return
        try:
            index = load_index(folder, self._settings, embedder=newest.index.embedder)
            self._newest = _Reading.of(index, self._settings)
        except RagError:
            _log.exception("the new generation can't be opened; the last one stays in use")
            self._refused = stamp

    def _write(
        self,
        paths: Sequence[Path],
        *,
        remove: Sequence[str] = (),
        progress: Progress = silent,
    ) -> Outcome:
        index = self.index
        if index.folder is None:
            raise BadRequest("this index lies in no folder; load one: `Assistant.load(folder)`.")
        outcome = update_index(
            Change(paths, remove),
            index.folder,
            settings=self._settings,
            progress=progress,
            embedder=index.embedder,
        )
        with self._renewing:
            self._renew(index.folder, read_stamp(index.folder))
        return outcome


@dataclass(frozen=True)
class _Reading:
    """One generation of the index, and what answers from it."""

    index: Index
    retriever: Retriever
    plan_names: PlanNames
    generator: Generator
    comparer: Comparer

    @classmethod
    def of(cls, index: Index, settings: Settings) -> "_Reading":
        generator = load_generator(settings, rarity=index.lexical.rarity)
        return cls(
            index,
            Retriever(index),
            PlanNames(index.documents),
            generator,
            Comparer(index.targets, generator),
        )

    def more(self, query: Query, only: Filter, meant: FollowUp) -> tuple[Hit, ...]:
        """Twice the passages, without what was quoted before."""
        hits = self.retriever.search(query, top_k=2 * _PASSAGES, only=only)
        return without_told(hits, meant.told)

    def passages(self, query: Query, only: Filter) -> tuple[Hit, ...]:
        """What the generator reads; what is compared gets its share of it each."""
        compared = self._compared(query, only)
        if len(compared) > 1:
            top_k = max(_PASSAGES // len(compared), 1)
            shares = [self.retriever.search(query, top_k=top_k, only=one) for one in compared]
            if all(shares):
                return tuple(hit for share in shares for hit in share)
        return self.retriever.search(query, top_k=_PASSAGES, only=only)

    def _compared(self, query: Query, only: Filter) -> list[Filter]:
        """A filter for each place that a question compares, or for each of two plans of one."""
        if query.kind != "compare":
            return []
        if len(query.places) > 1:
            return [replace(only, region=p.name) for p in query.places] if not only.region else []
        works = self.plan_names.find(query, count=2)
        return [replace(only, document=work) for work in works] if not only.document else []

    def answered(self, query: Query, hits: Sequence[Hit], only: Filter) -> Cited | None:
        """A draft, verified; from the table of targets first; None if nothing of it stands."""
        admitted = [document for document in self.index.documents if only.admits(document)]
        drafts: tuple[Callable[[], Draft], ...] = (
            lambda: self.comparer.generate(query, hits, admitted),
            lambda: self.generator.generate(query, hits),
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
