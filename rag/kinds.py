"""Kinds of documents that a text names: 实施方案, 意见, an action plan, a draft.

`rag/document_kinds.json` holds a pattern for each kind and language; they are matched as whole
words where the script parts words.
"""

import json
import re
from functools import cache
from pathlib import Path

from rag.types import Document

DRAFT = "草案"
_TABLE = Path(__file__).with_name("document_kinds.json")
_UNPARTED = ("zh", "ja", "ko", "ar")  # words of these are joined to others


def find_kinds(text: str, language: str) -> tuple[str, ...]:
    """Chinese names of the kinds named, in the order of the table; () in another language."""
    patterns = ((kind, _pattern(kind, language)) for kind in _table())
    return tuple(kind for kind, pattern in patterns if pattern and pattern.search(text))


def kinds_of(document: Document) -> frozenset[str]:
    """The kinds its title names, and whether it is a draft."""
    draft = {DRAFT} if document.status == "draft" else set()
    return frozenset(draft.union(find_kinds(document.title, document.language)))


@cache
def _pattern(kind: str, language: str) -> re.Pattern[str] | None:
    words = _table()[kind].get(language)
    if not words:
        return None
    parted = words if language in _UNPARTED else rf"(?<!\w)(?:{words})(?!\w)"
    return re.compile(parted, re.IGNORECASE)


@cache
def _table() -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return table
