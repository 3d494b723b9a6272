"""A question set: JSON lines, one question each; its fields: evals/questions/README.md."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import BadRequest

COMPARE, UNANSWERABLE = "compare", "unanswerable"
TYPES = ("fact", "paraphrase", "list", "scope", COMPARE, UNANSWERABLE)
_README = "see evals/questions/README.md"


@dataclass(frozen=True)
class Question:
    """text: what a person types. lang: ISO 639-1. type: one of TYPES.

    pages:    where the answer stands; other pages may hold it too. Empty if unanswerable.
    must:     what a right answer states: every group, by any of its alternatives.
    evidence: snippets of the pages, verbatim, for training. plan: 0 if of no single plan.
    """

    id: str
    type: str
    lang: str
    text: str
    pages: tuple[int, ...] = ()
    must: tuple[tuple[str, ...], ...] = ()
    evidence: tuple[str, ...] = ()
    plan: int = 0

    @property
    def answerable(self) -> bool:
        return self.type != UNANSWERABLE


def read_questions(path: Path) -> tuple[Question, ...]:
    """Every question of a file, in its order; blank lines are passed over.

    Raises BadRequest, naming the file and the line, at the first that can't be used.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(
            f"{path} can't be read ({error}); a UTF-8 file of JSON lines is needed; {_README}."
        ) from error
    numbered = ((f"{path}:{n}", line) for n, line in enumerate(lines, 1) if line.strip())
    questions = tuple(_question(where, line) for where, line in numbered)
    if not questions:
        raise BadRequest(f"{path} holds no question; write one JSON object a line; {_README}.")
    _check_ids(path, questions)
    return questions


def _question(where: str, line: str) -> Question:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise BadRequest(f"{where} is not JSON ({error}); write one object a line.") from error
    fault = _fault(record)
    if fault:
        raise BadRequest(f"{where} {fault}; correct the line, {_README}.")
    evidence = record.get("evidence") or ()
    return Question(
        id=record["id"],
        type=record["type"],
        lang=record["lang"],
        text=record["question"],
        pages=tuple(record["pages"]),
        must=tuple(map(tuple, record["must"])),
        evidence=(evidence,) if isinstance(evidence, str) else tuple(evidence),
        plan=record.get("plan", 0),
    )


def _fault(record: Any) -> str:  # noqa: ANN401  (whatever the line's JSON gave)
    """What is wrong with a line's value and what is needed instead; "" if nothing is."""
    if not isinstance(record, dict):
        return f"is a JSON {type(record).__name__}; an object is needed"
    for name in ("id", "type", "lang", "question"):
        if not (isinstance(record.get(name), str) and record[name].strip()):
            return f"has {name} {record.get(name)!r}; a text is needed"
    if record["type"] not in TYPES:
        return f"has type {record['type']!r}; one of {', '.join(TYPES)} is needed"
    pages, must = record.get("pages"), record.get("must")
    if not (isinstance(pages, list) and all(type(page) is int for page in pages)):
        return f"has pages {pages!r}; a list of whole numbers is needed"
    if not (isinstance(must, list) and all(_is_group(group) for group in must)):
        return f"has must {must!r}; a list of lists of texts, none empty, is needed"
    if (record["type"] == UNANSWERABLE) != (not pages) or bool(pages) != bool(must):
        need = "none of either" if record["type"] == UNANSWERABLE else "some of each"
        return f"is {record['type']} with {len(pages)} pages and {len(must)} must; {need} is needed"
    return _optional_fault(record)


def _optional_fault(record: dict[str, Any]) -> str:
    plan, evidence = record.get("plan", 0), record.get("evidence", "")
    if type(plan) is not int:
        return f"has plan {plan!r}; a whole number is needed"
    if not isinstance(evidence, str) and not (evidence and _is_group(evidence)):
        return f"has evidence {evidence!r}; a text or a list of texts is needed"
    return ""


def _is_group(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(a, str) and a for a in value)


def _check_ids(path: Path, questions: tuple[Question, ...]) -> None:
    twice = [id_ for id_, count in Counter(q.id for q in questions).items() if count > 1]
    if twice:
        raise BadRequest(f"{path} uses id {twice[0]!r} more than once; give each question its own.")
