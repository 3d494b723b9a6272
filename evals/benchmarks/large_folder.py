"""Seconds and peak memory of indexing a folder of a given size, stage by stage.

    python -m evals.benchmarks.large_folder [--megabytes 300] [--files 100] [--place FOLDER]

The folder is made of sentences of the open corpus with other numbers in each, so that nearly every
chunk is new; half of its bytes are Chinese. `--files 100000 --megabytes 10` makes many tiny files.
"""

import argparse
import random
import re
import resource
import tempfile
import time
from pathlib import Path

from rag import Assistant

ROOT = Path(__file__).parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--place", type=Path, help="where to work; a temporary folder if left out")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.place) as place:
        folder = Path(place) / "docs"
        folder.mkdir()
        write_files(folder, count=args.files, each=args.megabytes * 1_000_000 // args.files)
        began = time.perf_counter()

        def tell(doing: str, done: int, total: int) -> None:
            if done == total:
                print(f"{doing}: {time.perf_counter() - began:.0f} s, peak {peak_mb():.0f} MB")

        index = Path(place) / "index"
        assistant = Assistant.build([folder], index=index, progress=tell)
        print(f"opened: {time.perf_counter() - began:.0f} s, peak {peak_mb():.0f} MB")
        chunks = assistant.index.manifest.chunks
        (folder / "one more.txt").write_text("One more file.", encoding="utf-8")
        began = time.perf_counter()
        outcome = assistant.add([folder])
        taken_s = time.perf_counter() - began
        print(f"{chunks} chunks; one file more: {outcome.embedded} embedded, {taken_s:.0f} s")


def write_files(folder: Path, *, count: int, each: int) -> None:
    chance = random.Random(1)
    texts = [p.read_text(encoding="utf-8") for p in sorted((ROOT / "corpus").rglob("*.md"))]
    sentences = [s for text in texts for s in re.split(r"(?<=[。.])\s*", text) if 20 < len(s) < 200]
    for number in range(count):
        with (folder / f"{number:06}.txt").open("w", encoding="utf-8") as file:
            held = 0
            while held < each:
                sentence = chance.choice(sentences)
                other = re.sub(r"\d", lambda _: str(chance.randrange(10)), sentence)
                file.write(other + chance.choice((" ", "\n")))
                held += len(other.encode()) + 1


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    main()
