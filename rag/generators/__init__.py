"""Question + hits -> draft answer. `GENERATORS` is the only list.

To add a generator: write a module here, add its line to `GENERATORS`, and to the list in
`tests/generators/test_contract.py`.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from rag.errors import BadRequest
from rag.evidence.ranking import Ranker
from rag.generators.embedded import EmbeddedGenerator
from rag.settings import Settings
from rag.types import Draft, Hit, Query


class Generator(Protocol):
    """Writes an answer from passages alone."""

    @property
    def name(self) -> str: ...

    def generate(self, query: Query, hits: Sequence[Hit]) -> Draft:
        """Statements in reading order, each with the evidence it rests on; none if nothing fits."""


GENERATORS: dict[str, Callable[[Ranker], Generator]] = {"embedded": EmbeddedGenerator}


def load_generator(settings: Settings, *, ranker: Ranker) -> Generator:
    """The generator that `settings.generator` names.

    ranker: scores the sentences of the hits, for a generator that quotes them.
    """
    if settings.generator not in GENERATORS:
        raise BadRequest(
            f"there is no generator {settings.generator!r}; choose one of {sorted(GENERATORS)}."
        )
    return GENERATORS[settings.generator](ranker)
