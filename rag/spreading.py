"""Files -> documents and vectors, read, cut and embedded by Ray: on this machine or a cluster.

Each file's results are kept in a folder as they arrive, so that a run that broke off goes on where
it stopped. What a file gives is what one process would make of it: the code is the same, and the
generation is then written from it as always.
source: Ray Data documentation, "Offline batch inference", "Fault tolerance".
"""

import hashlib
import json
import logging
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from rag.building import Making, embedded_text
from rag.chunking import split_document
from rag.embedders import load_embedder
from rag.errors import EngineMissing, ReadError
from rag.readers import read_file
from rag.records import Keys, keys_of, to_document
from rag.settings import Settings
from rag.types import Document, Progress, Vectors

LOCAL = "local"
_TEXTS = 256  # in a piece: what one call of the embedder gets
_PIECES = 2  # pieces in a batch
_KEPT = ".npz"
_TRIES = 4  # of what its process dies at; a lost node costs what lay there one, too
_DIED = "the process that read it died; see whether it opens, or leave it out"


class Spread:
    """What Ray made of files, in a folder: the documents and the vectors of each."""

    def __init__(self, folder: Path, names: Mapping[str, str], reasons: Mapping[str, str]) -> None:
        """names: path -> its file in the folder. reasons: path -> why it gave nothing."""
        self._folder, self._names, self._reasons = folder, names, reasons

    def documents(self, path: str) -> tuple[Document, ...]:
        """The documents of a file; raises ReadError with the reason if it can't be read."""
        if path in self._reasons:
            raise ReadError(self._reasons[path])
        with np.load(self._folder / self._names[path], allow_pickle=False) as kept:
            rows = json.loads(kept["documents"].tobytes().decode("utf-8", "surrogatepass"))
        return tuple(to_document(row) for row in rows)

    def embedded(self, path: str) -> tuple[Keys, Vectors]:
        """Fingerprints and vectors of the chunks of a file, in order."""
        with np.load(self._folder / self._names[path], allow_pickle=False) as kept:
            return kept["keys"], kept["vectors"]

    def remove(self) -> None:
        """Once a generation holds all of it."""
        shutil.rmtree(self._folder, ignore_errors=True)


def spread_reading(
    files: Mapping[str, Path],
    sums: Mapping[str, str],
    folder: Path,
    *,
    making: Making,
    settings: Settings,
    progress: Progress,
) -> Spread:
    """Read, cut and embed files with Ray, save those whose results `folder` holds already.

    files, sums: path -> the file and its checksum. settings.ray: LOCAL, or a cluster's address.
    Raises EngineMissing if Ray isn't installed or no cluster answers.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = {path: _name(path, sums[path], making) for path in files}
    missing = {
        path: str(file) for path, file in files.items() if not (folder / names[path]).exists()
    }
    reasons: dict[str, str] = {}
    done = len(files) - len(missing)
    progress("reading", done, len(files))
    gathered: dict[str, dict[int, dict[str, Any]]] = {}
    for row in _rows(missing, making=making, settings=settings) if missing else ():
        path = row["path"]
        parts = gathered.setdefault(path, {})
        parts[row["part"]] = row
        if len(parts) < row["parts"]:
            continue
        if row["reason"]:
            reasons[path] = row["reason"]
        else:
            _keep(folder / names[path], [parts[part] for part in range(row["parts"])])
        del gathered[path]
        done += 1
        progress("reading", done, len(files))
    for path, file in missing.items():
        if path not in reasons and not (folder / names[path]).exists():
            reasons[path] = f"{file} can't be read: {_DIED}."
    kept = {path: name for path, name in names.items() if path not in reasons}
    return Spread(folder, kept, reasons)


def _rows(
    files: Mapping[str, str], *, making: Making, settings: Settings
) -> Iterator[dict[str, Any]]:
    """The pieces of all files as they come. A worker that dies is replaced and its piece redone.

    Ray Data does that by default, without end, so tries are counted. A block that fails is left
    out, so what it held is missing at the end.
    """
    ray = _start(settings.ray)
    context = ray.data.DataContext.get_current()
    context.max_errored_blocks = len(files)
    context.enable_progress_bars = False
    gpus = int(ray.cluster_resources().get("GPU", 0))
    workers = gpus or max(int(ray.cluster_resources().get("CPU", 1)) - 1, 1)
    lasting = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)
    may_try = partial(_may_try, lasting(_Tries).remote(_TRIES))
    data = ray.data.from_items(
        [{"path": path, "file": file} for path, file in files.items()],
        override_num_blocks=len(files),  # a block a file, so that a bad one costs no other
    )
    pieces = data.flat_map(_Cutting(making.chunk_chars, may_try))
    embedded = pieces.map_batches(
        Embedding,
        fn_constructor_args=(making.embedder_name, making.embedder.identity, settings, may_try),
        batch_size=_PIECES,
        batch_format="numpy",
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=workers),
        num_gpus=1 if gpus else 0,
    )
    yield from embedded.iter_rows()


def _start(address: str) -> Any:  # noqa: ANN401 - ray has no types
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise EngineMissing(
            "ray is not installed; run `pip install 'tanwen[ray]'`, or index without --ray."
        ) from error
    if not ray.is_initialized():
        try:
            ray.init(
                address=None if address == LOCAL else address,
                include_dashboard=False if address == LOCAL else None,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise EngineMissing(
                f"no Ray answers at {address} ({error}); start one: `ray start --head`, "
                "or use this machine alone: `rag index corpus/ --ray`."
            ) from error
    return ray


class _Tries:
    """Counts how often work was begun, in a process that outlives those that die of it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._begun: Counter[str] = Counter()

    def begin(self, name: str) -> bool:
        """Whether it may be begun, once more."""
        self._begun[name] += 1
        return self._begun[name] <= self._most


def _may_try(tries: Any, name: str) -> bool:  # noqa: ANN401 - ray has no types
    import ray

    return bool(ray.get(tries.begin.remote(name)))


class _Cutting:
    """A file -> its pieces: documents with the first, texts of chunks with each."""

    def __init__(self, chunk_chars: int, may_try: Callable[[str], bool]) -> None:
        self._chunk_chars, self._may_try = chunk_chars, may_try

    def __call__(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        path, file = row["path"], Path(row["file"])
        if not self._may_try(path):
            return [_piece(path, reason=f"{file} can't be read: {_DIED}.")]
        try:
            documents = read_file(file)
        except ReadError as error:
            return [_piece(path, reason=str(error))]
        except OSError as error:
            return [_piece(path, reason=f"{file} can't be read ({error.strerror}).")]
        except Exception as error:  # a reader's library met a file it wasn't made for
            reason = f"{file} can't be read ({type(error).__name__}: {error}); save it as text."
            return [_piece(path, reason=reason)]
        texts = [
            embedded_text(chunk)
            for document in documents
            for chunk in split_document(document, chunk_chars=self._chunk_chars)
        ]
        told = json.dumps([asdict(document) for document in documents], ensure_ascii=False)
        parts = max(-(-len(texts) // _TEXTS), 1)
        return [
            _piece(
                path,
                part=part,
                parts=parts,
                documents=told if part == 0 else "",
                texts=texts[part * _TEXTS : (part + 1) * _TEXTS],
            )
            for part in range(parts)
        ]


class Embedding:
    """An actor that holds the embedder; on a GPU if it was given one."""

    def __init__(
        self, name: str, identity: str, settings: Settings, may_try: Callable[[str], bool]
    ) -> None:
        self._may_try = may_try
        self._embedder = load_embedder(
            Settings(embedder=name, batch_size=settings.batch_size, device=settings.device)
        )
        if self._embedder.identity != identity:
            raise EngineMissing(
                f"this node has embedder {self._embedder.identity}, the others {identity}; "
                "install one version of the model on all nodes."
            )

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """texts, a JSON list a piece -> vectors and keys, as bytes."""
        first = f"{batch['path'][0]} {batch['part'][0]}"
        if not self._may_try(first):
            raise EngineMissing(f"embedding {first} and what follows it killed its process.")
        vectors, keys = [], []
        for told in batch.pop("texts"):
            texts = json.loads(told)
            found = self._embedder.embed_passages(texts)
            vectors.append(np.ascontiguousarray(found, dtype=np.float32).tobytes())
            keys.append(keys_of(texts).tobytes())
        return batch | {
            "vectors": np.array(vectors, dtype=object),
            "keys": np.array(keys, dtype=object),
            "dim": np.full(len(keys), self._embedder.dim),
        }


def _piece(
    path: str,
    *,
    part: int = 0,
    parts: int = 1,
    documents: str = "",
    texts: list[str] | None = None,
    reason: str = "",
) -> dict[str, Any]:
    return {
        "path": path,
        "part": part,
        "parts": parts,
        "documents": documents.encode("utf-8", "surrogatepass"),
        "texts": json.dumps(texts or []),
        "reason": reason,
    }


def _keep(path: Path, parts: list[dict[str, Any]]) -> None:
    """Write a file's results whole or not at all."""
    keys = np.frombuffer(b"".join(part["keys"] for part in parts), dtype="<u8").reshape(-1, 2)
    vectors = np.frombuffer(b"".join(part["vectors"] for part in parts), dtype=np.float32)
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        np.savez(
            file,
            documents=np.frombuffer(parts[0]["documents"], dtype=np.uint8),
            keys=keys,
            vectors=vectors.reshape(len(keys), int(parts[0]["dim"])),
        )
    fresh.replace(path)


def _name(path: str, sha256: str, making: Making) -> str:
    """Another for another file, program, model or length of chunks."""
    made = (path, sha256, making.recipe, making.embedder.identity, str(making.chunk_chars))
    told = "\0".join(made).encode("utf-8", "surrogatepass")
    return hashlib.sha256(told).hexdigest()[:32] + _KEPT
