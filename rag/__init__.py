"""Tanwen: answers from your own documents, in any language, with citations that hold."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.errors import RagError
    from rag.settings import Settings
    from rag.types import Answer, Chunk, Citation, Document, Hit
    from rag.web.gate import Address
    from rag.web.page import serve

__all__ = [
    "Address",
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
_HOMES = {
    "Address": "web.gate",
    "Assistant": "assistant",
    "RagError": "errors",
    "Settings": "settings",
    "serve": "web.page",
}


def __getattr__(name: str) -> object:
    """Load an exported name when it is first asked for, so that `import rag` costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module 'rag' has no attribute {name!r}")
    return getattr(import_module(f"rag.{_HOMES.get(name, 'types')}"), name)
