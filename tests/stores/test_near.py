"""What the approximate stores promise beyond the contract: recall, exact scores, filters."""

from pathlib import Path

import numpy as np
import pytest

from rag.errors import IndexDamaged
from rag.matrices import RowFile
from rag.stores import STORES, choose_store, near
from rag.stores.flat import FlatStore
from tests.stores.test_contract import cosines, nearest

COUNT, DIM, AROUND = 4000, 32, 40


@pytest.fixture(scope="module", params=["hnsw", "ivf_pq"])
def kind(request):
    """A store that goes approximate from 500 rows on."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(near, "EXACT_ROWS", 500)
        yield STORES[request.param]


@pytest.fixture(scope="module")
def store(kind):
    """Of ROWS; not to be changed."""
    return kind.build(ROWS)


def clustered(count, seed=0):
    """Rows around common centres, as passages of one topic lie, of very different lengths."""
    chance = np.random.default_rng(seed)
    centres = np.random.default_rng(9).normal(size=(AROUND, DIM))
    rows = centres[chance.integers(AROUND, size=count)] + 0.5 * chance.normal(size=(count, DIM))
    return (rows * chance.uniform(0.1, 10, size=(count, 1))).astype(np.float32)


ROWS, ASKED = clustered(COUNT), clustered(50, seed=1)


def recall(found, expected):
    shared = [len(set(a) & set(b)) for a, b in zip(found.tolist(), expected.tolist(), strict=True)]
    return sum(shared) / expected.size


def test_it_finds_at_least_the_recall_it_was_built_for(kind):
    found = kind.build(ROWS, recall=0.95).search(ASKED, 10)[1]
    assert recall(found, nearest(ASKED, ROWS, 10)[1]) >= 0.93  # tuned on other queries


@pytest.mark.parametrize("top_k", [1, 10, 200])
def test_what_it_finds_has_its_exact_score_best_first_and_once(store, top_k):
    scores, found = store.search(ASKED, top_k)
    assert scores.shape == found.shape == (len(ASKED), top_k)
    expected = np.take_along_axis(cosines(ASKED, ROWS), found, 1)
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    assert (np.diff(scores, axis=1) <= 0).all()
    assert all(len(set(row)) == top_k for row in found.tolist())


def test_a_filter_on_few_rows_is_exact(store):
    among = np.arange(3, COUNT, 10)
    found = store.search(ASKED, 10, among)[1]
    assert found.tolist() == nearest(ASKED, ROWS, 10, among)[1].tolist()


def test_a_filter_on_many_rows_is_kept_and_costs_no_recall(store):
    among = np.arange(0, COUNT, 4)
    found = store.search(ASKED, 10, among)[1]
    assert np.isin(found, among).all()
    assert recall(found, nearest(ASKED, ROWS, 10, among)[1]) >= 0.93


def test_more_may_be_asked_for_than_the_search_looks_at(kind):
    scores, found = kind.build(ROWS, recall=0.1).search(ASKED[:2], 3000)
    assert found.shape == (2, 3000)
    assert (found >= 0).all()
    np.testing.assert_allclose(
        scores, np.take_along_axis(cosines(ASKED[:2], ROWS), found, 1), atol=1e-5
    )


def test_a_higher_aim_never_finds_less(kind):
    expected = nearest(ASKED, ROWS, 10)[1]
    low, high = (
        recall(kind.build(ROWS, recall=aim).search(ASKED, 10)[1], expected) for aim in (0.5, 0.99)
    )
    assert high >= low
    assert high >= 0.96


def test_a_loaded_store_finds_the_same_with_the_same_effort(kind, store, tmp_path):
    store.save(tmp_path / "vectors")
    loaded = kind.load(tmp_path / "vectors")
    for one, other in zip(loaded.search(ASKED, 20), store.search(ASKED, 20), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_store_of_rows_in_a_file_is_that_of_the_array(kind, store, tmp_path):
    np.save(tmp_path / "rows.npy", ROWS)
    kind.build(RowFile(tmp_path / "rows.npy")).save(tmp_path / "one")
    store.save(tmp_path / "other")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_a_store_is_built_in_the_memory_of_its_vectors(tmp_path):
    """And a part of them, though the vectors lie in a file and are added part by part."""

    def peak():
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line)

    rows = np.ones((150_000, 256), np.float32)
    np.save(tmp_path / "rows.npy", rows)
    size = rows.nbytes
    del rows
    FlatStore.build(ROWS)  # FAISS is loaded
    Path("/proc/self/clear_refs").write_text("5")  # the peak is that from now on
    before = peak()
    FlatStore.build(RowFile(tmp_path / "rows.npy"))
    assert (peak() - before) * 1024 < 1.6 * size  # 1.3; it was 3.0


def test_a_file_of_another_store_is_named(store, tmp_path):
    store.save(tmp_path / "vectors")
    with pytest.raises(IndexDamaged, match=r"vectors holds a Index.*`rag index corpus/`"):
        FlatStore.load(tmp_path / "vectors")


def test_a_loaded_store_stays_on_disk(tmp_path):
    """Mapped, not read: the memory of the process doesn't grow by the vectors."""

    def held():
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("RssAnon")))

    rows = np.ones((50_000, 256), np.float32)
    FlatStore.build(rows).save(tmp_path / "vectors")
    before = held()
    store = FlatStore.load(tmp_path / "vectors")
    store.search(rows[:1], 10)
    assert held() - before < rows.nbytes / 1024 / 4


@pytest.mark.parametrize(
    ("rows", "name"), [(0, "flat"), (50_000, "flat"), (50_001, "hnsw"), (10**7, "ivf_pq")]
)
def test_the_store_is_chosen_by_count(rows, name):
    assert choose_store(rows) == name
