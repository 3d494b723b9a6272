"""Any sentence-transformers cross-encoder, by hub name or local folder: question and passage read
together, which tells more than their vectors do, at the price of a pass of the model a passage.

source: Nogueira, Cho 2019, "Passage Re-ranking with BERT".
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag.errors import ModelMissing
from rag.settings import Settings
from rag.types import Candidate, Query, Vectors

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder


class CrossEncoderReranker:
    """Hands the scores that the search gave to the candidates in the order of the model.

    So a score stays on the scale that refusals and filters know, and the order is the model's.
    """

    def __init__(self, model: "CrossEncoder", name: str) -> None:
        self._model = model
        self.name = name

    def rescore(
        self, query: Query, candidates: Sequence[Candidate], rarity: Callable[[str], float]
    ) -> Vectors:
        pairs = [(query.question, _read(candidate)) for candidate in candidates]
        relevance = np.asarray(self._model.predict(pairs, show_progress_bar=False)).ravel()
        scores = np.zeros(len(candidates), dtype=np.float32)
        scores[np.argsort(-relevance, kind="stable")] = sorted(
            (candidate.fused for candidate in candidates), reverse=True
        )
        return scores


def load_cross_encoder(settings: Settings) -> CrossEncoderReranker:
    """Load `settings.reranker`, once for all indexes; raises ModelMissing if it isn't here."""
    return _load(settings.reranker, settings.device, settings.downloads)


@lru_cache(maxsize=1)
def _load(name: str, device: str, downloads: bool) -> CrossEncoderReranker:
    try:
        from sentence_transformers import CrossEncoder

        model = CrossEncoder(name, device=device or None, local_files_only=not downloads)
        labels = int(model.config.num_labels)
    except Exception as error:  # the hub client and the loaders raise many types
        raise ModelMissing(
            f"reranker {name!r} is not on this machine ({type(error).__name__}); fetch it: "
            f"`hf download {name}`, or use the default: --reranker embedded."
        ) from error
    if labels != 1:
        raise ModelMissing(
            f"reranker {name!r} gives {labels} scores a passage; one, its relevance, is needed. "
            "Name a cross-encoder made for ranking, or use the default: --reranker embedded."
        )
    return CrossEncoderReranker(model, Path(name).name if Path(name).is_dir() else name)


def _read(candidate: Candidate) -> str:
    """A passage with what tells whose it is: title and headings."""
    chunk = candidate.chunk
    return "\n".join([chunk.document.title, " / ".join(chunk.section), chunk.text])
