"""How often a question about a place without a plan is refused.

    python -m evals.benchmarks.absent_places [--index indexes/default] [--questions FILE]

Each question that names one place, a province, is asked of one that no plan is of instead.
"""

import argparse
import itertools
import json
from pathlib import Path

from rag import Assistant
from rag.places import find_mentions

ROOT = Path(__file__).parents[2]
ABSENT = {
    "zh": ["新疆", "西藏", "甘肃", "辽宁", "香港", "台湾"],
    "en": ["Xinjiang", "Tibet", "Gansu", "Liaoning", "Hong Kong"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--index", type=Path, default=Path("indexes/default"))
    parser.add_argument("--questions", type=Path, default=ROOT / "evals/questions/train.jsonl")
    args = parser.parse_args()
    assistant = Assistant.load(args.index)
    for language in ABSENT:
        asked = list(moved(args.questions, language))
        answered = [question for question in asked if not assistant.ask(question).refused]
        print(f"{language}: {len(asked) - len(answered)} of {len(asked)} refused")
        for question in answered[:5]:
            print(f"  answered: {question}")


def moved(path: Path, language: str) -> list[str]:
    """The questions that name a province and no other place, asked of absent ones in turn."""
    absent = itertools.cycle(ABSENT[language])
    questions = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        named = find_mentions(row["question"])
        if row["lang"] == language and [m.place.level for m in named] == ["province"]:
            before, after = row["question"][: named[0].start], row["question"][named[0].end :]
            questions.append(f"{before}{next(absent)}{after}")
    return questions


if __name__ == "__main__":
    main()
