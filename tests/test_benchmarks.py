"""Benchmarks that need a GPU run on a CPU with tiny shapes, so that they are there when one is."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*arguments):
    command = [sys.executable, "-m", "evals.benchmarks.gpu", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=240
    )


@pytest.mark.slow
def test_the_gpu_benchmark_times_both_sides_of_each_pair():
    done = run("--tiny", "--device", "cpu", "--json", "--plain", "2")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["device"] == "CPU"
    assert [row["goal"] for row in told["rows"]] == [1.5, 1.5, 8.0]
    assert all(row["tanwen"] > 0 and row["plain"] > 0 for row in told["rows"])
    assert all(row["ratio"] == row["tanwen"] / row["plain"] for row in told["rows"])


@pytest.mark.slow
def test_the_gpu_benchmark_refuses_real_shapes_on_a_cpu():
    done = run("--device", "cpu")
    assert done.returncode == 2
    assert "--tiny" in done.stderr
