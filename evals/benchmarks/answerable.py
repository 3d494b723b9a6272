"""How many questions an index could answer: those whose expected facts stand in it at all.

    python -m evals.benchmarks.answerable [--index indexes/default] [--questions FILE]

An upper bound for facts-in-answer: every fact of the question stands somewhere in the texts of the
plan that it was written from.
"""

import argparse
import json
import re
import unicodedata
from collections import Counter
from pathlib import Path

from rag import Assistant

ROOT = Path(__file__).parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--index", type=Path, default=Path("indexes/default"))
    parser.add_argument("--questions", type=Path, default=ROOT / "evals/questions/dev.jsonl")
    args = parser.parse_args()
    asked, held = Counter[str](), Counter[str]()
    texts: dict[int, str] = {}
    for document in Assistant.load(args.index).documents:
        for page in document.pages:
            texts[page] = texts.get(page, "") + norm(document.text)
    for line in args.questions.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["pages"]:
            text = "".join(texts.get(page, "") for page in row["pages"])
            kind = f"{'zh' if row['lang'] == 'zh' else 'other'} {row['type']}"
            asked[kind] += 1
            held[kind] += all(any(norm(fact) in text for fact in group) for group in row["must"])
    for kind, count in sorted(asked.items()):
        print(f"{kind:16} {held[kind]:4} of {count:4}  {held[kind] / count:.2f}")


def norm(text: str) -> str:
    """As in evals/questions/README.md."""
    return re.sub(r"[\s,]", "", unicodedata.normalize("NFKC", text).lower())


if __name__ == "__main__":
    main()
