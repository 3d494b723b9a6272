"""What every store promises; a new store joins STORES and with it this test, as Milvus does."""

from itertools import count

import numpy as np
import pytest

from rag.errors import IndexDamaged, IndexMismatch
from rag.stores import STORES, milvus

ROWS = np.array([[1, 0], [5, 5], [0, 0], [-2, 0], [0, 3]], dtype=np.float32)  # row 1 is longest


class Milvus:
    """MilvusStore as the other stores are made; every build is a collection of its own."""

    def __init__(self, uri):
        self._uri, self._builds = uri, count()

    def build(self, rows):
        return milvus.MilvusStore.build(rows, milvus.MilvusRows(self._uri, prefix=self._prefix()))

    def load(self, path):
        return milvus.MilvusStore.load(path, prefix=self._last)

    def _prefix(self):
        self._last = f"t{next(self._builds)}_"
        return self._last


@pytest.fixture(scope="session")
def milvus_lite(tmp_path_factory):
    return Milvus(str(tmp_path_factory.mktemp("milvus") / "rows.db"))


@pytest.fixture(params=[*sorted(STORES), pytest.param("milvus", marks=pytest.mark.slow)])
def kind(request):
    if request.param == "milvus":
        return request.getfixturevalue("milvus_lite")
    return STORES[request.param]


def vectors(rows, dim, seed=0):
    """Vectors of very different lengths."""
    made = np.random.default_rng(seed).normal(size=(rows, dim))
    return (made * np.geomspace(0.01, 100, rows)[:, None]).astype(np.float32)


def cosines(queries, rows):
    """Plain NumPy in double width; an all-zero row has cosine 0 with everything."""

    def unit(v):
        v = v.astype(np.float64)
        return v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-300)

    return unit(queries) @ unit(rows).T


def nearest(queries, rows, top_k, among=None):
    """(scores, rows) by definition: by score, ties by lower row."""
    scores = np.round(cosines(queries, rows), 6)
    allowed = np.arange(len(rows)) if among is None else np.unique(among)
    order = [sorted(allowed, key=lambda row: (-line[row], row))[:top_k] for line in scores]
    found = np.array(order, dtype=np.int64).reshape(len(queries), -1)
    return np.take_along_axis(scores, found, 1), found


def test_scores_are_cosines_best_first(kind):
    scores, found = kind.build(ROWS).search(np.array([[3, 0]], dtype=np.float32), top_k=9)
    assert found.tolist() == [[0, 1, 2, 4, 3]]
    np.testing.assert_allclose(scores, [[1, 0.5**0.5, 0, 0, -1]], atol=1e-6)


@pytest.mark.parametrize(
    ("count", "dim", "top_k", "queries"),
    [(7, 3, 2, 1), (300, 16, 10, 4), (300, 16, 200, 3), (300, 256, 30, 40), (5, 4, 99, 2)],
)
def test_it_agrees_with_numpy(kind, count, dim, top_k, queries):
    rows, asked = vectors(count, dim), vectors(queries, dim, seed=1)
    scores, found = kind.build(rows).search(asked, top_k)
    expected, order = nearest(asked, rows, top_k)
    assert found.tolist() == order.tolist()
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    assert scores.dtype == np.float32
    assert found.dtype == np.int64


@pytest.mark.parametrize("top_k", [1, 3, 10, 100, 150, 400])
@pytest.mark.parametrize("queries", [1, 3])
def test_ties_go_to_the_lower_row(kind, top_k, queries):
    """Many rows of one direction and two lengths: ties inside the best and at their end."""
    corners = np.array([[1, 0], [0, 1], [3, 4], [0, 0]], dtype=np.float32)
    rows = np.concatenate([corners[[3, 1, 0, 2]], *[corners, 2 * corners] * 40])
    asked = np.array([[1, 0], [0, 3], [0, 0]], dtype=np.float32)[:queries]
    found = kind.build(rows).search(asked, top_k)[1]
    assert found.tolist() == nearest(asked, rows, top_k)[1].tolist()


@pytest.mark.parametrize("top_k", [3, 4, 9, 10, 40])
def test_a_tie_before_better_rows_still_goes_to_the_lower_row(kind, top_k):
    rows = np.array([[3, 4]] * 60 + [[1, 0]] * 3 + [[3, 4]] * 60, dtype=np.float32)
    asked = np.array([[1, 0]], dtype=np.float32)
    found = kind.build(rows).search(asked, top_k)[1]
    assert found.tolist() == nearest(asked, rows, top_k)[1].tolist()


@pytest.mark.parametrize("rows", [[4], [3, 1], [4, 0, 2], [0, 1, 2, 3, 4], [2, 2, 1]])
@pytest.mark.parametrize("top_k", [1, 2, 9])
def test_only_the_rows_asked_for_are_searched_best_first(kind, rows, top_k):
    asked = np.array([[3, 1], [-1, 0]], dtype=np.float32)
    among = np.array(rows, dtype=np.int64)
    scores, found = kind.build(ROWS).search(asked, top_k, among)
    expected, order = nearest(asked, ROWS, top_k, among)
    assert found.tolist() == order.tolist()
    np.testing.assert_allclose(scores, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("count", "top_k", "rows", "queries", "shape"),
    [
        (5, 0, None, 1, (1, 0)),
        (5, 3, [], 2, (2, 0)),
        (0, 3, None, 2, (2, 0)),
        (5, 3, None, 0, (0, 3)),
        (5, 3, [1], 0, (0, 1)),
    ],
)
def test_nothing_to_find_gives_empty_results(kind, count, top_k, rows, queries, shape):
    among = None if rows is None else np.array(rows, dtype=np.int64)
    store = kind.build(ROWS[:count])
    scores, found = store.search(np.ones((queries, 2), np.float32), top_k, among)
    assert scores.shape == found.shape == shape


def test_a_zero_query_scores_0_everywhere(kind):
    scores, found = kind.build(ROWS).search(np.zeros((1, 2), np.float32), top_k=5)
    assert scores.tolist() == [[0.0] * 5]
    assert found.tolist() == [[0, 1, 2, 3, 4]]


def test_scores_stay_within_one(kind):
    rows = vectors(200, 256)
    scores, _ = kind.build(rows).search(rows, top_k=200)
    assert np.abs(scores).max() <= 1


def test_searching_changes_neither_store_nor_arguments(kind):
    rows, asked = vectors(20, 4), vectors(2, 4, seed=1)
    before = asked.copy()
    store = kind.build(rows)
    first = store.search(asked, 5)
    rows *= -1
    np.testing.assert_array_equal(asked, before)
    np.testing.assert_array_equal(store.search(asked, 5)[1], first[1])


@pytest.mark.parametrize("shape", [(1, 3), (2, 1), (2,)])
def test_wrong_width_names_both_shapes_and_the_remedy(kind, shape):
    with pytest.raises(IndexMismatch) as caught:
        kind.build(ROWS).search(np.ones(shape, np.float32), top_k=1)
    for part in (str(shape), "(n, 2)", "`rag index corpus/`"):
        assert part in str(caught.value)


def test_size_is_rows_and_width(kind):
    assert kind.build(vectors(7, 3)).size == (7, 3)
    assert kind.build(vectors(0, 3)).size == (0, 3)


def test_a_loaded_store_equals_the_saved_one(kind, tmp_path):
    store, asked = kind.build(vectors(50, 8)), vectors(3, 8, seed=1)
    store.save(tmp_path / "vectors")
    loaded = kind.load(tmp_path / "vectors")
    assert loaded.size == store.size
    for one, other in zip(loaded.search(asked, 20), store.search(asked, 20), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("damage", ["cut", "garbage", "empty", "missing", "folder"])
def test_a_damaged_file_is_named_with_the_remedy(kind, damage, tmp_path):
    path = tmp_path / "vectors"
    kind.build(vectors(50, 8)).save(path)
    whole = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage != "missing":
        path.write_bytes({"cut": whole[:-9], "garbage": b"x" * len(whole), "empty": b""}[damage])
    with pytest.raises(IndexDamaged, match=r"vectors.*`rag index corpus/`"):
        kind.load(path)


def test_saving_to_a_folder_that_is_not_there_is_an_os_error(kind, tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        kind.build(ROWS).save(tmp_path / "nowhere" / "vectors")
