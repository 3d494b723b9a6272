"""How often the indicator that a question asks for is told right, by language and kind.

    python -m evals.benchmarks.indicators [evals/questions/train.jsonl ...]

A question counts if a row of the table stands on one of its pages, for its year if it names one,
and has a value that the answer must state; any indicator of such rows is right.
"""

import json
import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag.readers import read_file
from rag.targets import TargetTable
from rag.types import Target

_ROOT = Path(__file__).parents[2]
_COMPILATION = _ROOT / "../shared/corpus/000_a895838ed2e4cd84.txt"
_KINDS = ("compare", "fact", "paraphrase")


def main() -> None:
    regions = {d.work or d.id: d.region for d in read_file(_COMPILATION)}
    table = TargetTable.read(_ROOT / "corpus/targets.csv", regions)
    names = sys.argv[1:] or [f"{_ROOT}/evals/questions/{n}.jsonl" for n in ("train", "dev")]
    for name in names:
        print(f"\n{Path(name).name}: questions, told first, among the first three, none told")
        for label, counts in sorted(count(table, Path(name)).items()):
            asked, first, third, none = counts
            print(f"{label:>16} {asked:5} {first / asked:.3f} {third / asked:.3f} {none:4}")


def count(table: TargetTable, path: Path) -> dict[str, list[int]]:
    """label -> [asked, first right, one of three right, none told]."""
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for question, wanted in read_questions(table, path):
        told = table.resolve_indicators(question["question"])
        labels = [f"{question['type']} {question['lang']}"]
        if question["type"] != "paraphrase":
            labels.append("zh and en" if question["lang"] in ("zh", "en") else "other languages")
        for label in labels:
            hits = (True, bool(wanted & {*told[:1]}), bool(wanted & {*told[:3]}), not told)
            counts[label] = [old + hit for old, hit in zip(counts[label], hits, strict=True)]
    return dict(counts)


def read_questions(table: TargetTable, path: Path) -> Iterator[tuple[dict[str, Any], set[str]]]:
    """Each question that the table answers, with the indicators of the rows that do."""
    for line in path.read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        wanted = {row.indicator for row in table.rows if answers(row, question)}
        if question["type"] in _KINDS and wanted:
            yield question, wanted


def answers(row: Target, question: dict[str, Any]) -> bool:
    if row.page not in question["pages"] or not row.value:
        return False
    must = {normal(other) for group in question["must"] for other in group}
    bare = normal(row.value)
    stated = normal(row.value + row.unit) in must or (
        bare in must and (row.unit == "%" or len(bare) > 1)
    )
    years = set(re.findall(r"20\d\d", question["question"]))
    return stated and (not row.year or not years or row.year[-4:] in years)


def normal(text: str) -> str:
    return re.sub(r"[\s,]", "", unicodedata.normalize("NFKC", text)).lower()


if __name__ == "__main__":
    main()
