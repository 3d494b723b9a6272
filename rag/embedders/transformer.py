"""Any sentence-transformers model, by hub name or local folder, on CPU or CUDA.

Queries and passages are prompted as the model's own configuration says (`query`, `document`).
"""

import hashlib
import logging
from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag.errors import ModelFailed, ModelMissing, first_line
from rag.settings import Backend, Settings
from rag.types import Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_WEIGHT_SUFFIXES = (".safetensors", ".bin")
_SAMPLED_BYTES = 1 << 20  # of each end of a file: training moves all weights, and files are large
_SLAB = 16  # batches encoded in one call, after which another batch size may be tried
_HUB_TIMEOUT_S = 5
_HUB_FILES = ("modules.json", "config.json")  # one of them is in every model's repository
_log = logging.getLogger(__name__)


class TransformerEmbedder:
    """A sentence-transformers model; vectors are scaled to length 1.

    Texts are batched longest first, so that little padding is computed and what doesn't fit into
    memory shows at once; the batch is then halved, and the work goes on.
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
        told = prompts.get(prompt) or prompts.get("passage" if prompt == "document" else "")
        vectors = self._encode(texts, told)
        # Scaled here, since in half precision a length comes out up to 0.4 % off.
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)

    def _encode(self, texts: Sequence[str], prompt: str | None) -> Vectors:
        """float32 (n, dim) in the order of the texts; ModelFailed if one text is too much."""
        import torch

        order = sorted(range(len(texts)), key=lambda row: -len(texts[row]))
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        size, at = self._batch_size, 0
        while at < len(order):
            rows = order[at : at + size * _SLAB]
            try:
                found = self._model.encode(
                    [texts[row] for row in rows],
                    prompt=prompt,
                    batch_size=size,
                    convert_to_numpy=True,
                    show_progress_bar=False,
                )
            except torch.OutOfMemoryError as error:
                size = self._halved(min(size, len(rows)), error)
                continue
            vectors[rows] = found
            at += len(rows)
        return vectors

    def _halved(self, size: int, error: Exception) -> int:
        import torch

        if size == 1:
            raise ModelFailed(
                f"embedding one text takes more memory than there is ({first_line(error)}); name "
                "a smaller model, or use the processor: --device cpu."
            ) from error
        _log.warning("out of memory at %d texts at once; going on with %d", size, size // 2)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return size // 2


def load_transformer(settings: Settings) -> TransformerEmbedder:
    """Load `settings.embedder` from a folder or the local model cache; half precision on CUDA.

    Downloads only what is in neither; raises ModelMissing if there is no model.
    """
    name = settings.embedder
    try:
        model = _open(name, settings.device, settings.backend)
    except Exception as error:  # the hub client raises many types for "not there"
        if "requires installing" in str(error):
            raise ModelMissing(
                f"backend {settings.backend!r} is not installed; install it, best into an "
                f"environment of its own: `pip install 'sentence-transformers[{settings.backend}]'`"
                ", or use the default: --backend torch."
            ) from error
        raise ModelMissing(
            f"embedding model {name!r} can be neither opened here nor downloaded "
            f"({first_line(error)}); name a local folder, or use the default: --embedder embedded."
        ) from error
    return TransformerEmbedder(model, f"transformer:{_model_identity(name)}", settings.batch_size)


def _open(name: str, device: str, backend: Backend) -> "SentenceTransformer":
    is_file, is_here = Path(name).exists(), Path(name).exists() or _is_cached(name)
    if not is_here:
        _ask_hub()

    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    dtype = "auto"
    if device.startswith("cuda"):
        dtype = "bfloat16" if torch.cuda.is_bf16_supported() else "float16"
    # Weights load in a second or so; downloads keep their bar.
    disable_progress_bar()  # type: ignore[no-untyped-call]
    options = {"dtype": dtype} if backend == "torch" else {}  # the others know no such option
    open_model = partial(
        SentenceTransformer, name, device=device, backend=backend, model_kwargs=options
    )
    try:
        if is_here:
            return open_model(local_files_only=True)
    except Exception:
        if is_file:
            raise
        _ask_hub()
    return open_model()


def _is_cached(name: str) -> bool:
    from huggingface_hub import try_to_load_from_cache

    repository = name if "/" in name else f"sentence-transformers/{name}"
    return any(isinstance(try_to_load_from_cache(repository, file), str) for file in _HUB_FILES)


def _ask_hub() -> None:
    """Fail at once where there is no hub: a download is tried for over a minute."""
    from huggingface_hub import constants, get_session

    get_session().head(constants.ENDPOINT, timeout=_HUB_TIMEOUT_S)


def _model_identity(name: str) -> str:
    """A folder's name stands for it wherever it lies, and a fingerprint for its weights."""
    folder = Path(name)
    if not folder.is_dir():
        return name
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.suffix in _WEIGHT_SUFFIXES):
        size = file.stat().st_size
        digest.update(size.to_bytes(8))
        with file.open("rb") as weights:
            digest.update(weights.read(_SAMPLED_BYTES))
            weights.seek(max(size - _SAMPLED_BYTES, 0))
            digest.update(weights.read())
    return f"{folder.resolve().name}:{digest.hexdigest()[:12]}"
