"""The files of one run: their checksums, the documents of those to be read, why others can't be."""

import hashlib
import os
from functools import cache
from itertools import islice
from operator import itemgetter
from pathlib import Path

from rag.building import Making
from rag.errors import ReadError
from rag.readers import MAX_FILE_BYTES, read_file
from rag.records import Keys
from rag.settings import Settings, data_file
from rag.spreading import Spread, spread_reading
from rag.types import Document, Progress, Vectors

_SMALL_BYTES = 1 << 16  # read at once; `file_digest` takes a buffer of four times as much
# What decides which documents and targets a file gives: with any of it altered, all is read anew.
_DECIDING = (
    *("readers/*.py", "chunking.py", "extraction.py", "figures.py", "indicators*"),
    *("language.py", "places.py", "types.py"),
)


class Reading:
    """Which files are to be read, and what became of each. Files are known by absolute paths.

    sums: checksums, as `checksum_of_file`. bad: each file passed over, and the reason.
    """

    def __init__(self) -> None:
        self.to_read: dict[str, Path] = {}
        self.sums: dict[str, str] = {}
        self.read_well: set[str] = set()
        self.bad: dict[str, tuple[Path, str]] = {}
        self._ahead: dict[str, tuple[Document, ...]] = {}
        self._spread: Spread | None = None

    def check(self, path: str, file: Path) -> bool:
        """Note the checksum of a file; False if it can't be read."""
        try:
            self.sums[path] = checksum_of_file(file)
        except OSError as error:
            self.refuse(path, file, error)
        return path in self.sums

    def refuse(self, path: str, file: Path, error: Exception) -> None:
        """Pass a file over for what was raised on it."""
        if isinstance(error, ReadError):
            reason = str(error)
        elif isinstance(error, OSError):
            reason = f"{file} can't be read ({error.strerror}); check that you may read it."
        else:  # a reader's library met a file it wasn't made for
            reason = (
                f"{file} can't be read ({type(error).__name__}: {error}); save it as UTF-8 text."
            )
        self.bad[path] = (file, reason)

    def spread(
        self, folder: Path, making: Making, settings: Settings, *, progress: Progress
    ) -> None:
        """Have Ray read and embed what is to be read; kept beside the index until `finish`."""
        home = folder.resolve()
        self._spread = spread_reading(
            {path: file for path, file in self.to_read.items() if path not in self.bad},
            self.sums,
            home.with_name(f".{home.name}-spread"),
            making=making,
            settings=settings,
            progress=progress,
        )

    def finish(self) -> None:
        """The generation holds all that was read."""
        if self._spread:
            self._spread.remove()

    def reads_any(self) -> bool:
        """Whether a file that is to be read can be; the first that can is kept for `documents`."""
        if not self._ahead:
            found = ((path, self.documents(path)) for path in self.to_read if path not in self.bad)
            self._ahead = dict(islice(filter(itemgetter(1), found), 1))
        return bool(self._ahead)

    def documents(self, path: str) -> tuple[Document, ...]:
        """Those of a file to be read; () if it can't be, and the reason in `bad`."""
        if path in self.bad:
            return ()
        file = self.to_read[path]
        try:
            read = self._spread.documents if self._spread else None
            documents = self._ahead.pop(path, ()) or (read(path) if read else read_file(file))
        except Exception as error:
            self.refuse(path, file, error)
            return ()
        self.read_well.add(path)
        return documents

    def embedded(self, path: str) -> tuple[Keys, Vectors] | None:
        """Fingerprints and vectors of a file's chunks, if Ray has made them."""
        return self._spread.embedded(path) if self._spread else None


def checksum_of_file(file: Path) -> str:
    """SHA-256 of a file; "" for one that is too large to be read at all."""
    with file.open("rb", buffering=0) as data:
        size = os.fstat(data.fileno()).st_size
        if size > MAX_FILE_BYTES:
            return ""
        if size < _SMALL_BYTES:
            return hashlib.sha256(data.read()).hexdigest()
        return hashlib.file_digest(data, "sha256").hexdigest()


@cache
def fingerprint_of_readers() -> str:
    """Of the code and the data that decide what a file gives."""
    package = Path(__file__).parent
    files = sorted(file for pattern in _DECIDING for file in package.glob(pattern))
    digest = hashlib.sha256()
    for file in (*files, data_file("places.tsv")):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]
