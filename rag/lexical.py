"""Words -> scored rows: BM25 over the words of `rag.words`.

source: Trotman, Puurula, Burgess 2014, "Improvements to BM25 and Language Models Examined"
(the Lucene form); Lù 2024, "BM25S".
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from sys import intern
from typing import Any

import numpy as np

from rag.types import Vectors
from rag.words import tokenize

# Documents vary little in length and headings count, so b is below the usual 0.75: evals/LOG.md.
_K1, _B = 1.2, 0.5


class LexicalIndex:
    """BM25 scores of a fixed list of texts; row i belongs to text i."""

    def __init__(self, bm25: Any, rows: int) -> None:  # noqa: ANN401 - bm25s has no types
        self._bm25 = bm25
        self.rows = rows

    @classmethod
    def build(cls, texts: Iterable[str]) -> "LexicalIndex":
        """Index texts in order; at least one must have a token."""
        import bm25s  # slow to load

        # Interned, so that every place of a token shares one string: 60 % less memory.
        tokens = [list(map(intern, tokenize(text))) or [""] for text in texts]
        bm25 = bm25s.BM25(method="lucene", k1=_K1, b=_B)
        bm25.index(tokens, show_progress=False)
        return cls(bm25, len(tokens))

    def scores(self, tokens: Sequence[str]) -> Vectors:
        """BM25 score of every row, shape (rows,), >= 0; a token given twice counts twice."""
        known = [token for token in tokens if token in self._bm25.vocab_dict]
        if not known:
            return np.zeros(self.rows, dtype=np.float32)
        return np.asarray(self._bm25.get_scores(known), dtype=np.float32)

    def rarity(self, token: str) -> float:
        """How much a token tells, > 0, as BM25 weighs it; an unknown one as much as the rarest."""
        vocabulary = self._bm25.vocab_dict
        found = self._rows_with(vocabulary[token]) if token in vocabulary else 1
        return float(np.log((self.rows + 1) / (found + 0.5)))

    def _rows_with(self, token_id: int) -> int:
        starts = self._bm25.scores["indptr"]
        return int(starts[token_id + 1] - starts[token_id])

    def save(self, folder: Path) -> None:
        """Write arrays (.npy) and vocabulary (.json) into a folder, made if missing."""
        self._bm25.save(str(folder), show_progress=False)

    @classmethod
    def load(cls, folder: Path) -> "LexicalIndex":
        """Read what `save` wrote; raises OSError, ValueError or KeyError on a damaged folder."""
        import bm25s  # slow to load

        bm25 = bm25s.BM25.load(str(folder), mmap=True)
        return cls(bm25, int(bm25.scores["num_docs"]))
