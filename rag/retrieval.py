"""Query -> hits: dense and lexical search fused, filtered, regions weighed, repeats folded."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rag.errors import BadRequest
from rag.index import Index
from rag.kinds import kinds_of
from rag.places import find_places, places_of
from rag.types import Chunk, Document, Hit, Ids, Query, Vectors
from rag.words import find_numerals, split_sentences, tokenize

# Weights beside 1.0 for lexical coverage, chosen on the training questions: evals/LOG.md.
DENSE_WEIGHT = 0.01
CROSS_LANGUAGE_WEIGHT = 0.1  # of the cosine where question and document share no words
GLOSSARY_WEIGHT = 0.6  # of a question put into Chinese term by term, beside its own words
PLACE_WEIGHT = 0.1
KIND_WEIGHT = 0.05  # of a document of each kind that the question names: 意见, an action plan
_CANDIDATES = 200  # rows of each search that take part in the fusion
_FOLD_ABOVE = 0.9  # share of five-character shingles that makes two passages the same
_SHINGLE_CHARS = 5
_MAX_RUN_ON = 400  # characters; a sentence cut by a boundary is joined if its rest is this short
_BLANKS = " \t\u3000"
_SENTENCE_ENDS = "。!?;:\n.)”\uff01\uff1f\uff1b\uff1a\uff09"
MAX_TOP_K = 200


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


class Retriever:
    """Searches one index; holds no state of its own between searches.

    places: names of the places that the documents are of.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._places = [places_of(d) for d in index.documents]
        self.places = frozenset(name for own in self._places for name in own)
        self._kinds = [kinds_of(d) for d in index.documents]
        rows = {document.id: row for row, document in enumerate(index.documents)}
        self._document_rows = np.array([rows[c.document.id] for c in index.chunks], dtype=np.int64)

    def search(self, query: Query, *, top_k: int, only: Filter = Filter()) -> tuple[Hit, ...]:
        """The chunks that best fit the query, best first; at most `top_k`, fewer if fewer are left.

        The score is the share of the query's words (by their rarity) found in the chunk, plus
        the weighted cosine, plus a bonus for a document of a place, and one for a document of a
        kind, that the query names.
        source of the fusion: Bruch, Gai, Ingber 2023, "An Analysis of Fusion Functions for
        Hybrid Retrieval", convex combination.
        """
        if top_k not in range(1, MAX_TOP_K + 1):
            raise BadRequest(f"top_k is {top_k}; it must be a whole number, 1 to {MAX_TOP_K}.")
        rows = self._admitted(only)
        if not len(rows):
            return ()
        scores = self._scores(query, rows)
        order = rows[np.argsort(-scores[rows], kind="stable")]
        return self._folded(order, scores, top_k)

    def _admitted(self, only: Filter) -> Ids:
        admitted = np.array([only.admits(d) for d in self._index.documents], dtype=bool)
        return np.flatnonzero(admitted[self._document_rows]).astype(np.int64)

    def _scores(self, query: Query, rows: Ids) -> Vectors:
        """Fused score of every row, shape (chunks,); rows outside `rows` hold no meaning."""
        asked = {place.name for place in query.places}
        coverage = self._coverage(query)
        cosine = np.zeros_like(coverage)
        vector = self._index.embedder.embed_queries([query.question])
        found_scores, found = self._index.store.search(vector, _CANDIDATES, rows)
        cosine[found[0]] = found_scores[0]
        place = self._spread([bool(asked & own) for own in self._places])
        named = set(query.document_kinds)
        kind = self._spread([len(named & own) / max(len(named), 1) for own in self._kinds])
        weight = self._spread(
            [
                DENSE_WEIGHT if d.language == query.language else CROSS_LANGUAGE_WEIGHT
                for d in self._index.documents
            ]
        )
        bonus = PLACE_WEIGHT * place + KIND_WEIGHT * kind
        return np.asarray(coverage + weight * cosine + bonus, dtype=np.float32)

    def _spread(self, of_documents: Sequence[float]) -> Vectors:
        """A value a document -> a value a chunk, shape (chunks,)."""
        return np.asarray(of_documents, dtype=np.float32)[self._document_rows]

    def _coverage(self, query: Query) -> Vectors:
        """How much of the question a chunk holds, in its own words or in the glossary's."""
        own = self._share(query.question)
        if not query.chinese:
            return own
        chinese = GLOSSARY_WEIGHT * self._share(query.chinese)
        return np.asarray(np.maximum(own, chinese), dtype=np.float32)

    def _share(self, text: str) -> Vectors:
        """BM25 over the sum of the rarities of the words, so that unknown words count against."""
        tokens = tokenize(text)
        lexical = self._index.lexical
        whole = sum(lexical.rarity(token) for token in tokens)
        return np.asarray(lexical.scores(tokens) / max(whole, 1e-9), dtype=np.float32)

    def _folded(self, order: Ids, scores: Vectors, top_k: int) -> tuple[Hit, ...]:
        """The best `top_k` hits; a passage that repeats a better one of its region joins it."""
        hits: list[Hit] = []
        shingles: list[frozenset[str]] = []
        for row in order.tolist():
            chunk = self._index.chunks[row]
            own = _shingles(chunk.text)
            alike = (i for i, other in enumerate(shingles) if _alike(own, other))
            same = next((i for i in alike if _foldable(hits[i].chunk, chunk)), None)
            if same is not None:
                hits[same] = replace(hits[same], also=(*hits[same].also, chunk))
            elif len(hits) == top_k:
                break
            else:
                hits.append(Hit(_with_whole_sentences(chunk), float(scores[row])))
                shingles.append(own)
        return tuple(hits)


def _in_region(document: Document, region: str) -> bool:
    asked = {region, *(place.name for place in find_places(region))}
    return bool(asked & places_of(document))


def _with_whole_sentences(chunk: Chunk) -> Chunk:
    """The chunk, run on to the end of a sentence that the chunk boundary cut, if that is near."""
    after = chunk.document.text[chunk.end : chunk.end + _MAX_RUN_ON + 1]
    ends_itself = chunk.text.rstrip(_BLANKS)[-1:] in _SENTENCE_ENDS
    if ends_itself or after.lstrip(_BLANKS)[:1] in ("", "\n"):
        return chunk
    rest = split_sentences(after)[0]
    return replace(chunk, end=chunk.end + rest.end) if rest.end <= _MAX_RUN_ON else chunk


def _foldable(kept: Chunk, other: Chunk) -> bool:
    """Only what adds nothing: of another region, or with another figure, it answers for itself."""
    same_region = kept.document.region == other.document.region
    return same_region and find_numerals(other.text) <= find_numerals(kept.text)


def _shingles(text: str) -> frozenset[str]:
    kept = "".join(char for char in text if char.isalnum())
    count = max(len(kept) - _SHINGLE_CHARS + 1, 1)
    return frozenset(kept[i : i + _SHINGLE_CHARS] for i in range(count))


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Jaccard similarity above the threshold. source: Broder 1997, "On the resemblance …"."""
    shared = len(one & other)
    return shared >= _FOLD_ABOVE * (len(one) + len(other) - shared)
