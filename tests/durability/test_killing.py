"""A build that is killed leaves the old index or the new one, whole, and the next build mends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("killing.py")


def kill(place, mode, *, each):
    """Kill `each` builds of every case; what the program found."""
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(place), mode, str(each)],
        capture_output=True,
        text=True,
        check=False,
        timeout=1500,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(PROGRAM.parents[2])},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_builds_killed_at_calls_that_write_leave_the_old_or_the_new(tmp_path):
    found = kill(tmp_path, "inject", each=4)
    assert found["kills"] == 12


@pytest.mark.slow
def test_180_builds_killed_at_calls_that_write_leave_the_old_or_the_new(tmp_path):
    found = kill(tmp_path, "inject", each=60)
    assert found["kills"] >= 170  # a call that closes what was left open may not come again
    assert 0 < found["stood_as_after"] < found["kills"] / 2


@pytest.mark.slow
def test_75_builds_killed_at_random_times_leave_the_old_or_the_new(tmp_path):
    found = kill(tmp_path, "time", each=25)
    assert found["kills"] == 75
