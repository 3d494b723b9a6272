"""Words -> scored rows: BM25 over the words of `rag.words`.

source: Trotman, Puurula, Burgess 2014, "Improvements to BM25 and Language Models Examined"
(the Lucene form); Lù 2024, "BM25S". The best rows of many are found without scoring the rest:
Turtle, Flood 1995, "Query evaluation: strategies and optimizations" (MaxScore).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rag.lexical.building import Postings, read_postings, write_postings
from rag.types import Ids, Vectors
from rag.words import tokenize

# Documents vary little in length and headings count, so b is below the usual 0.75: evals/LOG.md.
K1, B = 1.2, 0.5
_POSTINGS = 2_000_000  # of a query; so many are added up sooner than they are pruned
_SPARSE = 16  # a list this many times longer than the candidates is searched, not read
_SAMPLED = 32  # one value in so many
_LEAST = np.finfo(np.float32).tiny
_SLACK = 1e-5  # sums in another order differ by less, as a share


class Lexical(Protocol):
    """What a search needs of the words; row i belongs to text i."""

    @property
    def rows(self) -> int: ...

    def rarity(self, token: str) -> float:
        """How much a token tells, > 0, as BM25 weighs it; an unknown one as much as the rarest."""

    def scores_of(self, tokens: Sequence[str], rows: Ids) -> Vectors:
        """BM25 score of each of `rows`, which ascend, shape (n,)."""

    def best(self, tokens: Sequence[str], count: int, among: Ids | None = None) -> Ids:
        """At least the `count` rows that score highest above 0, ascending.

        among: all rows of some documents, ascending; None for every row.
        """


class LexicalIndex:
    """BM25 scores of a fixed list of texts; row i belongs to text i."""

    def __init__(self, postings: Postings, vocabulary: Mapping[str, int], rows: int) -> None:
        """vocabulary: word -> its number in the postings."""
        self._starts, self._listed, self._data = postings
        self._vocabulary = vocabulary
        self.rows = rows

    @classmethod
    def build(cls, texts: Iterable[str]) -> "LexicalIndex":
        """Index texts in order; at least one. Its files are gone with it."""
        with TemporaryDirectory() as folder:
            cls.write(texts, Path(folder))
            return cls.load(Path(folder))

    @staticmethod
    def write(texts: Iterable[str], folder: Path) -> None:
        """Index texts in order into a folder, made if missing: arrays (.npy), vocabulary (.json).

        Memory: each different word once, 8 bytes a text, the rows of the commonest word. Raises
        OSError if the disk refuses.
        """
        write_postings(map(tokenize, texts), folder, k1=K1, b=B)

    def scores(self, tokens: Sequence[str]) -> Vectors:
        """BM25 score of every row, shape (rows,), >= 0; a token given twice counts twice."""
        total = np.zeros(self.rows, dtype=np.float32)
        for number in self._known(tokens):
            listed, data = self._postings(number)
            total[listed] += data
        return total

    def scores_of(self, tokens: Sequence[str], rows: Ids) -> Vectors:
        """What `scores` gives for `rows`, bit for bit, shape (n,); rows: ascending."""
        return self._summed(self._known(tokens), rows)

    def best(self, tokens: Sequence[str], count: int, among: Ids | None = None) -> Ids:
        """The `count` rows that score highest, ties with the last included, ascending.

        Fewer if fewer score above 0. Rows that all but tie with the last may come too.
        among: only of these rows, ascending; None for all.
        """
        known = self._known(tokens)
        if among is not None and len(among) * _SPARSE < self.rows:
            return _highest(among, self._summed(known, among), count)
        if sum(self._rows_with(number) for number in known) <= _POSTINGS:
            scores = self.scores(tokens)
            if among is not None:
                return _highest(among, scores[among], count)
            rows = _leading(scores, count)
            return _highest(rows, scores[rows], count)
        return self._pruned(known, count, among)

    def _pruned(self, known: Sequence[int], count: int, among: Ids | None) -> Ids:
        """MaxScore: add up the rare words' lists until no row of the others alone can get in."""
        weights = Counter(known)
        bounds = {number: times * self._bound(number) for number, times in weights.items()}
        left = sorted(weights, key=self._rows_with)
        rest, floor = sum(bounds.values()), 0.0
        checked = rest  # a floor has its price, so it is worked out as the rest halves
        partial = np.zeros(self.rows, dtype=np.float32)
        outside = None if among is None else ~_mask(among, self.rows)
        while left and floor < rest:
            number = left.pop(0)
            rows, data = self._postings(number)
            partial[rows] += weights[number] * data
            rest -= bounds[number]
            if rest < checked / 2 and left:
                checked = rest
                if outside is not None:
                    partial[outside] = 0
                floor = max(floor, self._floor(partial, known, count))
        if outside is not None:
            partial[outside] = 0
        candidates = np.flatnonzero(partial > max(floor - rest, 0.0))
        reached = partial[candidates]
        for number in sorted(left, key=lambda number: -bounds[number]):
            rest -= bounds[number]
            reached = reached + weights[number] * self._looked_up(number, candidates)
            kept = reached >= (floor - rest) * (1 - _SLACK)
            candidates, reached = candidates[kept], reached[kept]
        candidates = candidates[_leading(reached, count)]
        return _highest(candidates, self._summed(known, candidates), count)

    def _floor(self, partial: Vectors, known: Sequence[int], count: int) -> float:
        """What the `count`th best row scores at least: those best so far, in whole."""
        best = _leading(partial, count)
        if len(best) < count:
            return 0.0
        return float(np.partition(self._summed(known, best), -count)[-count]) * (1 - _SLACK)

    def _summed(self, known: Sequence[int], rows: Ids) -> Vectors:
        """In the order of the words, as `scores` adds them."""
        total = np.zeros(len(rows), dtype=np.float32)
        for number in known:
            total += self._looked_up(number, rows)
        return total

    def _looked_up(self, number: int, rows: Ids) -> Vectors:
        """What a word adds to the score of each of `rows`, which ascend."""
        listed, data = self._postings(number)
        if len(rows) * _SPARSE >= self.rows:
            spread = np.zeros(self.rows, dtype=np.float32)
            spread[listed] = data
            return np.asarray(spread[rows], dtype=np.float32)
        at = np.minimum(np.searchsorted(listed, rows.astype(listed.dtype)), len(listed) - 1)
        return np.asarray(np.where(listed[at] == rows, data[at], 0), dtype=np.float32)

    def _known(self, tokens: Sequence[str]) -> list[int]:
        vocabulary = self._vocabulary
        return [vocabulary[token] for token in tokens if token in vocabulary]

    def _postings(self, number: int) -> tuple[NDArray[np.int32], Vectors]:
        """The rows with a word, ascending, and what it adds to the score of each."""
        begin, end = self._starts[number : number + 2]
        return self._listed[begin:end], self._data[begin:end]

    def _bound(self, number: int) -> float:
        """The most that a word adds to any row."""
        return float(self._postings(number)[1].max(initial=0))

    def rarity(self, token: str) -> float:
        """How much a token tells, > 0, as BM25 weighs it; an unknown one as much as the rarest."""
        number = self._vocabulary.get(token)
        found = 1 if number is None else self._rows_with(number)
        return float(np.log((self.rows + 1) / (found + 0.5)))

    def _rows_with(self, token_id: int) -> int:
        return int(self._starts[token_id + 1] - self._starts[token_id])

    @classmethod
    def load(cls, folder: Path) -> "LexicalIndex":
        """Map what `write` wrote; raises OSError, ValueError or KeyError on a damaged folder."""
        return cls(*read_postings(folder))


def _mask(rows: Ids, count: int) -> NDArray[np.bool_]:
    mask = np.zeros(count, dtype=bool)
    mask[rows] = True
    return mask


def _highest(rows: Ids, scores: Vectors, count: int) -> Ids:
    """Of `rows`, those that score above 0 and no less than the `count`th highest, or all but it."""
    kept = scores > 0
    if len(rows) > count:
        kept &= scores >= np.partition(scores, -count)[-count] * (1 - _SLACK)
    return np.asarray(rows[kept], dtype=np.int64)


def _leading(values: Vectors, count: int) -> Ids:
    """Where the `count` highest values above 0 stand, and some more, ascending.

    A sample tells about how high they are; sorting a million values takes ten times longer.
    """
    if len(values) > count * _SAMPLED * 2:
        sample = values[::_SAMPLED]
        rank = 2 * count // _SAMPLED + 8
        found = np.flatnonzero(values >= max(np.partition(sample, -rank)[-rank], _LEAST))
        if len(found) >= count:
            return np.asarray(found, dtype=np.int64)
    return np.flatnonzero(values > 0)
