"""How long the main path takes and how much memory it needs, as ratios to plain BM25.

Run it on a quiet machine: `python -m evals.benchmarks.main_path path/to/compilation.txt`. Both
sides run by turns in one go, so that a slow machine slows both; the ratios travel, the seconds
don't. Cold is a new process with the files in the disk cache; the best of three is shown.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PLAIN = Path(__file__).with_name("plain_bm25.py")
COLD_QUESTION = "江苏2025年风电装机目标是多少?"
REPEATS = 3


class Cost(NamedTuple):
    """Of a process of its own: wall time, and the most memory it held."""

    seconds: float
    megabytes: float


class Line(NamedTuple):
    name: str
    unit: str
    tanwen: float
    plain: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="the text to index")
    parser.add_argument("--questions", type=Path, default=ROOT / "evals/questions/dev.jsonl")
    parser.add_argument("-n", type=int, default=200, help="questions asked warm")
    chosen = parser.parse_args()
    lines = chosen.questions.read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines]
    step = max(len(questions) // chosen.n, 1)
    with tempfile.TemporaryDirectory() as folder:
        _print_table(_measure(chosen.file.resolve(), questions[::step][: chosen.n], Path(folder)))


def _measure(file: Path, questions: Sequence[str], folder: Path) -> Iterator[Line]:
    ours, theirs = str(folder / "tanwen"), str(folder / "plain")
    rag = [sys.executable, "-m", "rag"]
    plain = [sys.executable, str(PLAIN)]
    yield from _cold(
        "index",
        [*rag, "index", str(file), "--index", ours],
        [*plain, "index", str(file), theirs],
    )
    yield from _cold(
        "cold start",
        [*rag, "ask", COLD_QUESTION, "--index", ours],
        [*plain, "search", theirs, COLD_QUESTION],
    )
    yield from _cold(
        "import", [sys.executable, "-c", "import rag"], [*plain[:1], "-c", "import bm25s"]
    )
    # Loaded only now, since what this process holds would count for the processes it starts.
    from evals.benchmarks import plain_bm25
    from rag import Assistant

    assistant = Assistant.load(ours)
    bm25, texts = plain_bm25.build(file.read_text(encoding="utf-8"))
    calls: list[Callable[[str], object]] = [
        assistant.ask,
        assistant.search,
        lambda question: plain_bm25.search(bm25, texts, question),
    ]
    asked, searched, beside = _warm(calls, questions)
    for name, times in (("ask", asked), ("search", searched)):
        yield Line(f"{name} median", "ms", _share(times, 50), _share(beside, 50))
        yield Line(f"{name} p95", "ms", _share(times, 95), _share(beside, 95))


def _cold(name: str, ours: Sequence[str], theirs: Sequence[str]) -> Iterator[Line]:
    costs = [(_run(ours), _run(theirs)) for _ in range(REPEATS)]
    best = [Cost(*map(min, zip(*side, strict=True))) for side in zip(*costs, strict=True)]
    yield Line(name, "s", best[0].seconds, best[1].seconds)
    yield Line(f"{name}, memory", "MB", best[0].megabytes, best[1].megabytes)


def _run(command: Sequence[str]) -> Cost:
    if "index" in command:  # anew: what is there already costs nothing
        shutil.rmtree(command[-1], ignore_errors=True)
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed with exit code {process.returncode}")
    return Cost(time.perf_counter() - begun, usage.ru_maxrss / 1024)


def _warm(calls: Sequence[Callable[[str], object]], questions: Sequence[str]) -> list[list[float]]:
    """Milliseconds of each call for each question, by turns, after a first that isn't timed."""
    for call in calls:
        call(questions[0])
    times: list[list[float]] = [[] for _ in calls]
    for question in questions:
        for call, own in zip(calls, times, strict=True):
            begun = time.perf_counter()
            call(question)
            own.append(1000 * (time.perf_counter() - begun))
    return times


def _share(times: Sequence[float], percent: int) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[percent - 1]


def _print_table(lines: Iterator[Line]) -> None:
    print(f"{'':20} {'tanwen':>10} {'plain BM25':>10} {'ratio':>7}")
    for line in lines:
        figures = f"{line.tanwen:10.2f} {line.plain:10.2f} {line.tanwen / line.plain:7.1f}"
        print(f"{line.name:20} {figures}  {line.unit}", flush=True)


if __name__ == "__main__":
    main()
