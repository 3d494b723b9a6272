"""Any sentence-transformers model, by hub name or local folder, on CPU or CUDA.

Queries and passages are prompted as the model's own configuration says (`query`, `document`).
"""

from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag.errors import ModelMissing
from rag.settings import Settings
from rag.types import Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_HUB_TIMEOUT_S = 10


class TransformerEmbedder:
    """A sentence-transformers model; vectors are scaled to length 1.

    Texts are sorted by length inside sentence-transformers, so little padding is computed.
    """

    def __init__(self, model: "SentenceTransformer", identity: str, batch_size: int) -> None:
        self._model = model
        self._batch_size = batch_size
        self.identity = identity

    @cached_property
    def dim(self) -> int:
        return int(self._model.get_embedding_dimension() or 0)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self._embed(texts, "query")

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self._embed(texts, "document")

    def _embed(self, texts: Sequence[str], prompt: str) -> Vectors:
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        prompts = self._model.prompts or {}
        vectors = self._model.encode(
            list(texts),
            prompt=prompts.get(prompt) or prompts.get("passage" if prompt == "document" else ""),
            batch_size=self._batch_size,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return np.asarray(vectors, dtype=np.float32)


def load_transformer(settings: Settings) -> TransformerEmbedder:
    """Load `settings.embedder` from a folder or the local model cache; half precision on CUDA.

    Downloads only what is in neither; raises ModelMissing if there is no model.
    """
    import torch

    name = settings.embedder
    device = settings.device or ("cuda" if torch.cuda.is_available() else "cpu")
    dtype = "bfloat16" if device.startswith("cuda") and torch.cuda.is_bf16_supported() else "auto"
    try:
        model = _open(name, device, dtype)
    except Exception as error:  # the hub client raises many types for "not there"
        raise ModelMissing(
            f"embedding model {name!r} can be neither opened here nor downloaded "
            f"({_first_line(error)}); name a local folder, or use the default: --embedder embedded."
        ) from error
    return TransformerEmbedder(model, f"transformer:{_model_identity(name)}", settings.batch_size)


def _open(name: str, device: str, dtype: str) -> "SentenceTransformer":
    from huggingface_hub import HfApi
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    # Weights load in a second or so; downloads keep their bar.
    disable_progress_bar()  # type: ignore[no-untyped-call]
    open_model = partial(SentenceTransformer, name, device=device, model_kwargs={"dtype": dtype})
    try:
        return open_model(local_files_only=True)
    except Exception:
        if not Path(name).exists():  # asked once, since a download is tried for over a minute
            HfApi().model_info(name, timeout=_HUB_TIMEOUT_S)
        return open_model()


def _model_identity(name: str) -> str:
    """A folder's name stands for it wherever it lies; its weights' size tells versions apart."""
    folder = Path(name)
    if not folder.is_dir():
        return name
    size = sum(file.stat().st_size for file in sorted(folder.rglob("*.safetensors")))
    return f"{folder.resolve().name}:{size}"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
