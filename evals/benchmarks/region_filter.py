"""Places that a question names as a bonus or as a hard filter, side by side: page recall@5.

    python -m evals.benchmarks.region_filter [--index indexes/default] [--questions FILE]

Soft is what the program does: documents of the place score higher. Hard searches only those, of
any of the places named; where there are none, it finds nothing. Both are asked the answerable
questions that name a place.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path

from rag import Assistant, Hit
from rag.places import find_places

ROOT = Path(__file__).parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--index", type=Path, default=Path("indexes/default"))
    parser.add_argument("--questions", type=Path, default=ROOT / "evals/questions/train.jsonl")
    args = parser.parse_args()
    assistant = Assistant.load(args.index)
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for line in args.questions.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        named = " ".join(place.name for place in find_places(row["question"]))
        if not (named and row["pages"]):
            continue
        pages = set(row["pages"])
        soft = is_met(assistant.search(row["question"], top_k=5), pages)
        hard = is_met(assistant.search(row["question"], top_k=5, region=named), pages)
        language = row["lang"] if row["lang"] in ("zh", "en") else "other"
        for label in (f"{language} {row['type']}", "all"):
            of = counts[label]
            counts[label] = [of[0] + 1, of[1] + soft, of[2] + hard]
    print(f"{'':16} asked   soft   hard")
    for label, (asked, soft_met, hard_met) in sorted(counts.items()):
        print(f"{label:16} {asked:5} {soft_met / asked:6.3f} {hard_met / asked:6.3f}")


def is_met(hits: tuple[Hit, ...], pages: set[int]) -> bool:
    return any(pages & set(hit.chunk.pages) for hit in hits)


if __name__ == "__main__":
    main()
