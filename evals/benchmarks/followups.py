"""How many follow-ups are understood, and answered with the facts.

    python -m evals.benchmarks.followups [--index indexes/default] [--split tune] [--verbose]
    python -m evals.benchmarks.followups --apart    # questions that stand by themselves

A follow-up is resolved if the question it is taken for names the places, years and topic expected
and no other place or year; it is answered if the answer isn't refused, states every fact and, for
"more", quotes something new. With --apart every question of the training set is asked after
another, drawn at random, and those are counted that are taken for something else.
"""

import argparse
import json
import random
import re
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

from rag import Answer, Assistant
from rag.places import find_places, fold

ROOT = Path(__file__).parents[2]
_SETS = ROOT / "evals/questions"
_MARKER = re.compile(r"\[\d+\]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--index", type=Path, default=Path("indexes/default"))
    parser.add_argument("--split", choices=("tune", "test"), default="tune")
    parser.add_argument("--apart", action="store_true", help="questions that stand by themselves")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true", help="show what failed")
    args = parser.parse_args()
    assistant = Assistant.load(args.index)
    if args.apart:
        return _print_apart(assistant, seed=args.seed)
    dialogues = [row for row in _rows(_SETS / "followups.jsonl") if row["split"] == args.split]
    counts: dict[str, Counter[str]] = {}
    for row in dialogues:
        answers = _talk(assistant, row["turns"])
        resolved, answered = is_resolved(row, answers), is_answered(row, answers)
        for label in (row["kind"], row["lang"], "all"):
            of = counts.setdefault(label, Counter())
            of.update(asked=1, resolved=resolved, answered=answered, both=resolved and answered)
        if args.verbose and not (resolved and answered):
            last = answers[-1]
            shown = last.resolved or "(as it is)"
            print(row["id"], row["turns"], "->", shown, "" if resolved else "NOT RESOLVED")
            if not answered:
                print("   ", row["must"], " ".join(last.text.split())[:200])
    print(f"{args.split:10} asked resolved answered both")
    for label, of in counts.items():
        shares = (f"{of[name] / of['asked']:8.2f}" for name in ("resolved", "answered", "both"))
        print(f"{label:10} {of['asked']:5}{''.join(shares)}")


def _talk(assistant: Assistant, turns: list[str]) -> list[Answer]:
    answers: list[Answer] = []
    for turn in turns:
        answers.append(assistant.ask(turn, history=answers))
    return answers


def is_resolved(row: dict[str, Any], answers: list[Answer]) -> bool:
    last = answers[-1]
    question = last.resolved or last.question
    places = {place.name for place in find_places(question)}
    years = {int(year) for year in re.findall(r"(?<!\d)20\d\d(?!\d)", question)}
    names_topic = any(fold(topic) in fold(question) for topic in row["topic"])
    if row["kind"] == "alone":
        return not last.resolved
    plan = row["kind"] == "plan" and last.resolved != ""  # a title may name other places and years
    of_plan = {c.document.region for c in last.citations}
    right_place = set(row["places"]) <= (of_plan if plan else places)
    return names_topic and right_place and (plan or _alike(row, places, years))


def _alike(row: dict[str, Any], places: set[str], years: set[int]) -> bool:
    return places == set(row["places"]) and years == set(row["years"])


def is_answered(row: dict[str, Any], answers: list[Answer]) -> bool:
    last = answers[-1]
    if last.refused:
        return False
    if row["kind"] == "more" and not row["must"]:
        before = {(c.document.id, c.start) for answer in answers[:-1] for c in answer.citations}
        return any((c.document.id, c.start) not in before for c in last.citations)
    said = _norm(_MARKER.sub("", last.text))
    return all(any(_norm(fact) in said for fact in group) for group in row["must"])


def _norm(text: str) -> str:
    """As in evals/questions/README.md."""
    return re.sub(r"[\s,]", "", unicodedata.normalize("NFKC", text).lower())


def _print_apart(assistant: Assistant, *, seed: int) -> None:
    draw = random.Random(seed)
    questions = [row["question"] for row in _rows(_SETS / "train.jsonl")]
    changed = 0
    for question in questions:
        before = assistant.ask(draw.choice(questions))
        after = assistant.ask(question, history=(before,))
        if after.resolved:
            changed += 1
            print(f"{before.question} // {question}\n    -> {after.resolved}")
    print(f"taken for something else: {changed} of {len(questions)}")


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()
