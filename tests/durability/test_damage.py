"""Any altered byte of any file is found, and never answers a question wrongly."""

import random

import pytest

from rag.embedders import load_embedder
from rag.errors import IndexDamaged, RagError
from rag.generations import read_current
from rag.index import load_index, roll_back
from rag.indexing import index_paths
from rag.integrity import verify_index
from rag.settings import Settings

FOR_WRITERS = {"sources.jsonl", "tables.jsonl", "vectors.npy", "keys.npy"}


@pytest.fixture
def two_generations(index_folder, tmp_path):
    """An index of two generations, and each file of it with what it holds."""
    (tmp_path / "bees.txt").write_text("37 beehives.", encoding="utf-8")
    index_paths([tmp_path / "bees.txt"], index_folder, settings=Settings())
    files = {path: path.read_bytes() for path in index_folder.rglob("*") if path.is_file()}
    assert sum(map(bool, files.values())) >= 24
    return index_folder, {path: data for path, data in files.items() if data}


def damage(data, chance):
    """The same with a bit flipped, or cut short."""
    at = chance.randrange(len(data))
    if chance.random() < 0.25:
        return data[:at]
    return bytes([*data[:at], data[at] ^ (1 << chance.randrange(8)), *data[at + 1 :]])


def assert_found(folder, path, *, embedder):
    """`verify` finds it; opening does too if the file is read for that."""
    try:
        assert verify_index(folder).faults, path
    except IndexDamaged:
        assert path.name == "current"
    in_use = path.parent == folder or "000002" in path.parts
    if in_use and path.name not in FOR_WRITERS:
        with pytest.raises(RagError):
            load_index(folder, Settings(), embedder=embedder)


def damage_often(folder, files, *, times):
    chance, embedder = random.Random(7), load_embedder(Settings())
    for _ in range(times):
        path = chance.choice(sorted(files))
        path.write_bytes(damage(files[path], chance))
        assert_found(folder, path, embedder=embedder)
        path.write_bytes(files[path])
    assert not verify_index(folder).faults
    load_index(folder, Settings(), embedder=embedder)


def test_60_flips_and_cuts_are_found(two_generations):
    damage_often(*two_generations, times=60)


@pytest.mark.slow
def test_1500_flips_and_cuts_are_found(two_generations):
    damage_often(*two_generations, times=1500)


def test_every_byte_of_the_file_that_names_the_generations_counts(two_generations):
    folder, files = two_generations
    current, embedder = folder / "current", load_embedder(Settings())
    for at in range(len(files[current])):
        data = bytearray(files[current])
        data[at] ^= 1
        current.write_bytes(data)
        assert_found(folder, current, embedder=embedder)


def test_a_damaged_generation_can_be_left_for_the_one_before(two_generations):
    folder, _ = two_generations
    (folder / "generations/000002/documents.jsonl").write_text("{")
    with pytest.raises(RagError):
        load_index(folder, Settings())
    roll_back(folder)
    assert len(load_index(folder, Settings()).documents) == 4


@pytest.mark.parametrize("file", ["documents.jsonl", "manifest.json", "vectors.npy"])
def test_of_a_damaged_generation_the_one_before_is_added_to(two_generations, tmp_path, file):
    folder, _ = two_generations
    (folder / "generations/000002" / file).write_text("{")
    outcome = index_paths([tmp_path / "bees.txt"], folder, settings=Settings())
    assert "the generation before was taken over" in outcome.lost
    assert file in outcome.lost
    assert (len(outcome.added), outcome.embedded) == (1, 1)
    assert len(load_index(folder, Settings()).documents) == 5
    assert [g.name for g in read_current(folder)] == ["000003", "000001"]  # the damaged one is gone
    assert not verify_index(folder).faults
