"""Tanwen: answers from your own documents, in any language, with citations that hold."""

from rag.assistant import Assistant
from rag.errors import RagError
from rag.settings import Settings
from rag.types import Answer, Chunk, Citation, Document, Hit
from rag.web.page import serve

__all__ = [
    "Answer",
    "Assistant",
    "Chunk",
    "Citation",
    "Document",
    "Hit",
    "RagError",
    "Settings",
    "serve",
]
