"""What other code of the process says went wrong, told in our log: its kind, not its words.

Gradio prints the traceback of whatever a request makes fail, and what was asked stands in it; its
server, Python's threads and warnings print as well. None of them has a setting for it.
"""

import logging
import sys
import threading
import traceback
import warnings
from typing import TextIO

from rag.logs import log_fault

_OURS = "rag"
_log = logging.getLogger(__name__)


def gather_faults() -> None:
    """From now on, and for the whole process: for a program that serves and does nothing else."""
    traceback.print_exc = _log_handled
    threading.excepthook = _log_thread
    warnings.showwarning = _log_warning
    root = logging.getLogger()
    root.addHandler(_Retold(logging.WARNING))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):  # they write by themselves
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


class _Retold(logging.Handler):
    """Tells what others log, but for what was put into it: the first line, before it is filled."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.split(".")[0] == _OURS:
            return
        event = str(record.msg).partition("\n")[0]
        error = record.exc_info[1] if record.exc_info else None
        if error:
            log_fault(_log, event, error)
        else:
            _log.log(record.levelno, "%s", event, extra={"fields": {"by": record.name}})


def _log_handled(*_given: object, **_named: object) -> None:
    """In place of `traceback.print_exc`."""
    error = sys.exception()
    if error:
        log_fault(_log, "a request failed", error)


def _log_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value:
        log_fault(_log, "a thread failed", args.exc_value)


def _log_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    where = {"error": category.__name__, "at": [f"{filename}:{lineno}"]}
    _log.warning("a warning", extra={"fields": where})
