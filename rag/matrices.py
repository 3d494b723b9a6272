"""`.npy` files of more rows than fit the memory: written as rows come, read some at a time.

A mapped file would do to read them, but each page that was touched counts as memory of the
process until it lets go of the map.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.types import Ids, Vectors

_READ_AT_ONCE = 4096  # rows, of an iteration


class Rows(Protocol):
    """float32 (rows, columns), in memory or in a file; an array is one."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> Vectors:  # noqa: ANN401 - as arrays have it
        """rows: a slice without a step, or numbers."""

    def __iter__(self) -> Iterator[Vectors]: ...


class RowFile:
    """The rows of a `.npy` file, read whenever they are asked for; it must not change meanwhile."""

    def __init__(self, path: Path) -> None:
        """Raises OSError or ValueError on a file that is no matrix."""
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        if mapped.ndim != 2 or not mapped.flags.c_contiguous:
            raise ValueError(f"{path} holds an array of shape {mapped.shape}, not rows")
        self._path, self._dtype, self._begin = path, mapped.dtype, mapped.offset
        self.shape: tuple[int, ...] = mapped.shape

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | Ids) -> Vectors:
        with self._path.open("rb", buffering=0) as file:
            if isinstance(rows, slice):
                begin, end, _ = rows.indices(len(self))
                return self._read(file, begin, max(end - begin, 0))
            found = np.empty((len(rows), self.shape[1]), dtype=self._dtype)
            for place, row in enumerate(rows.tolist()):
                found[place] = self._read(file, row, 1)
        return found

    def __iter__(self) -> Iterator[Vectors]:
        for begin in range(0, len(self), _READ_AT_ONCE):
            yield from self[begin : begin + _READ_AT_ONCE]

    def _read(self, file: IO[bytes], row: int, count: int) -> Vectors:
        columns = self.shape[1]
        file.seek(self._begin + row * columns * self._dtype.itemsize)
        read = np.fromfile(file, dtype=self._dtype, count=count * columns)
        return read.reshape(count, columns)


class Appended:
    """A `.npy` file that grows by rows; the header gets its true count at `close`."""

    def __init__(self, path: Path, columns: int, dtype: type[np.generic]) -> None:
        self._file: IO[bytes] = path.open("wb")
        self._columns, self._dtype = columns, np.dtype(dtype)
        self.rows = 0
        self._write_header()

    def append(self, rows: NDArray[Any]) -> None:
        """rows: (n, columns)."""
        assert rows.shape[1:] == (self._columns,), f"{rows.shape}, not (n, {self._columns})"
        self._file.write(np.ascontiguousarray(rows, dtype=self._dtype).data)
        self.rows += len(rows)

    def close(self) -> None:
        self._file.seek(0)
        self._write_header()
        self._file.close()

    def _write_header(self) -> None:
        """NumPy leaves room in it for the rows to grow. source: numpy.lib.format, version 1.0"""
        shape = {"descr": self._dtype.str, "fortran_order": False}
        np.lib.format.write_array_header_1_0(
            self._file, shape | {"shape": (self.rows, self._columns)}
        )
