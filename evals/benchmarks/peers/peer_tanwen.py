"""Tanwen in its embedded default, over the sources themselves."""

from pathlib import Path

from rag import Assistant


def index(folder: Path, store: Path, model: str) -> None:
    sources = (folder / "sources.txt").read_text(encoding="utf-8").splitlines()
    Assistant.build(sources, index=store)


def load(store: Path, model: str) -> Assistant:
    return Assistant.load(store)


def search(assistant: Assistant, question: str, top_k: int) -> list[list[int]]:
    """Pages of the best chunks, best first."""
    return [list(hit.chunk.pages) for hit in assistant.search(question, top_k=top_k)]
