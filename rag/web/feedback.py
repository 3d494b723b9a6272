"""Votes on answers as a question set: JSON lines that `rag eval` reads.

A liked answer becomes a question whose right answer states the same figures, or the same words
where it has none; a liked refusal becomes an unanswerable one. Of a disliked answer nobody knows
yet what would be right: `must` holds a reminder that no answer meets, so that it counts as wrong
until a person writes the right figures or words in its place. Fields: evals/questions/README.md,
and beside them vote, comment, answer, generator and time, which `rag eval` passes over.
"""

import json
import os
import re
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rag.figures import find_figures
from rag.query import understand
from rag.types import Answer
from rag.web.talk import Turn

REMINDER = "TODO: what a right answer states"
MAX_COMMENT_CHARS = 500
_NO_PAGE = 0  # of a source without pages; the set needs a number
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*(?:\s*[%‰℃]|[万亿千百]*[一-鿿]{0,4})?")
_MARKERS = re.compile(r"\s*\[\d+\]")
_writing = threading.Lock()


def record_vote(path: Path, turn: Turn) -> None:
    """Append a voted turn's line; a later vote or comment on the same turn takes its place."""
    line = json.dumps(vote_row(turn), ensure_ascii=False)
    with _writing:
        lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
        others = [old for old in lines if old and _id(old) != turn.id]
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text("".join(f"{each}\n" for each in (*others, line)), encoding="utf-8")
        os.replace(fresh, path)


def vote_row(turn: Turn) -> dict[str, Any]:
    """The line of a turn that has an answer and a vote."""
    answer = turn.answer
    assert answer is not None, "only an answer can be voted on"
    liked = turn.vote == "up"
    unanswerable = liked and answer.refused
    pages = sorted({page for citation in answer.citations for page in citation.pages})
    return {
        "id": turn.id,
        "lang": answer.language,
        "type": "unanswerable" if unanswerable else understand(turn.question).kind,
        "question": turn.question,
        "pages": [] if unanswerable else pages or [_NO_PAGE],
        "must": [] if unanswerable else _stated(answer) if liked else [[REMINDER]],
        "evidence": "" if unanswerable else [citation.quote for citation in answer.citations] or "",
        "vote": turn.vote,
        "comment": turn.comment[:MAX_COMMENT_CHARS],
        "answer": answer.text,
        "generator": answer.generator,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _stated(answer: Answer) -> list[list[str]]:
    """The figures of the quotes that the answer repeats, a group each; else its lines."""
    text = _MARKERS.sub("", answer.text)
    figures = dict.fromkeys(
        f"{figure.value}{figure.unit}"
        for citation in answer.citations
        for figure in find_figures(citation.quote)
    )
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [[stated] for stated in ([figure for figure in figures if figure in text] or lines)]


def _id(line: str) -> str:
    try:
        return str(json.loads(line).get("id", ""))
    except (ValueError, AttributeError):  # not ours to drop
        return ""
