"""Haystack as its tutorial on preprocessing sets its pipelines up: clean, split, embed, write.

source: haystack.deepset.ai, tutorial 30 "Preprocessing Different File Types" (150 words, overlap
50); docs.haystack.deepset.ai, "SentenceTransformersDocumentEmbedder" (cosine, package).
"""

import re
from itertools import pairwise
from pathlib import Path

from haystack import Pipeline
from haystack.components.converters import TextFileToDocument
from haystack.components.preprocessors import DocumentCleaner, DocumentSplitter
from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
from haystack.components.writers import DocumentWriter
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)


def index(folder: Path, store: Path, model: str) -> None:
    documents = InMemoryDocumentStore(embedding_similarity_function="cosine")
    steps = {
        "converter": TextFileToDocument(encoding="utf-8"),
        "cleaner": DocumentCleaner(),
        "splitter": DocumentSplitter(split_by="word", split_length=150, split_overlap=50),
        "embedder": SentenceTransformersDocumentEmbedder(model=model, progress_bar=False),
        "writer": DocumentWriter(documents),
    }
    pipeline = Pipeline()
    for name, component in steps.items():
        pipeline.add_component(name, component)
    names = list(steps)
    for before, after in pairwise(names):
        pipeline.connect(before, after)
    pipeline.run({"converter": {"sources": sorted((folder / "pages").glob("*.txt"))}})
    store.mkdir(parents=True)
    documents.save_to_disk(str(store / "documents.json"))


def load(store: Path, model: str) -> Pipeline:
    documents = InMemoryDocumentStore.load_from_disk(str(store / "documents.json"))
    pipeline = Pipeline()
    pipeline.add_component(
        "embedder", SentenceTransformersTextEmbedder(model=model, progress_bar=False)
    )
    pipeline.add_component("retriever", InMemoryEmbeddingRetriever(documents))
    pipeline.connect("embedder.embedding", "retriever.query_embedding")
    return pipeline


def search(loaded: Pipeline, question: str, top_k: int) -> list[list[int]]:
    """Pages of the best documents, best first."""
    found = loaded.run({"embedder": {"text": question}, "retriever": {"top_k": top_k}})
    documents = found["retriever"]["documents"]
    return [[int(re.findall(r"\d+", d.meta["file_path"])[-1])] for d in documents]
