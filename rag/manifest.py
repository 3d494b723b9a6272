"""The index's own description: format, models, counts, and the checksum of every file."""

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from rag.errors import IndexDamaged, IndexMissing

FORMAT_VERSION = 1  # raise it whenever a file of the index changes its meaning
NAME = "manifest.json"


@dataclass(frozen=True)
class Manifest:
    """files: path within the index -> SHA-256. created: UTC, ISO 8601, to the second."""

    embedder: str
    embedder_name: str
    dim: int
    chunk_chars: int
    documents: int
    chunks: int
    created: str = ""
    format_version: int = FORMAT_VERSION
    files: dict[str, str] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1)
        (folder / NAME).write_text(text + "\n", encoding="utf-8")

    def sealed(self, folder: Path) -> "Manifest":
        """The same with the time and the checksums of the files now in `folder`."""
        created = datetime.now(UTC).isoformat(timespec="seconds")
        return replace(self, created=created, files=_checksums(folder))

    @classmethod
    def load(cls, folder: Path) -> "Manifest":
        """Read it; raises IndexMissing, or IndexDamaged if unreadable or of another format."""
        remedy = f"rebuild it: `rag index corpus/ --index {folder}`."
        try:
            row = json.loads((folder / NAME).read_text(encoding="utf-8"))
            version = row["format_version"]
        except (FileNotFoundError, NotADirectoryError) as error:
            build = f"build one: `rag index corpus/ --index {folder}`."
            raise IndexMissing(f"there is no index at {folder}; {build}") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexDamaged(f"{folder / NAME} can't be read ({error}); {remedy}") from error
        if version != FORMAT_VERSION:
            raise IndexDamaged(
                f"{folder} has index format {version}, this program reads "
                f"{FORMAT_VERSION}; {remedy}"
            )
        try:
            return cls(**row)
        except TypeError as error:
            raise IndexDamaged(f"{folder / NAME} is not a manifest ({error}); {remedy}") from error

    def check_files(self, folder: Path) -> None:
        """Raise IndexDamaged naming the first file that is missing or altered."""
        found = _checksums(folder)
        for name, checksum in self.files.items():
            if found.get(name) != checksum:
                state = "altered" if name in found else "missing"
                raise IndexDamaged(
                    f"{folder / name} is {state}; rebuild the index: "
                    f"`rag index corpus/ --index {folder}`."
                )


def _checksums(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != NAME)
    return {path.relative_to(folder).as_posix(): _sha256(path) for path in files}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
