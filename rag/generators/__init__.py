"""Question + hits -> draft answer. `GENERATORS` lists ours; other names are language models.

To add a generator: write a module here, add its line to `GENERATORS`, and to the list in
`tests/generators/test_contract.py`. A language model needs no line: a server is named by its base
URL, a transformers model by hub name or folder.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from rag.errors import BadRequest
from rag.evidence.ranking import Ranker
from rag.generators.embedded import EmbeddedGenerator
from rag.generators.prompted import Asked, PromptedGenerator
from rag.settings import Settings
from rag.types import Document, Draft, Hit, Query

__all__ = [
    "DEFAULT",
    "GENERATORS",
    "Asked",
    "Generator",
    "PromptedGenerator",
    "load_generator",
    "load_language_model",
]


class Generator(Protocol):
    """Writes an answer from passages alone, in words that need no verifying: quotes."""

    @property
    def name(self) -> str: ...

    def generate(
        self, query: Query, hits: Sequence[Hit], documents: Sequence[Document] = ()
    ) -> Draft:
        """Statements in reading order, each with the evidence it rests on; none if nothing fits.

        documents: those that may be cited, in whose outline what is asked for may stand.
        """


DEFAULT = "embedded"
GENERATORS: dict[str, Callable[[Ranker], Generator]] = {DEFAULT: EmbeddedGenerator}


def load_generator(settings: Settings, *, ranker: Ranker) -> Generator:
    """The one of `GENERATORS` that `settings.generator` names.

    ranker: scores the sentences of the hits, for a generator that quotes them.
    """
    if settings.generator not in GENERATORS:
        raise BadRequest(
            f"there is no generator {settings.generator!r}; choose one of {sorted(GENERATORS)}."
        )
    return GENERATORS[settings.generator](ranker)


def load_language_model(settings: Settings) -> PromptedGenerator | None:
    """The language model that `settings.generator` names, None where it names one of GENERATORS.

    Raises ModelMissing or BadRequest at once, without a try of the network.
    """
    name = settings.generator
    if name in GENERATORS:
        return None
    if name.startswith(("http://", "https://")):
        from rag.generators.server import load_server

        return load_server(settings)
    from rag.generators.transformer import load_chat_model

    return load_chat_model(settings)
