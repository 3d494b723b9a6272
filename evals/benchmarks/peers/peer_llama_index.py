"""LlamaIndex as its starter example with local models sets it up: defaults throughout.

source: developers.llamaindex.ai, "Starter Tutorial (Using Local LLMs)".
"""

import re
from pathlib import Path

from llama_index.core import (
    SimpleDirectoryReader,
    StorageContext,
    VectorStoreIndex,
    load_index_from_storage,
)
from llama_index.core.indices.base import BaseIndex
from llama_index.embeddings.huggingface import HuggingFaceEmbedding


def index(folder: Path, store: Path, model: str) -> None:
    documents = SimpleDirectoryReader(str(folder / "pages")).load_data()
    built = VectorStoreIndex.from_documents(
        documents, embed_model=HuggingFaceEmbedding(model_name=model)
    )
    built.storage_context.persist(persist_dir=str(store))


def load(store: Path, model: str) -> BaseIndex:
    return load_index_from_storage(
        StorageContext.from_defaults(persist_dir=str(store)),
        embed_model=HuggingFaceEmbedding(model_name=model),
    )


def search(loaded: BaseIndex, question: str, top_k: int) -> list[list[int]]:
    """Pages of the best nodes, best first."""
    found = loaded.as_retriever(similarity_top_k=top_k).retrieve(question)
    return [[int(re.findall(r"\d+", node.metadata["file_name"])[-1])] for node in found]
