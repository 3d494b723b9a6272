"""An index of documents that lie in no file."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory

from rag.building import Fresh, write_generation
from rag.generations import be_writer, generations_of
from rag.index import Index, begin_generation, choose_making, load_index
from rag.settings import Settings
from rag.types import Document


def build_index(
    documents: Iterable[Document], settings: Settings, *, folder: Path | None = None
) -> Index:
    """Written and opened as any other; folder: where it shall stand, none if left out."""
    if folder is None:
        with TemporaryDirectory() as place:
            built = build_index(documents, settings, folder=Path(place) / "index")
            return replace(built, folder=None, stamp="")
    entries = (Fresh(path, "", run) for path, run in groupby(documents, key=attrgetter("source")))
    making = choose_making(settings, None)
    with be_writer(folder):
        before = next(iter(generations_of(folder)), None)
        with begin_generation(folder, before) as fresh:
            write_generation(fresh, folder, entries, making=making)
    return load_index(folder, settings, embedder=making.embedder)
