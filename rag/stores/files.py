"""FAISS indexes to files and back; read memory-mapped, so that a process holds what it touches.

source: FAISS, `index_io.h`: IO_FLAG_MMAP_IFC.
"""

from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import IndexDamaged

_BUFFER_BYTES = 1 << 24


def write_faiss(index: Any, path: Path) -> None:  # noqa: ANN401 - faiss has no types
    """Write piece by piece; raises OSError if the disk refuses, which FAISS's own writer hides."""
    import faiss  # slow to load, so only when a store is made

    failures: list[OSError] = []
    with path.open("wb") as file:

        def keep(piece: bytes) -> None:
            try:
                file.write(piece)
            except OSError as error:
                failures.append(error)
                raise

        writer = faiss.PyCallbackIOWriter(keep, _BUFFER_BYTES)
        try:
            faiss.write_index(index, faiss.BufferedIOWriter(writer, _BUFFER_BYTES))
        except Exception:
            raise failures[0] if failures else OSError(f"{path} can't be written") from None


def read_faiss(path: Path, kinds: tuple[str, ...]) -> Any:  # noqa: ANN401 - faiss has no types
    """Read an index of one of `kinds`, names of FAISS classes; else raise IndexDamaged."""
    import faiss  # slow to load, so only when a store is made

    try:
        index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        raise IndexDamaged(
            f"{path} can't be read as vectors; rebuild the index: `rag index corpus/`."
        ) from error
    if type(index).__name__ not in kinds:
        raise IndexDamaged(
            f"{path} holds a {type(index).__name__}, not one of {', '.join(kinds)}; rebuild the "
            "index: `rag index corpus/`."
        )
    return index


def selector(rows: Any, count: int) -> Any:  # noqa: ANN401 - arrays in, a FAISS object out
    """What tells FAISS to look at `rows` of `count` alone: a bit a row."""
    import faiss  # slow to load, so only when a store is made

    mask = np.zeros(count, dtype=np.uint8)
    mask[rows] = 1
    return faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
