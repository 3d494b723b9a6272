"""Rows in files: what is written is what is read, and little of it is in memory."""

from pathlib import Path

import numpy as np
import pytest

from rag.matrices import Appended, RowFile

ROWS = np.arange(60, dtype=np.float32).reshape(20, 3)


@pytest.fixture
def path(tmp_path):
    """ROWS in a file, written in two pieces."""
    written = Appended(tmp_path / "rows.npy", 3, np.float32)
    written.append(ROWS[:7])
    written.append(ROWS[7:])
    written.close()
    return tmp_path / "rows.npy"


def test_numpy_reads_what_was_appended(path):
    np.testing.assert_array_equal(np.load(path), ROWS)


def test_no_rows_are_a_file_too(tmp_path):
    Appended(tmp_path / "rows.npy", 3, np.float32).close()
    assert np.load(tmp_path / "rows.npy").shape == (0, 3)


@pytest.mark.parametrize("rows", [slice(0, 20), slice(3, 9), slice(18, 99), slice(5, 5), slice(-2)])
def test_a_slice_is_that_of_the_array(path, rows):
    found = RowFile(path)[rows]
    np.testing.assert_array_equal(found, ROWS[rows])
    assert found.dtype == np.float32


@pytest.mark.parametrize("rows", [[4], [19, 0, 7, 7], []])
def test_rows_by_number_come_in_the_order_asked_for(path, rows):
    numbers = np.array(rows, dtype=np.int64)
    np.testing.assert_array_equal(RowFile(path)[numbers], ROWS[numbers])


def test_its_shape_and_its_rows_are_those_of_the_array(path):
    rows = RowFile(path)
    assert (len(rows), rows.shape) == (20, (20, 3))
    np.testing.assert_array_equal(np.stack(list(rows)), ROWS)


def test_reading_it_keeps_no_page_of_it_in_memory(tmp_path):
    def held():
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("VmRSS")))

    rows = np.ones((50_000, 256), np.float32)
    np.save(tmp_path / "rows.npy", rows)
    on_disk, before = RowFile(tmp_path / "rows.npy"), held()
    assert sum(float(row.sum()) for row in on_disk) == rows.size
    assert held() - before < rows.nbytes / 1024 / 4


@pytest.mark.parametrize("array", [np.zeros(3), np.asfortranarray(np.ones((3, 2)))])
def test_a_file_of_something_else_is_a_value_error(tmp_path, array):
    np.save(tmp_path / "rows.npy", array)
    with pytest.raises(ValueError, match="not rows"):
        RowFile(tmp_path / "rows.npy")
