"""txtai as its introduction sets it up: an embeddings database with content, a text a page.

source: neuml.github.io/txtai, "Embeddings" and its first notebook.
"""

import re
from pathlib import Path

from txtai import Embeddings


def index(folder: Path, store: Path, model: str) -> None:
    embeddings = Embeddings(path=model, content=True)
    files = sorted((folder / "pages").glob("*.txt"))
    embeddings.index((file.name, file.read_text(encoding="utf-8"), None) for file in files)
    embeddings.save(str(store))


def load(store: Path, model: str) -> Embeddings:
    embeddings = Embeddings()
    embeddings.load(str(store))
    return embeddings


def search(loaded: Embeddings, question: str, top_k: int) -> list[list[int]]:
    """Pages of the best texts, best first."""
    quoted = loaded.search(question, top_k)
    return [[int(re.findall(r"\d+", found["id"])[-1])] for found in quoted]
