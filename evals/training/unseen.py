"""Indexes by models that saw half of the training questions (`train_static --folds`).

What is fitted on training questions would trust the search too much if it met them in an index of
the model that learned from them.
"""

from collections.abc import Sequence
from pathlib import Path

from rag import Assistant, Settings

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

    def assistant(self, plan: int) -> Assistant:
        """The one whose model has learned from no question of the plan's half."""
        return self._assistants[1 - plan % 2]
