"""Logs that say what happened and never what was asked: one JSON object a line.

A question is logged only where the logger "rag.questions" has itself been given a level; one that
is turned up for everything isn't asking for it. The words of an error are logged only where we made
them of names of files and settings; of others, its kind and where it arose.
"""

import json
import logging
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from rag.errors import (
    EngineMissing,
    IndexDamaged,
    IndexMismatch,
    IndexMissing,
    ModelMissing,
    WriteError,
)
from rag.types import Answer

_OURS = (EngineMissing, IndexDamaged, IndexMismatch, IndexMissing, ModelMissing, WriteError)
_FRAMES = 4  # of a traceback, the innermost
_log = logging.getLogger("rag")
_questions = logging.getLogger("rag.questions")


class JsonLines(logging.Formatter):
    """time, level, logger and event of a record, and what else it was given as `fields`."""

    def format(self, record: logging.LogRecord) -> str:
        row = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1]:
            row |= _fault(record.exc_info[1])
        return json.dumps(row, ensure_ascii=False, default=str)


def start_logs(stream: TextIO, *, questions: bool = False) -> None:
    """Write what `rag` logs to a stream, unless somebody is listening already.

    questions: log what is asked, too.
    """
    if questions:
        _questions.setLevel(logging.INFO)
    if _log.handlers:
        return
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    _log.addHandler(handler)
    _log.setLevel(logging.INFO)


def log_answer(answer: Answer) -> None:
    """What an answer was like; the question too where that is asked for."""
    row = {
        "language": answer.language,
        "generator": answer.generator,
        "refused": answer.refused,
        "citations": len(answer.citations),
        "left_out": answer.left_out,
        "ms": round(1000 * answer.timings_s.get("total", 0.0), 1),
    }
    _log.info("answered", extra={"fields": row})
    if _questions.level != logging.NOTSET:
        _questions.info("asked", extra={"fields": {"question": answer.question}})


def log_fault(log: logging.Logger, event: str, error: BaseException) -> None:
    """An error, without words that may be somebody's question or a secret."""
    row = _fault(error)
    told = row.get("reason") or f"{row['error']} at {', '.join(row['at'])}"
    log.error("%s: %s", event, told, extra={"fields": {"event": event, **row}})


def _fault(error: BaseException) -> dict[str, Any]:
    """error: its kind. at: where, innermost first. reason: its words, where they are ours."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:][::-1]
    at = ["/".join((*Path(frame.filename).parts[-2:],)) + f":{frame.lineno}" for frame in frames]
    reason = {"reason": str(error)} if isinstance(error, _OURS) else {}
    return {"error": type(error).__name__, "at": at, **reason}
