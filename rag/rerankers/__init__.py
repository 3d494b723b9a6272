"""The best hits of a search, scored anew. `RERANKERS` lists ours; other names are cross-encoders.

To add a reranker: write a module here, add its line to `RERANKERS`, and to the list in
`tests/rerankers/test_contract.py`.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from rag.rerankers.cross_encoder import load_cross_encoder
from rag.rerankers.embedded import EmbeddedReranker
from rag.settings import Settings
from rag.types import Candidate, Query, Vectors


class Reranker(Protocol):
    """Looks closer at the few best candidates than a search over all of them can."""

    @property
    def name(self) -> str: ...

    def rescore(
        self, query: Query, candidates: Sequence[Candidate], rarity: Callable[[str], float]
    ) -> Vectors:
        """Scores in place of `fused`, float32 (n,), higher is better, none above the best `fused`.

        candidates: at least one, best first. rarity: how much a search word tells, >= 0.
        """


DEFAULT = "embedded"
NONE = "none"  # the order of the search
RERANKERS: dict[str, Callable[[Settings], Reranker | None]] = {
    DEFAULT: lambda settings: EmbeddedReranker(),
    NONE: lambda settings: None,
}


def load_reranker(settings: Settings) -> Reranker | None:
    """The reranker that `settings.reranker` names; raises ModelMissing without its weights."""
    return RERANKERS.get(settings.reranker, load_cross_encoder)(settings)
