"""Whether passages bear out a statement, beyond its figures and names: by shared words or by NLI.

`find_faults` of `rag.checking` comes first; a judge looks at the rest.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rag.errors import ModelMissing
from rag.glossary import expand
from rag.language import detect_language
from rag.settings import Settings
from rag.types import Vectors
from rag.words import tokenize

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

LEXICAL = "lexical"
# Fitted by `python -m evals.training.fit_verifier` on the training questions: evals/LOG.md.
SAME_LANGUAGE, OTHER_LANGUAGE = 0.45, 0.3
_COSINE_WEIGHT = 0.5  # beside the share of the glossary's words, where languages differ
_NLI_ABOVE = 0.5  # probability of entailment

Embed = Callable[[Sequence[str]], Vectors]


class Judge(Protocol):
    """Decides whether passages together bear out a statement."""

    @property
    def name(self) -> str: ...

    def supports(self, statement: str, passages: Sequence[str]) -> bool: ...


class LexicalJudge:
    """The share of a statement's words, by their rarity, that the passages hold.

    Across languages, the share of what the glossary makes of the statement in Chinese, and the
    cosine of the embedder; the better of the two, weighted.
    """

    name = LEXICAL

    def __init__(self, rarity: Callable[[str], float], embed: Embed) -> None:
        self._rarity = rarity
        self._embed = embed

    def supports(self, statement: str, passages: Sequence[str]) -> bool:
        if not passages:
            return False
        threshold = SAME_LANGUAGE if _same_language(statement, passages) else OTHER_LANGUAGE
        return self.score(statement, passages) >= threshold

    def score(self, statement: str, passages: Sequence[str]) -> float:
        """0 to 1; 1 for a statement made of the passages' words alone."""
        text = "\n".join(passages)
        if _same_language(statement, passages):
            return self._share(statement, text)
        vectors = self._embed([statement, text])
        cosine = max(float(vectors[0] @ vectors[1]), 0.0)
        chinese = " ".join(expand(statement))
        share = self._share(chinese or statement, text if chinese else " ".join(expand(text)))
        return (1 - _COSINE_WEIGHT) * share + _COSINE_WEIGHT * cosine

    def _share(self, statement: str, text: str) -> float:
        weights = {word: self._rarity(word) for word in tokenize(statement)}
        found = set(tokenize(text))
        whole = sum(weights.values())
        return sum(w for word, w in weights.items() if word in found) / whole if whole else 0.0


class NliJudge:
    """A cross-encoder trained on natural language inference, from a folder or the model cache.

    source: Honovich et al. 2022, "TRUE", which ALCE uses: the passages entail the statement.
    """

    def __init__(self, model: "CrossEncoder", name: str, entails: int | None) -> None:
        """entails: column of the class "entailment"; None for a model with one score in [0, 1]."""
        self._model = model
        self._entails = entails
        self.name = name

    def supports(self, statement: str, passages: Sequence[str]) -> bool:
        if not passages:
            return False
        import torch

        logits = self._model.predict(
            [("\n".join(passages), statement)],
            activation_fn=torch.nn.Identity(),
            convert_to_tensor=True,
            show_progress_bar=False,
        ).float()
        if self._entails is None:
            return bool(torch.sigmoid(logits).item() >= _NLI_ABOVE)
        return bool(torch.softmax(logits[0], dim=-1)[self._entails].item() >= _NLI_ABOVE)


def load_judge(settings: Settings, *, rarity: Callable[[str], float], embed: Embed) -> Judge:
    """The judge that `settings.judge` names; raises ModelMissing without its weights."""
    if settings.judge == LEXICAL:
        return LexicalJudge(rarity, embed)
    return _load_nli(settings)


def _load_nli(settings: Settings) -> NliJudge:
    name = settings.judge
    try:
        from sentence_transformers import CrossEncoder

        model = CrossEncoder(
            name, device=settings.device or None, local_files_only=not settings.downloads
        )
        labels = {str(v).lower(): int(k) for k, v in model.config.id2label.items()}
    except Exception as error:  # the hub client and the loaders raise many types
        raise ModelMissing(
            f"judge {name!r} is not on this machine ({type(error).__name__}); fetch it: "
            f"`hf download {name}`, or use the default: --judge {LEXICAL}."
        ) from error
    if len(labels) > 1 and "entailment" not in labels:
        raise ModelMissing(
            f"judge {name!r} tells {sorted(labels)} apart; a class named entailment is needed. "
            f"Name an NLI cross-encoder, or use the default: --judge {LEXICAL}."
        )
    short = Path(name).name if Path(name).is_dir() else name
    return NliJudge(model, short, labels["entailment"] if len(labels) > 1 else None)


def _same_language(statement: str, passages: Sequence[str]) -> bool:
    spoken = detect_language(statement)
    return not spoken or spoken == detect_language("\n".join(passages))
