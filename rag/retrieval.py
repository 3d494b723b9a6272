"""Query -> hits: dense and lexical search fused, filtered, regions weighed, repeats folded."""

import re
from collections import Counter
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from rag.errors import BadRequest
from rag.index import Index
from rag.kinds import kinds_of
from rag.places import find_places, places_of
from rag.rerankers import Reranker
from rag.types import Candidate, Chunk, Document, Hit, Ids, Query, Vectors
from rag.words import find_numerals, split_sentences, tokenize

_NEAR = 200  # rows of the dense search that take part where there are too many to score them all
_RERANKED = 20  # hits that the reranker puts in order; it costs 0.1 ms each
_DEPTH = 8  # times as many rows as hits are ranked first, since some fold into others
_FOLD_ABOVE = 0.9  # share of five-character shingles that makes two passages the same
_SHINGLE_CHARS = 5
_MAX_RUN_ON = 400  # characters; a sentence cut by a boundary is joined if its rest is this short
_NO_LETTER = re.compile(r"[\W_]+")
_BLANKS = " \t\u3000"
_SENTENCE_ENDS = "。!?;:\n.)”\uff01\uff1f\uff1b\uff1a\uff09"
MAX_TOP_K = 200


@dataclass(frozen=True)
class Weights:
    """What each part counts in the score; chosen on the training questions: evals/LOG.md.

    lexical: of the share of the question's words found in the chunk. glossary: of a question put
    into Chinese term by term, beside its own words. dense: of the cosine; cross_language: of it for
    a question in another language than most documents. place: of a document of a place that the
    question names; central: of a document of the nation or a ministry, where it names nothing less;
    kind: of each kind that it names: an opinion, an action plan.
    """

    lexical: float = 1.0
    glossary: float = 0.6
    dense: float = 0.2
    cross_language: float = 0.5
    place: float = 0.1
    central: float = 0.05
    kind: float = 0.05


@dataclass(frozen=True)
class Filter:
    """Which documents may be found; None or "" for any. region: a place, in any language."""

    region: str | None = None
    level: str | None = None
    status: str | None = None
    document: str | None = None

    def admits(self, document: Document) -> bool:
        return (
            (not self.region or _in_region(document, self.region))
            and (not self.level or self.level == document.level)
            and (not self.status or self.status == document.status)
            and (not self.document or self.document in (document.id, document.work))
        )


@dataclass(frozen=True)
class _Ranked:
    """Rows of an index, shape (n,), with their scores; place: 1 asked for, -1 another, 0 none."""

    rows: Ids
    fused: Vectors
    coverage: Vectors
    cosine: Vectors
    place: Vectors

    def take(self, order: Ids) -> "_Ranked":
        return _Ranked(*(getattr(self, field.name)[order] for field in fields(self)))


class Retriever:
    """Searches one index; holds no state of its own between searches.

    reranker: None for the order of the search itself. places: names of the places that the
    documents are of.
    """

    def __init__(
        self, index: Index, reranker: Reranker | None = None, weights: Weights = Weights()
    ) -> None:
        self._index = index
        self._reranker = reranker
        self._weights = weights
        self._kinds = [kinds_of(d) for d in index.documents]
        rows = {document.id: row for row, document in enumerate(index.documents)}
        self._document_rows = np.array([rows[c.document.id] for c in index.chunks], dtype=np.int64)
        self._of_place: dict[str, list[int]] = {}
        for row, document in enumerate(index.documents):
            for name in places_of(document):
                self._of_place.setdefault(name, []).append(row)
        self.places = frozenset(self._of_place)
        central = [document.level in ("national", "ministry") for document in index.documents]
        self._central = np.array(central, dtype=np.float32)
        languages = Counter(document.language for document in index.documents)
        self._language = languages.most_common(1)[0][0] if languages else ""

    def search(self, query: Query, *, top_k: int, only: Filter = Filter()) -> tuple[Hit, ...]:
        """The chunks that best fit the query, best first; at most `top_k`, fewer if fewer are left.

        The score is the share of the query's words (by their rarity) found in the chunk, plus
        the weighted cosine, plus bonuses for documents of a place and of a kind that the query
        names; the best are scored anew by the reranker.
        source of the fusion: Bruch, Gai, Ingber 2023, "An Analysis of Fusion Functions for
        Hybrid Retrieval", convex combination.
        """
        if top_k not in range(1, MAX_TOP_K + 1):
            raise BadRequest(f"top_k is {top_k}; it must be a whole number, 1 to {MAX_TOP_K}.")
        rows = self._admitted(only)
        searched = len(self._document_rows) if rows is None else len(rows)
        if not searched:
            return ()
        depth = _DEPTH * top_k
        while True:
            ranked = self._reranked(query, self._ranked(query, rows, depth=depth))
            last = len(ranked.rows) == searched
            hits = self._folded(ranked, top_k=top_k, last=last)
            if hits or last:
                return hits
            depth *= _DEPTH

    def documents_of(self, query: Query) -> tuple[Document, ...]:
        """The documents of the places that the query names, each once; () if it names none."""
        rows = dict.fromkeys(r for p in query.places for r in self._of_place.get(p.name, ()))
        return tuple(self._index.documents[row] for row in rows)

    def candidates(self, query: Query) -> tuple[Candidate, ...]:
        """What the reranker is given, best first."""
        return self._looked_at(self._ranked(query, None, depth=_RERANKED))

    def _admitted(self, only: Filter) -> Ids | None:
        """The rows that a filter lets pass, ascending; None for all."""
        if only == Filter():
            return None
        admitted = np.array([only.admits(d) for d in self._index.documents], dtype=bool)
        return np.flatnonzero(admitted[self._document_rows]).astype(np.int64)

    def _ranked(self, query: Query, rows: Ids | None, *, depth: int) -> "_Ranked":
        """At least the `depth` best rows, best first, or all."""
        asked = np.zeros(len(self._index.documents), dtype=bool)
        asked[[row for place in query.places for row in self._of_place.get(place.name, ())]] = True
        vector = self._index.embedder.embed_queries([query.question])
        count = len(self._document_rows if rows is None else rows)
        if count <= depth + _NEAR:
            candidates = np.arange(count) if rows is None else rows
        else:
            near = self._index.store.search(vector, _NEAR, rows)[1][0]
            candidates = self._candidates(query, near, rows, asked, count=depth + _NEAR)
        ranked = self._scored(query, vector, candidates, asked)
        order = np.argsort(-ranked.fused, kind="stable")
        return ranked.take(order if len(candidates) == count else order[:depth])

    def _candidates(
        self,
        query: Query,
        near: Ids,
        rows: Ids | None,
        asked: NDArray[np.bool_],
        *,
        count: int,
    ) -> Ids:
        """Rows among which the best stand, ascending.

        Apart from the rows of the dense search, all of which are in, the score orders rows as
        their words do, among the places asked for and among all; a row without a word of the
        question stands behind those before it. Rows of the dense search may stand between, so as
        many more are taken.
        """
        groups = [rows]
        if asked.any():
            of_place = np.flatnonzero(asked[self._document_rows]).astype(np.int64)
            groups.append(of_place if rows is None else np.intersect1d(of_place, rows))
        found = [near]
        for group in groups:
            found.append(np.arange(count) if group is None else group[:count])
            for text in filter(None, (query.question, query.chinese)):
                found.append(self._index.lexical.best(tokenize(text), count, group))
        return np.unique(np.concatenate(found))

    def _scored(
        self, query: Query, vector: Vectors, rows: Ids, asked: NDArray[np.bool_]
    ) -> "_Ranked":
        """`rows` with their scores. asked: the documents of a place named."""
        weights = self._weights
        coverage = self._coverage(query, rows)
        cosine = np.zeros_like(coverage)
        found_scores, found = self._index.store.search(vector, len(rows), rows)
        cosine[np.searchsorted(rows, found[0])] = found_scores[0]
        documents = self._document_rows[rows]
        own = query.language == self._language
        weight = weights.dense if own else weights.cross_language
        place = asked[documents].astype(np.float32)
        named = set(query.document_kinds)
        shared = [len(named & self._kinds[row]) for row in documents.tolist()]
        kind = np.array(shared) / max(len(named), 1)
        fused = weights.lexical * coverage + weight * cosine
        fused += weights.place * place + weights.kind * kind
        if not query.everywhere and all(place.level == "national" for place in query.places):
            fused += weights.central * self._central[documents]
        wanted = 2 * place - 1 if asked.any() else np.zeros_like(place)
        return _Ranked(rows, fused.astype(np.float32), coverage, cosine, wanted)

    def _reranked(self, query: Query, ranked: "_Ranked") -> "_Ranked":
        """The same with the first few scored anew; the others fall as deep as any of these."""
        if self._reranker is None:
            return ranked
        first = self._looked_at(ranked)
        change = self._reranker.rescore(query, first, self._index.lexical.rarity)
        change = change - ranked.fused[: len(first)]
        fused = ranked.fused + np.float32(min(change.min(), 0))
        fused[: len(first)] = ranked.fused[: len(first)] + change
        order = np.argsort(-fused, kind="stable")
        return replace(ranked, fused=fused).take(order)

    def _looked_at(self, ranked: "_Ranked") -> tuple[Candidate, ...]:
        best = ranked.take(np.arange(min(_RERANKED, len(ranked.rows))))
        columns = (best.fused, best.coverage, best.cosine, best.place)
        scores = zip(best.rows.tolist(), *(column.tolist() for column in columns), strict=True)
        return tuple(Candidate(self._index.chunks[row], *values) for row, *values in scores)

    def _coverage(self, query: Query, rows: Ids) -> Vectors:
        """How much of the question a chunk holds, in its own words or in the glossary's."""
        own = self._share(query.question, rows)
        if not query.chinese:
            return own
        chinese = self._weights.glossary * self._share(query.chinese, rows)
        return np.asarray(np.maximum(own, chinese), dtype=np.float32)

    def _share(self, text: str, rows: Ids) -> Vectors:
        """BM25 over the sum of the rarities of the words, so that unknown words count against."""
        tokens = tokenize(text)
        lexical = self._index.lexical
        whole = sum(lexical.rarity(token) for token in tokens)
        return np.asarray(lexical.scores_of(tokens, rows) / max(whole, 1e-9), dtype=np.float32)

    def _folded(self, ranked: "_Ranked", *, top_k: int, last: bool) -> tuple[Hit, ...]:
        """The best `top_k` hits; a passage that repeats a better one of its region joins it.

        () if these rows don't suffice for so many and are not the `last`.
        """
        hits: list[Hit] = []
        shingles: list[set[str]] = []
        repeats: list[list[Chunk]] = []
        full = False
        for row, score in zip(ranked.rows.tolist(), ranked.fused.tolist(), strict=True):
            chunk = self._index.chunks[row]
            own = _shingles(chunk.text)
            alike = (i for i, other in enumerate(shingles) if _alike(own, other))
            same = next((i for i in alike if _foldable(hits[i].chunk, chunk)), None)
            full = len(hits) == top_k and same is None
            if full:
                break
            if same is not None:
                repeats[same].append(chunk)
                continue
            hits.append(Hit(_with_whole_sentences(chunk), score))
            shingles.append(own)
            repeats.append([])
        folded = (replace(hit, also=tuple(also)) for hit, also in zip(hits, repeats, strict=True))
        return tuple(folded) if full or last else ()


def _in_region(document: Document, region: str) -> bool:
    asked = {region, *(place.name for place in find_places(region))}
    return bool(asked & places_of(document))


def _with_whole_sentences(chunk: Chunk) -> Chunk:
    """The chunk, run on to the end of a sentence that the chunk boundary cut, if that is near."""
    after = chunk.document.text[chunk.end : chunk.end + _MAX_RUN_ON + 1]
    ends_itself = chunk.text.rstrip(_BLANKS)[-1:] in _SENTENCE_ENDS
    if ends_itself or after.lstrip(_BLANKS)[:1] in ("", "\n"):
        return chunk
    rest = next(iter(split_sentences(after)), None)  # none where only controls follow
    near = rest and rest.end <= _MAX_RUN_ON
    return replace(chunk, end=chunk.end + rest.end) if rest and near else chunk


def _foldable(kept: Chunk, other: Chunk) -> bool:
    """Only what adds nothing: of another region, or with another figure, it answers for itself."""
    same_region = kept.document.region == other.document.region
    return same_region and find_numerals(other.text) <= find_numerals(kept.text)


def _shingles(text: str) -> set[str]:
    kept = _NO_LETTER.sub("", text)
    count = max(len(kept) - _SHINGLE_CHARS + 1, 1)
    return {kept[i : i + _SHINGLE_CHARS] for i in range(count)}


def _alike(one: set[str], other: set[str]) -> bool:
    """Jaccard similarity above the threshold. source: Broder 1997, "On the resemblance …"."""
    shared = len(one & other)
    return shared >= _FOLD_ABOVE * (len(one) + len(other) - shared)
