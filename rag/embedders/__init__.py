"""Text -> vectors. `EMBEDDERS` lists ours; other names are sentence-transformers models.

To add an embedder: write a module here, add its line to `EMBEDDERS`, and to the list in
`tests/embedders/test_contract.py`.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from rag.embedders.static import load_embedded
from rag.embedders.transformer import load_transformer
from rag.settings import Settings
from rag.types import Vectors


class Embedder(Protocol):
    """Turns texts into unit vectors; a query and a passage that mean the same lie close.

    identity: name and fingerprint of the weights; two embedders with one identity give one vector.
    dim: width of the vectors.
    """

    @property
    def identity(self) -> str: ...

    @property
    def dim(self) -> int: ...

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """float32 (n, dim), rows of length 1, or 0 for a text with nothing known in it."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """The same for texts to be found; some models prompt the two apart."""


DEFAULT = "embedded"
EMBEDDERS: dict[str, Callable[[Settings], Embedder]] = {DEFAULT: load_embedded}


def load_embedder(settings: Settings) -> Embedder:
    """The embedder that `settings.embedder` names, ours for ""; raises ModelMissing without it."""
    return EMBEDDERS.get(settings.embedder or DEFAULT, load_transformer)(settings)
