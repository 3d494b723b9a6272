"""What is taken over of an index that is whole, damaged, or not there."""

import pytest

from rag.generations import generations_of, path_of
from rag.indexing import index_paths
from rag.previous import open_before
from rag.settings import Settings


@pytest.fixture
def folder(tmp_path):
    """An index with a generation before the one in use, which has a file more."""
    for name in ("one.txt", "two.txt"):
        (tmp_path / name).write_text(f"The file {name} speaks of roofs.")
        index_paths([tmp_path / name], tmp_path / "index", settings=Settings())
    return tmp_path / "index"


def sources(before):
    return [source.path.rsplit("/", 1)[1] for source in before.records.sources]


def test_of_nothing_nothing_is_taken_over_or_lost(tmp_path):
    assert open_before(tmp_path / "nowhere") == (None, None, "")


def test_the_generation_in_use_is_taken_over(folder):
    before, generation, lost = open_before(folder)
    assert sources(before) == ["one.txt", "two.txt"]
    assert generation == generations_of(folder)[0]
    assert lost == ""


def test_if_it_is_damaged_the_one_before_is(folder):
    now, earlier = generations_of(folder)
    (path_of(folder, now) / "chunks.npy").write_bytes(b"")
    before, generation, lost = open_before(folder)
    assert sources(before) == ["one.txt"]
    assert generation == earlier
    assert "the generation before was taken over" in lost
    assert "chunks.npy is altered" in lost


def test_if_both_are_nothing_is_and_the_first_reason_is_told(folder):
    for generation in generations_of(folder):
        (path_of(folder, generation) / "documents.jsonl").unlink()
    before, generation, lost = open_before(folder)
    assert (before, generation) == (None, None)
    assert "nothing was kept of the old index" in lost
    assert "documents.jsonl is missing" in lost
