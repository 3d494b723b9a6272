"""The same search in Milvus and in FAISS's flat store: passages, their order, scores, times.

    python -m evals.benchmarks.milvus_agrees corpus/ [PATH …] [--uri http://host:19530] [--work DIR]

Both are built of the same files; without --uri the Milvus is a file of Milvus Lite. Ends with 1
unless 99 % of the questions find the same ten passages with scores within 0.0001, in whole
searches, with a filter, and by vectors alone.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rag import Assistant, Hit, Settings

ROOT = Path(__file__).parents[2]
_TOP, _WITHIN, _SHARE = 10, 1e-4, 0.99
_LEVEL = "province"  # for the filter
Found = list[tuple[object, float]]  # best first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--uri", default="")
    parser.add_argument("--questions", type=Path, default=ROOT / "evals/questions/dev.jsonl")
    parser.add_argument("--work", type=Path, help="where to build; a temporary folder if left out")
    args = parser.parse_args()
    lines = args.questions.read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines]
    with tempfile.TemporaryDirectory(dir=args.work) as place:
        uri = args.uri or f"{place}/rows.db"
        flat = _built(args.paths, Path(place) / "flat", Settings(store="flat"))
        milvus = _built(args.paths, Path(place) / "milvus", Settings(store="milvus", uri=uri))
        opened = Assistant.load(uri)
        assert opened.index.chunks != (), "the index comes out of Milvus whole"
        pairs = {
            "searches": (_searching(flat), _searching(opened)),
            f"searches, level {_LEVEL}": (_searching(flat, _LEVEL), _searching(milvus, _LEVEL)),
            "vectors alone": (_by_vector(flat), _by_vector(milvus)),
        }
        agree = [report(title, questions, *both) for title, both in pairs.items()]
    sys.exit(0 if all(agree) else 1)


def report(
    title: str,
    questions: Sequence[str],
    flat: Callable[[str], Found],
    milvus: Callable[[str], Found],
) -> bool:
    """Print how far the two agree; whether that is enough."""
    same = ordered = close = 0
    farthest, times = 0.0, ([], [])
    for question in questions:
        found = []
        for search, spent in zip((flat, milvus), times, strict=True):
            began = time.perf_counter()
            found.append(search(question))
            spent.append(1000 * (time.perf_counter() - began))
        one, other = found
        gaps = [abs(a - b) for (_, a), (_, b) in zip(one, other, strict=False)]
        same += {key for key, _ in one} == {key for key, _ in other}
        ordered += [key for key, _ in one] == [key for key, _ in other]
        close += max(gaps, default=0.0) <= _WITHIN
        farthest = max(farthest, *gaps, 0.0)
    n = len(questions)
    print(
        f"{title}: {n} questions, same {_TOP} {same / n:.4f}, in the same order {ordered / n:.4f}, "
        f"scores within {_WITHIN:.0e} {close / n:.4f}, farthest apart {farthest:.1e}, "
        f"median {statistics.median(times[0]):.1f} ms flat, {statistics.median(times[1]):.1f} ms "
        "Milvus",
        flush=True,
    )
    return min(same, close) >= _SHARE * n


def _built(paths: Sequence[Path], folder: Path, settings: Settings) -> Assistant:
    began = time.perf_counter()
    assistant = Assistant.build(paths, index=folder, settings=settings)
    chunks, taken_s = assistant.index.manifest.chunks, time.perf_counter() - began
    print(f"{settings.store}: {chunks} chunks built and opened in {taken_s:.1f} s", flush=True)
    return assistant


def _searching(assistant: Assistant, level: str | None = None) -> Callable[[str], Found]:
    def key(hit: Hit) -> object:
        return hit.chunk.document.id, hit.chunk.start

    def search(question: str) -> Found:
        return [(key(h), h.score) for h in assistant.search(question, top_k=_TOP, level=level)]

    return search


def _by_vector(assistant: Assistant) -> Callable[[str], Found]:
    index = assistant.index

    def search(question: str) -> Found:
        scores, rows = index.store.search(index.embedder.embed_queries([question]), _TOP)
        return list(zip(rows[0].tolist(), scores[0].tolist(), strict=True))

    return search


if __name__ == "__main__":
    main()
