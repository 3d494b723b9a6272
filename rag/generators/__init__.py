"""Question + hits -> draft answer. `GENERATORS` is the only list.

To add a generator: write a module here, add its line to `GENERATORS`, and to the list in
`tests/generators/test_contract.py`.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from rag.errors import BadRequest
from rag.generators.embedded import EmbeddedGenerator
from rag.settings import Settings
from rag.types import Draft, Hit, Query


class Generator(Protocol):
    """Writes an answer from passages alone."""

    @property
    def name(self) -> str: ...

    def generate(self, query: Query, hits: Sequence[Hit]) -> Draft:
        """Statements in reading order, each with the evidence it rests on; none if nothing fits."""


GENERATORS: dict[str, Callable[[Callable[[str], float]], Generator]] = {
    "embedded": EmbeddedGenerator
}


def load_generator(settings: Settings, *, rarity: Callable[[str], float]) -> Generator:
    """The generator that `settings.generator` names.

    rarity: how much a search word tells, >= 0; see LexicalIndex.rarity.
    """
    if settings.generator not in GENERATORS:
        raise BadRequest(
            f"there is no generator {settings.generator!r}; choose one of {sorted(GENERATORS)}."
        )
    return GENERATORS[settings.generator](rarity)
