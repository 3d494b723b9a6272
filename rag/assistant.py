"""Question -> Answer: understand, retrieve, decide whether to refuse, generate, verify, answer."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from threading import Lock

from rag.answering import PASSAGES, Answerer
from rag.conversation import FollowUp, resolve
from rag.embedders.ahead import AheadEmbedder
from rag.errors import BadRequest, RagError
from rag.generations import read_stamp
from rag.generators import DEFAULT, PromptedGenerator, load_language_model
from rag.index import Index, load_index, load_published
from rag.indexing import Change, Outcome, index_paths, silent, update_index
from rag.judging import Judge
from rag.logs import log_fault
from rag.query import understand
from rag.retrieval import Filter
from rag.settings import DEFAULT_INDEX, Settings
from rag.stores.milvus import is_uri
from rag.types import Answer, Document, Hit, Progress, Target

_TOGETHER = 256  # questions that a language model is given at once
_log = logging.getLogger(__name__)


class Assistant:
    """Answers questions from one index; safe to share between threads.

    Once another generation of the index is in use, the next question is answered from it; a
    question that is being answered stays with the generation it began with.
    """

    def __init__(self, index: Index, settings: Settings) -> None:
        self._settings = settings
        self._model = load_language_model(settings)
        self._newest = Answerer(index, settings)
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
        return self._answerer().index

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
        return self._answerer().retriever.search(understand(question), top_k=top_k, only=only)

    @property
    def generators(self) -> tuple[str, ...]:
        """Names that `ask` and `stream` take as `generator`; the first is used if none is named."""
        return (self._model.name, DEFAULT) if self._model else (DEFAULT,)

    @property
    def judge(self) -> Judge:
        """What decides whether a passage bears out a statement."""
        return self._answerer().judge

    def ask(  # noqa: PLR0913 - what a reader may narrow and choose, each by name
        self,
        question: str,
        *,
        history: Sequence[Answer] = (),
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
            history=history,
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
        history: Sequence[Answer] = (),
        region: str | None = None,
        level: str | None = None,
        status: str | None = None,
        document: str | None = None,
        generator: str | None = None,
        passages: int = PASSAGES,
    ) -> Iterator[str | Answer]:
        """Yield the answer's text as it is verified, then the Answer, whose text is the sum.

        history: the answers before, oldest first. A follow-up is answered as the question that it
        stands for, which `Answer.resolved` tells. generator: one of `generators`. passages: how
        many a language model may read. Closing the iterator stops it. Raises BadRequest, or
        ModelFailed, also in the midst of an answer.
        """
        answerer, model = self._answerer(), self._chosen(generator)
        typed = understand(question).question
        asked = self._resolve(typed, history, model)
        only = Filter(region, level, status, document)
        yield from answerer.answer(answerer.find(asked, typed, only, passages), model)

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
        model, waiting = self._chosen(generator), iter(questions)
        if model is None:
            for question in waiting:
                yield self.ask(question, generator=generator, passages=passages)
            return
        while batch := [understand(question).question for question in islice(waiting, _TOGETHER)]:
            answerer = self._answerer()
            asked = [(self._resolve(typed, (), model), typed) for typed in batch]
            found = [answerer.find(*one, Filter(), passages) for one in asked]
            yield from answerer.answer_together(found, model)

    def embed_ahead(self, questions: Sequence[str]) -> None:
        """Embed questions that are to be asked, together; a large model takes far less time so."""
        texts = [question.strip() for question in questions]
        with self._renewing:
            index = self._newest.index
            ahead = AheadEmbedder(index.embedder, texts)
            self._newest = Answerer(replace(index, embedder=ahead), self._settings)

    def _chosen(self, generator: str | None) -> PromptedGenerator | None:
        """The language model, or None for the generator that quotes."""
        if generator is not None and generator not in self.generators:
            raise BadRequest(
                f"there is no generator {generator!r} here; choose one of "
                f"{', '.join(self.generators)}, or load it: `rag ask --generator {generator}`."
            )
        return None if generator == DEFAULT else self._model

    def _resolve(
        self, typed: str, history: Sequence[Answer], model: PromptedGenerator | None
    ) -> FollowUp:
        """What is asked: the question itself, or what it stands for after the answers before.

        The one place where a follow-up becomes a question; a language model rewrites it where one
        is chosen, save for more on the same, which is no other question.
        """
        meant = resolve(typed, history)
        if meant is None:
            return FollowUp(typed, understand(typed).language)
        if model is None or meant.deepens:
            return meant
        said = model.rewrite(typed, history)
        return FollowUp(meant.question if said == typed else said, meant.language)

    def _answerer(self) -> Answerer:
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
            self._newest = Answerer(index, self._settings)
        except RagError as error:
            log_fault(_log, "the new generation can't be opened; the last one stays in use", error)
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
