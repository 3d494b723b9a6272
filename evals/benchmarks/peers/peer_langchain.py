"""LangChain as its tutorial on retrieval sets it up: recursive splitter, FAISS.

source: docs.langchain.com, "Build a semantic search engine" (chunks of 1,000, overlap 200).
"""

import re
from pathlib import Path

from langchain_community.document_loaders import DirectoryLoader, TextLoader
from langchain_community.vectorstores import FAISS
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter


def index(folder: Path, store: Path, model: str) -> None:
    loader = DirectoryLoader(
        str(folder / "pages"),
        glob="*.txt",
        loader_cls=TextLoader,
        loader_kwargs={"encoding": "utf-8"},
    )
    splitter = RecursiveCharacterTextSplitter(
        chunk_size=1000, chunk_overlap=200, add_start_index=True
    )
    chunks = splitter.split_documents(loader.load())
    FAISS.from_documents(chunks, HuggingFaceEmbeddings(model_name=model)).save_local(str(store))


def load(store: Path, model: str) -> FAISS:
    embeddings = HuggingFaceEmbeddings(model_name=model)
    # It keeps its texts as a pickle; this one was written by `index` above.
    return FAISS.load_local(str(store), embeddings, allow_dangerous_deserialization=True)


def search(loaded: FAISS, question: str, top_k: int) -> list[list[int]]:
    """Pages of the best chunks, best first."""
    found = loaded.similarity_search(question, k=top_k)
    return [[int(re.findall(r"\d+", d.metadata["source"])[-1])] for d in found]
