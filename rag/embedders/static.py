"""Static token embeddings: a text is the weighted mean of its tokens' vectors. No torch.

The folder is laid out as sentence-transformers lays out a `StaticEmbedding`, so
`SentenceTransformer(folder)` gives the same vectors. Token weights are folded into the rows.
source: sentence-transformers documentation, "StaticEmbedding".
"""

import hashlib
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag.errors import ModelMissing
from rag.settings import Settings
from rag.types import Vectors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

EMBEDDED_FOLDER = Path(__file__).parents[1] / "models" / "tanwen-static"
_ENCODED_AT_ONCE = 1024  # texts; an encoding takes many times its text's memory
_WEIGHTS, _TOKENIZER = "model.safetensors", "tokenizer.json"


class StaticEmbedder:
    """Mean of token vectors, scaled to length 1.

    weights: float16 or float32 (vocabulary, dim), row i for the tokenizer's id i.
    """

    def __init__(self, tokenizer: "Tokenizer", weights: Vectors, identity: str) -> None:
        self._tokenizer = tokenizer
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._weights = weights
        self.identity = identity

    @classmethod
    def load(cls, folder: Path) -> "StaticEmbedder":
        """Read a folder; raises ModelMissing naming what is not there or can't be read."""
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
            weights = load_file(folder / _WEIGHTS)["embedding.weight"]
        except Exception as error:  # tokenizers and safetensors raise bare types of their own
            raise ModelMissing(
                f"{folder} holds no static embedding model ({error}); it needs {_TOKENIZER} and "
                f"{_WEIGHTS}. Take the folder from a fresh clone."
            ) from error
        return cls(tokenizer, weights, f"static:{folder.name}:{_fingerprint(folder)}")

    @cached_property
    def dim(self) -> int:
        return int(self._weights.shape[1])

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self._embed(texts)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self._embed(texts)

    def _embed(self, texts: Sequence[str]) -> Vectors:
        means = np.zeros((len(texts), self.dim), dtype=np.float32)
        for begin in range(0, len(texts), _ENCODED_AT_ONCE):
            batch = list(texts[begin : begin + _ENCODED_AT_ONCE])
            encodings = self._tokenizer.encode_batch_fast(batch, add_special_tokens=False)
            for row, encoding in enumerate(encodings, begin):
                if encoding.ids:
                    means[row] = self._weights[encoding.ids].astype(np.float32).mean(axis=0)
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        return np.asarray(means / np.maximum(lengths, 1e-12), dtype=np.float32)


def load_embedded(settings: Settings) -> StaticEmbedder:
    """The model that ships with the program; one for all, as nothing changes it."""
    return _embedded()


@cache
def _embedded() -> StaticEmbedder:
    return StaticEmbedder.load(EMBEDDED_FOLDER)


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for name in (_TOKENIZER, _WEIGHTS):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()[:12]
