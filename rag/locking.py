"""One writer at a time: a lock on the index folder that names its owner.

The kernel lets the lock go when its process ends, however it ends, so no stale lock can stay. On a
file system without such locks filelock keeps a marker with host and process instead, and takes it
over once no process of that number runs on that host.
source: filelock documentation, "FileLock" and "SoftFileLock".
"""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from rag.errors import WriteError

LOCK, OWNER = "lock", "writer.json"
_LOOKS, _LOOK_AGAIN_S = 10, 0.02


@contextmanager
def lock_for_writing(folder: Path) -> Iterator[None]:
    """Be the only writer of `folder`, which must be there; threads of one process count as several.

    Raises WriteError naming the owner if there is another writer: nobody waits.
    """
    from filelock import FileLock, Timeout  # needed to write only

    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise WriteError(
            f"{folder} is being written by {_owner(folder)}; wait until that ends, or stop it, "
            "then run the command again."
        ) from error
    try:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        row = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
        (folder / OWNER).write_text(json.dumps(row), encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            (folder / OWNER).unlink(missing_ok=True)
        lock.release()


def _owner(folder: Path) -> str:
    """Who holds the lock, as a message says it; a writer that just began has yet to write that."""
    for _ in range(_LOOKS):
        try:
            row = json.loads((folder / OWNER).read_text(encoding="utf-8"))
            return f"process {row['pid']} on {row['host']} since {row['since']}"
        except (OSError, ValueError, LookupError, TypeError):
            time.sleep(_LOOK_AGAIN_S)
    return "another process"
