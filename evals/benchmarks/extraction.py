"""Precision and recall of extracted targets against the curated table, plan by plan.

    python -m evals.benchmarks.extraction [COMPILATION] [--table corpus/targets.csv] [--all]

A found row is right when the table has one of the same plan, indicator, year and value (as a
number). The rules were fitted on the plans whose number is not 3, 8, 13 … (number % 5 != 3); the
others, from which the dev questions were written too, are the honest column. The table isn't
complete, so precision is a lower bound.
"""

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from rag.extraction import extract_targets
from rag.figures import parse_number
from rag.readers import read_file
from rag.targets import TargetTable
from rag.types import Target

_ROOT = Path(__file__).parents[2]
_COMPILATION = _ROOT / "../shared/corpus/000_a895838ed2e4cd84.txt"
_MOST_FREQUENT = 20
_HELD_OUT = 3  # plan number % 5

Key = tuple[str, str, float | None]  # plan, year, value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("compilation", type=Path, nargs="?", default=_COMPILATION)
    parser.add_argument("--table", type=Path, default=_ROOT / "corpus/targets.csv")
    parser.add_argument("--all", action="store_true", help="every indicator, not the first twenty")
    args = parser.parse_args()
    documents = read_file(args.compilation)
    begun = time.perf_counter()
    found = [row for document in documents for row in extract_targets(document)]
    taken_s = time.perf_counter() - begun
    table = TargetTable.read(args.table).rows
    print_scores(found, table, every=args.all)
    print(f"\n{len(found)} rows from {len(documents)} plans in {taken_s:.1f} s")


def print_scores(found: Iterable[Target], table: Iterable[Target], *, every: bool) -> None:
    """A Markdown table: right, found and in the table, precision and recall, by indicator."""
    frequency = Counter(row.indicator for row in table)
    right, wanted = by_indicator(found), by_indicator(table)
    twenty = [name for name, _ in frequency.most_common(_MOST_FREQUENT)]
    ruled = [name for name, _ in frequency.most_common() if name in right]
    print("| indicator | fitted: right/found/table | P | R | held out | P | R |")
    print("|---|---|---|---|---|---|---|")
    for name in ruled if every else twenty:
        print_line(name, [name], right, wanted)
    print_line("**the twenty most frequent**", twenty, right, wanted)
    print_line("**every indicator found**", list(right), right, wanted)
    print_line(
        "**the whole table**", [*frequency, *(right.keys() - frequency.keys())], right, wanted
    )


def print_line(
    label: str, names: list[str], found: Mapping[str, set[Key]], wanted: Mapping[str, set[Key]]
) -> None:
    cells = [label]
    for held_out in (False, True):
        ours = {(n, *key) for n in names for key in found.get(n, ()) if is_held(key) == held_out}
        theirs = {(n, *key) for n in names for key in wanted.get(n, ()) if is_held(key) == held_out}
        right = len(ours & theirs)
        precision, recall = right / max(len(ours), 1), right / max(len(theirs), 1)
        cells += [f"{right}/{len(ours)}/{len(theirs)}", f"{precision:.3f}", f"{recall:.3f}"]
    print("|", " | ".join(cells), "|")


def by_indicator(rows: Iterable[Target]) -> dict[str, set[Key]]:
    keys: defaultdict[str, set[Key]] = defaultdict(set)
    for row in rows:
        keys[row.indicator].add((row.plan, row.year, parse_number(row.value)))
    return dict(keys)


def is_held(key: Key) -> bool:
    return int(key[0].removeprefix("p")) % 5 == _HELD_OUT


if __name__ == "__main__":
    main()
