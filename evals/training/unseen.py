"""Indexes by models that saw half of the training questions (`train_static --folds`).

What is fitted on training questions would trust the search too much if it met them in an index of
the model that learned from them.
"""

from collections.abc import Sequence
from pathlib import Path

from rag import Assistant, Settings
from rag.places import find_places
from rag.types import Place

HALVES = (0, 1)


class Unseen:
    """One collection of documents in two indexes, each by the model of one half of the plans."""

    def __init__(self, folds: Path, paths: Sequence[Path], place: Path) -> None:
        """folds: what `train_static --folds` wrote. place: an empty folder for the indexes."""
        self._assistants = [
            Assistant.build(
                paths, index=place / f"{half}", settings=Settings(embedder=str(folds / f"{half}"))
            )
            for half in HALVES
        ]

    @property
    def places(self) -> list[Place]:
        """Those that the documents are of, where a region is one place, in order of their names."""
        regions = sorted({document.region for document in self.assistant(0).documents})
        found = [find_places(region) for region in regions]
        return [places[0] for places in found if len(places) == 1]

    def assistant(self, plan: int) -> Assistant:
        """The one whose model has learned from no question of the plan's half."""
        return self._assistants[1 - plan % 2]
