"""Rows in Milvus: a vector and weighted words each, under a key that outlives their numbering.

One client speaks to a file (Milvus Lite) and to a cluster. Where a filter lets some documents pass,
the engine gets their numbers and looks at nothing else.
source: pymilvus, "MilvusClient"; Milvus documentation, "Sparse Vector", "Filtering Explained".
"""

import json
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np

from rag.errors import EngineMissing, IndexDamaged, IndexMismatch, first_line
from rag.stores.flat import unit
from rag.types import Ids, Vectors

SCHEMA = 1  # raise it whenever a field of the collections changes its meaning
ROWS, FILES = f"tanwen_rows_v{SCHEMA}", f"tanwen_files_v{SCHEMA}"
_SENT = 500  # rows at once; a message to Milvus holds 64 MB at most
_NAMED = 1000  # documents or keys in one expression
_MOST = 16_384  # Milvus gives no more rows than this at once
_ALWAYS = 1  # a word that every row has and no question, since Milvus takes no empty row
_TIED = 32  # asked for beyond what is wanted, for rows that tie with the last


class Words(NamedTuple):
    """rows: how many there are. found: word -> rows with it. mean: words a row, when weighed."""

    rows: int
    found: dict[str, int]
    mean: float

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(self._asdict(), ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Words":
        return cls(**json.loads(path.read_text(encoding="utf-8")))


def is_uri(text: str) -> bool:
    """Whether a text names a Milvus: an address, or a file of Milvus Lite."""
    return "://" in text or text.endswith(".db")


def connect(uri: str) -> Any:  # noqa: ANN401 - pymilvus has no types
    """A client; raises EngineMissing if pymilvus isn't installed or nothing answers."""
    try:
        from pymilvus import MilvusClient  # an extra, and slow to load
    except ImportError as error:
        raise EngineMissing(
            f"{uri} is a Milvus, and pymilvus is not installed; run `pip install 'tanwen[milvus]'`."
        ) from error
    from pymilvus.exceptions import ConnectionConfigException, MilvusException

    # It warns at each listing of Milvus Lite's rows, which has no clock of its own.
    logging.getLogger("pymilvus.client.iterator.query_iterator").setLevel(logging.ERROR)
    try:
        return MilvusClient(uri)
    except (ConnectionConfigException, MilvusException, OSError) as error:
        raise EngineMissing(
            f"no Milvus answers at {uri} ({first_line(error)}); start it or name another: "
            "`rag index corpus/ --store milvus --uri ./tanwen.db`."
        ) from error


def dimension_of(word: str) -> int:
    """Where a word stands in a row's words: 32 bits of a hash, so that no list of words is kept."""
    digest = blake2b(word.encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return max(int.from_bytes(digest, "little") % (2**32 - 1), _ALWAYS + 1)


def key_of(text: str) -> int:
    """64 bits of a hash, as a signed number."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


class MilvusRows:
    """The collection of rows at one address.

    prefix: of its name, so that several may lie at one address.
    """

    def __init__(self, uri: str, *, prefix: str = "") -> None:
        self.uri = uri
        self.client = connect(uri)
        self._name = f"{prefix}{ROWS}"

    def create(self, dim: int) -> None:
        """Make the collection unless it is there; raises as `check` does if it is another."""
        if self.client.has_collection(self._name):
            self.check(dim)
            return
        from pymilvus import DataType

        schema = self.client.create_schema(auto_id=False)
        schema.add_field("key", DataType.INT64, is_primary=True)
        schema.add_field("document", DataType.INT64)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dim)
        schema.add_field("words", DataType.SPARSE_FLOAT_VECTOR)
        indexes = self.client.prepare_index_params()
        indexes.add_index("vector", index_type="FLAT", metric_type="IP")
        indexes.add_index("words", index_type="SPARSE_INVERTED_INDEX", metric_type="IP")
        self.client.create_collection(self._name, schema=schema, index_params=indexes)

    def check(self, dim: int) -> None:
        """Raise IndexDamaged unless the collection is there, of this schema and width."""
        found = 0
        if self.client.has_collection(self._name):
            fields = self.client.describe_collection(self._name)["fields"]
            found = next(int(f["params"]["dim"]) for f in fields if f["name"] == "vector")
        if found != dim:
            raise IndexDamaged(
                f"{self.uri} holds {f'{found}-wide' if found else 'no'} vectors in {self._name}, "
                f"and {dim}-wide ones are needed; build it in another place: "
                "`rag index corpus/ --store milvus --uri ./new.db`."
            )
        self.client.load_collection(self._name)

    def drop(self) -> None:
        self.client.drop_collection(self._name)

    def put(
        self, keys: Ids, documents: Ids, vectors: Vectors, words: Sequence[dict[int, float]]
    ) -> None:
        """Add rows, in place of those of the same keys."""
        units = unit(vectors)
        for begin in range(0, len(keys), _SENT):
            part = range(begin, min(begin + _SENT, len(keys)))
            rows = [
                {
                    "key": int(keys[row]),
                    "document": int(documents[row]),
                    "vector": units[row],
                    "words": {_ALWAYS: 1.0, **words[row]},
                }
                for row in part
            ]
            self.client.upsert(self._name, rows)

    def keys(self) -> Ids:
        """Of every row, ascending."""
        pages = self.client.query_iterator(self._name, batch_size=_MOST // 2, output_fields=["key"])
        found: list[int] = []
        while page := pages.next():
            found += (row["key"] for row in page)
        pages.close()
        return np.array(sorted(found), dtype=np.int64)

    def remove(self, keys: Ids) -> None:
        for part in _parts(keys):
            self.client.delete(self._name, ids=part)

    def flush(self) -> None:
        self.client.flush(self._name)
        self.client.load_collection(self._name)

    def nearest(
        self,
        queries: Sequence[Vectors] | Sequence[dict[int, float]],
        top_k: int,
        *,
        field: str,
        where: tuple[str, Sequence[int]] | None = None,
    ) -> list[list[tuple[int, float]]]:
        """(key, score) of the best rows for each query, best first.

        queries: unit vectors for the field "vector", {dimension: weight} for "words".
        where: a field and the values it may have; None for any.
        """
        parts = [None] if where is None else [f"{where[0]} in {p}" for p in _parts(where[1])]
        found: list[list[tuple[int, float]]] = [[] for _ in queries]
        for part in parts:
            answers = self.client.search(
                self._name,
                data=list(queries),
                anns_field=field,
                limit=min(top_k, _MOST),
                output_fields=["key"],
                **({"filter": part} if part else {}),
            )
            for own, answer in zip(found, answers, strict=True):
                own += ((hit["key"], float(hit["distance"])) for hit in answer)
        return [sorted(own, key=lambda hit: -hit[1])[:top_k] for own in found]


class Numbering:
    """Rows as the index numbers them, and the keys and the documents' keys they have in Milvus."""

    def __init__(self, keys: Ids, documents: Ids) -> None:
        self.keys, self.documents = keys, documents
        self._order = np.argsort(keys, kind="stable")
        self._sorted = keys[self._order]

    def rows(self, keys: Sequence[int]) -> Ids:
        """The row of each key; -1 for one of another generation."""
        asked = np.array(keys, dtype=np.int64)
        if not len(self._sorted):
            return np.full(len(asked), -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(self._sorted, asked), len(self._sorted) - 1)
        known = self._sorted[at] == asked
        return np.asarray(np.where(known, self._order[at], -1), dtype=np.int64)

    def of_documents(self, rows: Ids | None) -> tuple[str, list[int]] | None:
        """What tells Milvus to look at `rows` alone, which are all of some documents' rows."""
        if rows is None:
            return None
        return "document", np.unique(self.documents[rows]).tolist()


class MilvusStore:
    """Vectors in Milvus; its file holds the address and the numbering."""

    def __init__(self, rows: MilvusRows, numbering: Numbering, dim: int) -> None:
        self._rows, self.numbering, self._dim = rows, numbering, dim

    @classmethod
    def build(cls, vectors: Vectors, rows: MilvusRows) -> "MilvusStore":
        """As `FlatStore.build`, each row a document of its own, in an empty collection."""
        numbers = np.arange(len(vectors), dtype=np.int64)
        rows.create(vectors.shape[1])
        rows.put(numbers, numbers, vectors, [{} for _ in numbers])
        rows.flush()
        return cls(rows, Numbering(numbers, numbers), vectors.shape[1])

    @classmethod
    def load(cls, path: Path, uri: str = "", *, prefix: str = "") -> "MilvusStore":
        """Read what `save` wrote and connect to `uri`, or to where it was built.

        Raises IndexDamaged on a file that makes no sense, EngineMissing if nothing answers.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
                numbering = Numbering(kept["keys"], kept["documents"])
                dim, built_at = int(kept["dim"]), str(kept["uri"])
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise IndexDamaged(
                f"{path} can't be read as rows of Milvus; rebuild the index: `rag index corpus/`."
            ) from error
        rows = MilvusRows(uri or built_at, prefix=prefix)
        rows.check(dim)
        return cls(rows, numbering, dim)

    def save(self, path: Path) -> None:
        numbering = self.numbering
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                keys=numbering.keys,
                documents=numbering.documents,
                dim=np.int64(self._dim),
                uri=np.str_(self._rows.uri),
            )

    @property
    def size(self) -> tuple[int, int]:
        return len(self.numbering.keys), self._dim

    @property
    def rows(self) -> MilvusRows:
        return self._rows

    def count_held(self) -> int:
        """How many of the rows Milvus holds; all of them, unless somebody took them away."""
        return len(np.intersect1d(self.numbering.keys, self._rows.keys()))

    def search(self, queries: Vectors, top_k: int, rows: Ids | None = None) -> tuple[Vectors, Ids]:
        if queries.shape[1:] != (self._dim,):
            raise IndexMismatch(
                f"query vectors have shape {queries.shape}; this index needs (n, {self._dim}). "
                "Rebuild it with the embedder in use: `rag index corpus/`."
            )
        among = self.size[0] if rows is None else len(np.unique(rows))
        k = min(top_k, among)
        if not k or not len(queries):
            return np.zeros((len(queries), k), np.float32), np.zeros((len(queries), k), np.int64)
        found = [self._best(query, k, among, rows) for query in unit(queries)]
        scores, numbers = (np.stack(part) for part in zip(*found, strict=True))
        return scores.astype(np.float32), numbers.astype(np.int64)

    def _best(self, query: Vectors, k: int, among: int, rows: Ids | None) -> tuple[Vectors, Ids]:
        """The best k rows, ties by lower row; more are asked for until the scores fall off."""
        where, asked = self.numbering.of_documents(rows), k
        if rows is not None and len(rows) <= _NAMED:  # their documents may have many more
            where = "key", self.numbering.keys[rows].tolist()
        while True:
            asked = min(2 * asked + _TIED, _MOST)
            hits = self._rows.nearest([query], asked, field="vector", where=where)[0]
            numbers = self.numbering.rows([key for key, _ in hits])
            scores = np.clip(np.array([score for _, score in hits], dtype=np.float32), -1, 1)
            known = numbers >= 0 if rows is None else np.isin(numbers, rows)
            numbers, scores = numbers[known], scores[known]
            whole = len(hits) < asked or asked == _MOST
            if whole or (len(numbers) >= k and scores[-1] < scores[k - 1]):
                order = np.lexsort((numbers, -scores))[:k]
                return scores[order], numbers[order]


class MilvusLexical:
    """BM25 by Milvus: a row holds its words' weights, a question brings how rare they are."""

    def __init__(self, rows: MilvusRows, numbering: Numbering, words: Words) -> None:
        self._rows, self._numbering, self._words = rows, numbering, words
        self.rows = words.rows

    def rarity(self, token: str) -> float:
        """As `LexicalIndex.rarity`."""
        found = self._words.found.get(token, 1)
        return float(np.log((self._words.rows + 1) / (found + 0.5)))

    def scores_of(self, tokens: Sequence[str], rows: Ids) -> Vectors:
        """As `LexicalIndex.scores_of`, but for the last digits."""
        scores = np.zeros(len(rows), dtype=np.float32)
        asked = self._asked(tokens)
        keys = self._numbering.keys[rows]
        for begin in range(0, len(rows) if asked else 0, _NAMED):
            part = keys[begin : begin + _NAMED].tolist()
            hits = self._rows.nearest([asked], len(part), field="words", where=("key", part))[0]
            at = np.searchsorted(rows, self._numbering.rows([key for key, _ in hits]))
            scores[at] = [score for _, score in hits]
        return scores

    def best(self, tokens: Sequence[str], count: int, among: Ids | None = None) -> Ids:
        """As `LexicalIndex.best`. among: all rows of some documents."""
        asked = self._asked(tokens)
        if not asked or (among is not None and not len(among)):
            return np.zeros(0, dtype=np.int64)
        where, wanted = self._numbering.of_documents(among), count + _TIED
        limit = wanted
        while True:  # rows of another generation are passed over
            hits = self._rows.nearest([asked], limit, field="words", where=where)[0]
            rows = self._numbering.rows([key for key, score in hits if score > 0])
            known = rows[rows >= 0]
            if len(known) >= wanted or len(hits) < limit or limit == _MOST:
                return np.unique(known[:wanted])
            limit = min(2 * limit, _MOST)

    def _asked(self, tokens: Sequence[str]) -> dict[int, float]:
        known = Counter(token for token in tokens if token in self._words.found)
        return {dimension_of(t): times * self.rarity(t) for t, times in known.items()}


def _parts(values: Any) -> Iterator[list[int]]:  # noqa: ANN401 - an array or a list
    listed = np.asarray(values).tolist()
    return (listed[begin : begin + _NAMED] for begin in range(0, len(listed), _NAMED))
