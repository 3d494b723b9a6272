"""The index's own description: format, models, counts, and the checksum of every file.

Its own checksum stands beside them, so that no altered byte of an index goes unnoticed.
"""

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rag.errors import IndexDamaged, IndexMissing

FORMAT_VERSION = 3  # raise it whenever a file of the index changes its meaning
NAME = "manifest.json"
_OWN = "checksum"


@dataclass(frozen=True)
class Manifest:
    """What one generation of an index holds.

    files: path within it -> SHA-256. created: UTC, ISO 8601, to the second.
    recipe: fingerprint of the program's part in it: with another, files are read anew.
    """

    embedder: str
    embedder_name: str
    dim: int
    chunk_chars: int
    documents: int
    chunks: int
    created: str = ""
    recipe: str = ""
    format_version: int = FORMAT_VERSION
    files: dict[str, str] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        row = asdict(self)
        text = json.dumps(row | {_OWN: _own_checksum(row)}, ensure_ascii=False, indent=1)
        (folder / NAME).write_text(text + "\n", encoding="utf-8")

    def sealed(self, folder: Path) -> "Manifest":
        """The same with the time and the checksums of the files now in `folder`."""
        created = datetime.now(UTC).isoformat(timespec="seconds")
        return replace(self, created=created, files=_checksums(folder))

    @classmethod
    def load(cls, folder: Path, *, index: Path | None = None) -> "Manifest":
        """Read it; raises IndexMissing, or IndexDamaged if altered or of another format.

        index: the folder of the whole index, which the remedies name; `folder` if left out.
        """
        place = index or folder
        remedy = f"rebuild it: `rag index corpus/ --index {place}`."
        try:
            row = json.loads((folder / NAME).read_text(encoding="utf-8"))
            version, checksum = row["format_version"], row.pop(_OWN, "")
        except (FileNotFoundError, NotADirectoryError) as error:
            build = f"build one: `rag index corpus/ --index {place}`."
            raise IndexMissing(f"there is no index at {place}; {build}") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexDamaged(f"{folder / NAME} can't be read ({error}); {remedy}") from error
        if version != FORMAT_VERSION:
            raise IndexDamaged(
                f"{place} has index format {version}, this program reads {FORMAT_VERSION}; {remedy}"
            )
        if checksum != _own_checksum(row):
            raise IndexDamaged(f"{folder / NAME} is altered; {remedy}")
        try:
            return cls(**row)
        except TypeError as error:
            raise IndexDamaged(f"{folder / NAME} is not a manifest ({error}); {remedy}") from error

    def check_files(
        self, folder: Path, *, index: Path | None = None, spared: Collection[str] = ()
    ) -> None:
        """Raise IndexDamaged naming the first file that is missing or altered.

        spared: files that won't be read, so needn't be checked. index: as for `load`.
        """
        for name in self.files:
            fault = "" if name in spared else self.fault_of(folder, name)
            if fault:
                raise IndexDamaged(
                    f"{folder / name} {fault}; rebuild the index: "
                    f"`rag index corpus/ --index {index or folder}`."
                )

    def fault_of(self, folder: Path, name: str) -> str:
        """What is wrong with a file of the generation; "" if nothing is."""
        try:
            return "" if _sha256(folder / name) == self.files[name] else "is altered"
        except FileNotFoundError:
            return "is missing"
        except OSError as error:
            return f"can't be read ({error.strerror})"


def _checksums(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != NAME)
    return {path.relative_to(folder).as_posix(): _sha256(path) for path in files}


def _own_checksum(row: dict[str, Any]) -> str:
    """SHA-256 of a manifest's fields, whatever their order and spacing in the file."""
    return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
