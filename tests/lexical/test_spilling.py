"""A sort larger than the memory gives what one sort of everything gives."""

import io

import numpy as np
import pytest

from rag.lexical import spilling
from rag.lexical.spilling import Spill

ROWS = [{0: 2, 1: 1}, {1: 3}, {2: 1, 0: 1}, {1: 1, 3: 4, 0: 9}, {4: 1}, {0: 1}]


def spilled(rows):
    spill = Spill(io.BytesIO())
    for row in rows:
        spill.add(list(row), row.values())
    return spill, spill.close()


@pytest.mark.parametrize("block", [1, 2, 3, 1000])
def test_postings_come_by_word_and_then_by_row(monkeypatch, block):
    monkeypatch.setattr(spilling, "_BLOCK", block)
    spill, starts = spilled(ROWS)
    runs = list(spill.runs(starts))
    found = [tuple(posting) for run in runs for posting in run.tolist()]
    every = [(word, at, times) for at, row in enumerate(ROWS) for word, times in row.items()]
    assert found == sorted(every)
    assert starts.tolist() == [0, 4, 7, 8, 9, 10]


@pytest.mark.parametrize("block", [1, 4, 5])
def test_a_run_is_no_longer_than_a_block_or_the_commonest_word(monkeypatch, block):
    monkeypatch.setattr(spilling, "_BLOCK", block)
    spill, starts = spilled(ROWS)
    assert max(len(run) for run in spill.runs(starts)) == max(block, 4)


def test_a_word_that_comes_in_the_last_block_is_counted(monkeypatch):
    monkeypatch.setattr(spilling, "_BLOCK", 1)
    starts = spilled([{0: 1}, {0: 1}, {1: 5}])[1]
    np.testing.assert_array_equal(starts, [0, 2, 3])
