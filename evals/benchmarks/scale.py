"""How time and memory grow with the number of passages: built, opened and searched.

`python -m evals.benchmarks.scale FILE … --work DIR --chunks 1000 10000 --plot growth.png`. FILE:
texts, plain or JSON lines; passages are windows of them (`many_chunks.py`). Each step runs in a
process of its own with one thread, so that its memory is its own; times are of that one core at
work, so waits for the disk and for other processes don't count. The folder given by --work keeps
what is built, and steps that stand there are not done again.
"""

import argparse
import json
import multiprocessing
import os
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from itertools import islice, pairwise
from math import log
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.benchmarks.many_chunks import make_passages, read_texts
from rag import Settings
from rag.embedders import load_embedder
from rag.lexical import LexicalIndex
from rag.stores import STORES, choose_store
from rag.words import tokenize

ROOT = Path(__file__).parents[2]
_NEAREST, _CANDIDATES, _BATCH = 10, 280, 5000
_EMBEDDED = 100_000  # passages; the vectors of more are made from theirs, the time is scaled
_DRAWN, _AWAY = 0.5, 0.3  # cosine to the row that a made one is near to: 0.9
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")
Figures = dict[str, Any]
Rows = NDArray[np.float32]
# Title of a panel -> its lines: label -> figure.
_PANELS = {
    "built by one core, s": {
        "embedded": "embed_s",
        "words": "words_s",
        "vectors": "vectors_s",
    },
    "searched by one core, median ms": {
        "words, 280 best": "words_p50_ms",
        "vectors, 10 nearest": "vectors_p50_ms",
    },
    "MB": {
        "words on disk": "words_mb",
        "vectors on disk": "vectors_mb",
        "most memory, words built": "words_peak_mb",
        "most memory, vectors built": "vectors_peak_mb",
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, help="texts to make passages of")
    parser.add_argument("--chunks", nargs="+", type=int, default=[1000, 10_000, 100_000])
    parser.add_argument("--stores", nargs="+", default=["auto"], choices=["auto", *STORES])
    parser.add_argument("--questions", type=Path, default=ROOT / "evals/questions/dev.jsonl")
    parser.add_argument("-n", type=int, default=200, help="questions asked")
    parser.add_argument("--work", type=Path, required=True, help="folder for what is built")
    parser.add_argument("--plot", type=Path, help="PNG to draw")
    chosen = parser.parse_args()
    os.environ |= dict.fromkeys(_THREADS, "1")
    rows = []
    for count in sorted(chosen.chunks):
        folder = chosen.work / str(count)
        folder.mkdir(parents=True, exist_ok=True)
        shared = _step(folder, "passages", make, chosen.files, count)
        shared |= _step(folder, "words", build_words)
        shared |= _step(folder, "searching_words", search_words, chosen.questions, chosen.n)
        truth = _step(folder, "truth", search_all, chosen.questions, chosen.n)
        for name in dict.fromkeys(choose_store(count) if s == "auto" else s for s in chosen.stores):
            own = _step(folder, f"vectors_{name}", build_vectors, name)
            own |= _step(
                folder, f"searched_{name}", search_vectors, name, chosen.questions, chosen.n
            )
            rows.append({"chunks": count, "store": name} | shared | truth | own)
            _print(rows[-1])
    for before, after in pairwise(rows):
        if before["chunks"] < after["chunks"]:
            _print_growth(before, after)
    if chosen.plot:
        draw(rows, chosen.plot)


def make(folder: Path, files: Sequence[Path], count: int) -> Figures:
    """Passages, a line each, and their vectors, those after the first made from these."""
    embedder = load_embedder(Settings())
    shape = (count, embedder.dim)
    vectors = np.lib.format.open_memmap(folder / "vectors.npy", "w+", np.float32, shape)
    passages, begin = make_passages(read_texts(files), count), 0
    spent, embedded = 0.0, min(count, _EMBEDDED)
    chance = np.random.default_rng(0)
    with (folder / "passages.txt").open("w", encoding="utf-8") as lines:
        while batch := list(islice(passages, _BATCH)):
            end = begin + len(batch)
            if end <= embedded:
                began = time.process_time()
                vectors[begin:end] = embedder.embed_passages(batch)
                spent += time.process_time() - began
            else:
                embedded = min(embedded, begin)
                vectors[begin:end] = _between(vectors[:embedded], len(batch), chance)
            lines.writelines(" ".join(passage.split()) + "\n" for passage in batch)
            begin = end
    return {"embed_s": spent * count / embedded}


def _between(vectors: Rows, count: int, chance: np.random.Generator) -> Rows:
    """Near one row, drawn towards another and turned away: as near as windows that overlap."""
    one, other = (vectors[np.sort(chance.integers(len(vectors), size=count))] for _ in range(2))
    away = _unit(chance.normal(size=one.shape).astype(np.float32))
    return _unit(one + _DRAWN * other[chance.permutation(count)] + _AWAY * away)


def _unit(vectors: Rows) -> Rows:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def build_words(folder: Path) -> Figures:
    began = time.process_time()
    with (folder / "passages.txt").open(encoding="utf-8") as lines:
        LexicalIndex.write(lines, folder / "words")
    return {"words_s": time.process_time() - began, "words_mb": _megabytes(folder / "words")}


def search_words(folder: Path, questions: Path, count: int) -> Figures:
    """Warm: each question once before, so that its lists are in the disk cache."""
    began = time.process_time()
    index = LexicalIndex.load(folder / "words")
    opened = time.process_time() - began
    asked = [tokenize(question) for question in _questions(questions, count)]
    best = [lambda tokens=tokens: index.best(tokens, _CANDIDATES) for tokens in asked]
    whole = [lambda tokens=tokens: index.scores(tokens) for tokens in asked[:20]]
    times = _times(best)
    return {
        "words_open_s": opened,
        "words_p50_ms": statistics.median(times),
        "words_p95_ms": statistics.quantiles(times, n=20)[-1],
        "words_all_p50_ms": statistics.median(_times(whole)),
    }


def build_vectors(folder: Path, name: str) -> Figures:
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    began = time.process_time()
    STORES[name].build(vectors).save(folder / name)
    return {"vectors_s": time.process_time() - began, "vectors_mb": _megabytes(folder / name)}


def search_all(folder: Path, questions: Path, count: int) -> Figures:
    """The nearest by comparing with every passage, kept for the recall of the stores."""
    import faiss

    asked = load_embedder(Settings()).embed_queries(_questions(questions, count))
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    nearest = faiss.knn(asked, vectors, _NEAREST, metric=faiss.METRIC_INNER_PRODUCT)[1]
    np.save(folder / "truth.npy", nearest)
    return {}


def search_vectors(folder: Path, name: str, questions: Path, count: int) -> Figures:
    began = time.process_time()
    store = STORES[name].load(folder / name)
    opened = time.process_time() - began
    asked = load_embedder(Settings()).embed_queries(_questions(questions, count))
    before = _held_mb()
    found = [store.search(vector[None], _NEAREST)[1][0].tolist() for vector in asked]
    truth = np.load(folder / "truth.npy").tolist()
    hit = sum(len(set(a) & set(b)) for a, b in zip(found, truth, strict=True))
    ten = _times([lambda vector=vector: store.search(vector[None], _NEAREST) for vector in asked])
    more = _times([lambda vector=vector: store.search(vector[None], 200) for vector in asked])
    return {
        "recall@10": hit / (len(truth) * _NEAREST),
        "vectors_open_s": opened,
        "vectors_p50_ms": statistics.median(ten),
        "vectors_p95_ms": statistics.quantiles(ten, n=20)[-1],
        "vectors_200_p50_ms": statistics.median(more),
        "vectors_touched_mb": _held_mb() - before,
    }


def draw(rows: Sequence[Figures], path: Path) -> None:
    """Seconds to build, milliseconds to search and megabytes held, over the count of passages."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(_PANELS), figsize=(13, 4))
    for panel, (title, lines) in zip(axes, _PANELS.items(), strict=True):
        for label, name in lines.items():
            panel.loglog([r["chunks"] for r in rows], [r[name] for r in rows], "o-", label=label)
        panel.set(title=title, xlabel="passages")
        panel.grid(alpha=0.3)
        panel.legend()
    for row in rows:
        place = (row["chunks"], row["vectors_p50_ms"])
        axes[1].annotate(row["store"], place, (0, -12), textcoords="offset points", ha="center")
    figure.tight_layout()
    figure.savefig(path, dpi=80)


def _step(folder: Path, name: str, run: Callable[..., Figures], *given: object) -> Figures:
    """What a step gives, from a process of its own or from the last time."""
    kept = folder / f"{name}.json"
    if not kept.exists():
        context = multiprocessing.get_context("spawn")
        with context.Pool(1) as pool:
            figures = pool.apply(_measured, (run, folder, *given))
        figures[f"{name.split('_')[0]}_peak_mb"] = figures.pop("peak_mb")
        kept.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    figures: Figures = json.loads(kept.read_text(encoding="utf-8"))
    return figures


def _measured(run: Callable[..., Figures], *given: object) -> Figures:
    figures = run(*given)
    return figures | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def _times(calls: Sequence[Callable[[], object]]) -> list[float]:
    """Milliseconds of one core for each call, every one made once before; waits don't count."""
    times = []
    for call in calls:
        call()
        began = time.process_time()
        call()
        times.append(1000 * (time.process_time() - began))
    return times


def _questions(path: Path, count: int) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    step = max(len(lines) // count, 1)
    return [json.loads(line)["question"] for line in lines[::step][:count]]


def _megabytes(path: Path) -> float:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files) / 1e6


def _held_mb() -> float:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) / 1024


def _print_growth(before: Figures, after: Figures) -> None:
    """How many times more each figure is, and so as which power of the passages it grows."""
    more = after["chunks"] / before["chunks"]
    lines = [line for panel in _PANELS.values() for line in panel.values()]
    grown = {name: after[name] / before[name] for name in lines}
    told = (f"{name} x{times:.1f} (^{log(times) / log(more):.2f})" for name, times in grown.items())
    print(f"{before['chunks']} -> {after['chunks']}: {', '.join(told)}")


def _print(row: Figures) -> None:
    print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}))


if __name__ == "__main__":
    main()
