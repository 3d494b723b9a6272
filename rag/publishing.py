"""A generation into Milvus, and out of it again: its rows, and the files that open it.

New rows are added under new keys, then the generation's files, then the note of which generation
is in use; what none needs that the index's folder keeps goes last. So the one before can be read,
verified and gone back to, and a writer that is killed leaves only what the next removes.
"""

import base64
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import numpy as np

from rag.errors import IndexMissing
from rag.lexical import K1, B
from rag.matrices import Rows
from rag.stores.milvus import (
    FILES,
    SCHEMA,
    MilvusLexical,
    MilvusRows,
    MilvusStore,
    Numbering,
    Words,
    connect,
    dimension_of,
    key_of,
)
from rag.types import Chunk, Ids
from rag.words import tokenize

WORDS = "words.json"
_DRIFT = 0.01  # the mean length may move by this share before every row is weighed anew
_AT_ONCE = 500
_PIECE_BYTES = 45_000  # 60,000 characters in base64; a field of Milvus holds 65,535
_PIECES = 100  # read at once: 6 MB
_IN_USE = "current"


def publish_rows(
    stored: Path,
    words: Path,
    chunks: Callable[[], Iterable[tuple[Chunk, str]]],
    *,
    vectors: Rows,
    uri: str,
) -> None:
    """Add what the Milvus at `uri` lacks; write the numbering to `stored`, the words to `words`.

    chunks: gives each chunk with the text that is searched for words, in order of rows.
    """
    rows = MilvusRows(uri)
    rows.create(vectors.shape[1])
    counted = _counted(chunks(), _mean_of(uri))
    keys, documents = _keys(chunks(), counted.mean)
    rows.check(vectors.shape[1])
    new = ~np.isin(keys, rows.keys())
    pieces = zip(chunks(), keys, documents, vectors, new, strict=True)
    fresh = ((chunk, key, own, vector) for chunk, key, own, vector, is_new in pieces if is_new)
    while part := list(islice(fresh, _AT_ONCE)):
        rows.put(
            np.array([key for _, key, _, _ in part]),
            np.array([own for _, _, own, _ in part]),
            np.stack([vector for _, _, _, vector in part]),
            [_weights(text, counted.mean) for (_, text), _, _, _ in part],
        )
    rows.flush()
    MilvusStore(rows, Numbering(keys, documents), vectors.shape[1]).save(stored)
    words.mkdir(exist_ok=True)
    counted.save(words / WORDS)


def publish_files(folder: Path, uri: str, names: Iterable[str]) -> None:
    """Put a generation's files into Milvus and name it as the one in use; other files go."""
    files = _Files(uri)
    files.create()
    generation = key_of((folder / "manifest.json").read_text(encoding="utf-8"))
    for name in names:
        files.put(f"{generation}/{name}", (folder / name).read_bytes())
    files.put(_IN_USE, str(generation).encode())
    files.keep_only(f"{generation}/")


def remove_other_rows(uri: str, kept: Sequence[Path]) -> None:
    """Remove from Milvus what is in none of the generations whose numberings stand at `kept`."""
    stores = [MilvusStore.load(stored, uri) for stored in kept]
    rows = stores[0].rows
    needed = np.concatenate([store.numbering.keys for store in stores])
    rows.remove(np.setdiff1d(rows.keys(), needed))
    rows.flush()


@contextmanager
def fetched_files(uri: str) -> Iterator[Path]:
    """The files of the generation in use, in a folder that goes at the end.

    Raises IndexMissing if there is none, EngineMissing if no Milvus answers.
    """
    files = _Files(uri)
    generation = files.get(_IN_USE).decode() if files.is_there() else ""
    if not generation:
        raise IndexMissing(
            f"{uri} holds no index; build one: `rag index corpus/ --store milvus --uri {uri}`."
        )
    with tempfile.TemporaryDirectory(prefix="tanwen-") as place:
        for name in files.names(f"{generation}/"):
            path = Path(place) / name.removeprefix(f"{generation}/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files.get(name))
        yield Path(place)


def open_rows(stored: Path, words: Path, uri: str) -> tuple[MilvusStore, MilvusLexical]:
    """What searches the rows of a generation; raises IndexDamaged, EngineMissing, OSError."""
    store = MilvusStore.load(stored, uri)
    return store, MilvusLexical(store.rows, store.numbering, Words.load(words / WORDS))


def _mean_of(uri: str) -> float:
    """The mean length that the rows in use were weighed by; 0 if there are none."""
    files = _Files(uri)
    if not files.is_there():
        return 0.0
    generation = files.get(_IN_USE).decode()
    names = [name for name in files.names(f"{generation}/") if name.endswith(f"/{WORDS}")]
    if not names:
        return 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / WORDS
        path.write_bytes(files.get(names[0]))
        return Words.load(path).mean


def _counted(chunks: Iterable[tuple[Chunk, str]], mean_before: float) -> Words:
    """How many rows have each word, and the mean length, which stays unless it has moved."""
    found: Counter[str] = Counter()
    lengths: list[int] = []
    for _, text in chunks:
        tokens = tokenize(text) or [""]
        found.update(set(tokens))
        lengths.append(len(tokens))
    mean = sum(lengths) / max(len(lengths), 1)
    stays = mean_before and abs(mean / mean_before - 1) <= _DRIFT
    return Words(len(lengths), dict(found), mean_before if stays else mean)


def _keys(chunks: Iterable[tuple[Chunk, str]], mean: float) -> tuple[Ids, Ids]:
    """A key for each row, another whenever anything of the row is; and its document's."""
    keys, documents = [], []
    for chunk, text in chunks:
        place = f"{SCHEMA}\0{mean!r}\0{chunk.document.id}\0{chunk.start}\0"
        keys.append(key_of(f"{place}{chunk.context}\0{text}"))
        documents.append(key_of(chunk.document.id))
    return np.array(keys, dtype=np.int64), np.array(documents, dtype=np.int64)


def _weights(text: str, mean: float) -> dict[int, float]:
    """What each word of a text adds to a score, rarity apart. source: as `rag.lexical`"""
    tokens = tokenize(text)
    damping = K1 * ((1 - B) + B * len(tokens) / mean)
    weights: dict[int, float] = {}
    for token, times in Counter(tokens).items():
        place = dimension_of(token)
        weights[place] = weights.get(place, 0.0) + times / (damping + times)
    return weights


class _Files:
    """Files cut into pieces, a row each."""

    def __init__(self, uri: str) -> None:
        self._client = connect(uri)
        self._uri = uri

    def create(self) -> None:
        if self.is_there():
            return
        from pymilvus import DataType

        schema = self._client.create_schema(auto_id=False)
        schema.add_field("id", DataType.VARCHAR, max_length=512, is_primary=True)
        schema.add_field("name", DataType.VARCHAR, max_length=500)
        schema.add_field("piece", DataType.INT64)
        schema.add_field("pieces", DataType.INT64)
        schema.add_field("content", DataType.VARCHAR, max_length=65_535)
        schema.add_field("none", DataType.FLOAT_VECTOR, dim=2)  # Milvus wants one
        indexes = self._client.prepare_index_params()
        indexes.add_index("none", index_type="FLAT", metric_type="L2")
        self._client.create_collection(FILES, schema=schema, index_params=indexes)

    def is_there(self) -> bool:
        if not self._client.has_collection(FILES):
            return False
        self._client.load_collection(FILES)
        return True

    def put(self, name: str, content: bytes) -> None:
        text = [
            base64.b64encode(content[begin : begin + _PIECE_BYTES]).decode()
            for begin in range(0, max(len(content), 1), _PIECE_BYTES)
        ]
        rows = [
            {
                "id": f"{name}#{piece}",
                "name": name,
                "piece": piece,
                "pieces": len(text),
                "content": part,
                "none": [0.0, 0.0],
            }
            for piece, part in enumerate(text)
        ]
        for begin in range(0, len(rows), _PIECES):
            self._client.upsert(FILES, rows[begin : begin + _PIECES])
        self._client.flush(FILES)

    def get(self, name: str) -> bytes:
        """b"" for a name that isn't there."""
        content: list[bytes] = []
        total = 1
        while len(content) < total:
            begin = len(content)
            asked = f'name == "{name}" and piece >= {begin} and piece < {begin + _PIECES}'
            rows = self._client.query(
                FILES, filter=asked, output_fields=["piece", "pieces", "content"]
            )
            if not rows:
                break
            total = rows[0]["pieces"]
            ordered = sorted(rows, key=lambda row: int(row["piece"]))
            content += (base64.b64decode(row["content"]) for row in ordered)
        return b"".join(content)

    def names(self, start: str) -> list[str]:
        rows = self._client.query(FILES, filter="piece == 0", output_fields=["name"], limit=1000)
        return sorted(row["name"] for row in rows if row["name"].startswith(start))

    def keep_only(self, start: str) -> None:
        for name in self.names(""):
            if name != _IN_USE and not name.startswith(start):
                self._client.delete(FILES, filter=f'name == "{name}"')
