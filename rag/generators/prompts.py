"""What a language model is told: `prompts.json`, in Chinese for Chinese questions, else in English.

Passages are data. Each stands between fences whose tag nobody who wrote a passage can know, since
it is a digest of the whole prompt; what looks like a fence, a role or a marker inside is defused.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TypedDict

from rag.generators.splitting import REFUSAL
from rag.types import Answer, Hit, Query

_TABLE = Path(__file__).with_name("prompts.json")
_TAG = re.compile(r"<(?=[/|!<a-zA-Z])")  # a figure's < stays: <5%
_ROLE = re.compile(r"(?m)^(\s*(?:#+\s*)?(?:system|assistant|user|human)\s*)[:：]", re.IGNORECASE)
_INST = re.compile(r"\[(/?(?:INST|SYS)|\d{1,3})\]", re.IGNORECASE)
_TURNS = 3  # of a conversation that a follow-up may lean on
_TURN_CHARS = 400  # of an answer; a follow-up takes up its beginning


class Message(TypedDict):
    role: str
    content: str


def answer_messages(query: Query, hits: Sequence[Hit], *, chars: int = 0) -> list[Message]:
    """The prompt for an answer. chars: at most of each passage; 0 for all of it."""
    words = _words(query.language)
    texts = [_defused(hit.chunk.text[: chars or None]) for hit in hits]
    tag = hashlib.sha256("\n".join([query.question, *texts]).encode("utf-8", "replace")).hexdigest()
    passages = "\n\n".join(
        words["passage"].format(
            tag=f"passage-{tag[:8]}", number=number, place=_defused(_place(hit)), text=text
        )
        for number, (hit, text) in enumerate(zip(hits, texts, strict=True), 1)
    )
    asked = words["question"].format(
        passages=passages, question=_defused(query.question), tag=f"passage-{tag[:8]}"
    )
    return _messages(words["answer"], asked, query.language)


def rewrite_messages(question: str, history: Sequence[Answer], language: str) -> list[Message]:
    """The prompt to put a follow-up so that it can be understood alone."""
    words = _words(language)
    turns = "\n".join(
        words["turn"].format(question=_defused(a.question), answer=_defused(a.text[:_TURN_CHARS]))
        for a in history[-_TURNS:]
    )
    asked = words["follow_up"].format(turns=turns, question=_defused(question))
    return _messages(words["rewrite"], asked, language)


def _messages(system: str, user: str, language: str) -> list[Message]:
    spoken = _table()["languages"].get(language, "the language of the question")
    told = system.format(refusal=REFUSAL, language=spoken)
    return [{"role": "system", "content": told}, {"role": "user", "content": user}]


def _defused(text: str) -> str:
    """Foreign text without tags, roles and markers that could be taken for the prompt's own."""
    text = _TAG.sub("\u2039", text)
    text = _INST.sub(r"(\1)", text)
    return _ROLE.sub("\\1\u2236", text)


def _place(hit: Hit) -> str:
    document = hit.chunk.document
    pages = ", ".join(map(str, hit.chunk.pages))
    parts = (document.title, document.region, document.status, f"p. {pages}" if pages else "")
    return " | ".join(filter(None, (*parts, " > ".join(hit.chunk.section)))).replace('"', "'")


def _words(language: str) -> dict[str, str]:
    table = _table()
    return table["zh"] if language == "zh" else table["en"]


@cache
def _table() -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return table
