"""A question set: JSON lines or CSV, one question each; its fields: evals/questions/README.md."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import BadRequest
from rag.language import detect_language

COMPARE, UNANSWERABLE, UNLABELLED = "compare", "unanswerable", "unlabelled"
TYPES = ("fact", "paraphrase", "list", "scope", COMPARE, UNANSWERABLE, UNLABELLED)
_README = "see evals/questions/README.md"
_CSV = ".csv"


@dataclass(frozen=True)
class Question:
    """text: what a person types. lang: ISO 639-1. type: one of TYPES.

    pages:    where the answer stands; other pages may hold it too. Empty if not known.
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
        """Whether it is known that the documents answer: by a page or by a fact."""
        return bool(self.pages or self.must)

    @property
    def unanswerable(self) -> bool:
        """Whether it is known that they don't; neither is known of an unlabelled question."""
        return self.type == UNANSWERABLE


def read_questions(path: Path) -> tuple[Question, ...]:
    """Every question of a file, in its order; CSV by its ending, else JSON lines.

    Blank lines are passed over. Raises BadRequest, naming the file and the line, at the first
    that can't be used.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")  # spreadsheets begin a file with a mark
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(
            f"{path} can't be read ({error}); a UTF-8 file of JSON lines is needed; {_README}."
        ) from error
    records = _csv_records if path.suffix.lower() == _CSV else _json_records
    questions = tuple(_question(where, n, record) for where, n, record in records(path, text))
    if not questions:
        raise BadRequest(f"{path} holds no question; write one JSON object a line; {_README}.")
    _check_ids(path, questions)
    return questions


_Numbered = Iterator[tuple[str, int, Any]]  # where it stands, its line, what it holds


def _json_records(path: Path, text: str) -> _Numbered:
    for n, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield f"{path}:{n}", n, json.loads(line)
            except ValueError as error:
                raise BadRequest(
                    f"{path}:{n} is not JSON ({error}); write one object a line."
                ) from error


def _csv_records(path: Path, text: str) -> _Numbered:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = reader.fieldnames or ()
        if "question" not in columns:
            raise BadRequest(
                f"{path} has the columns {', '.join(columns) or 'none'}; the first "
                f"line must name its columns, `question` among them; {_README}."
            )
        for row in reader:
            if any(row.values()):
                yield f"{path}:{reader.line_num}", reader.line_num, _csv_record(row)
    except csv.Error as error:
        line = max(reader.line_num, 1)  # 0 while it reads the first
        raise BadRequest(f"{path}:{line} is not CSV ({error}); quote it.") from error


def _csv_record(row: dict[str | None, Any]) -> dict[str, Any]:
    """Cells as JSON has them: pages part at white space or `;`, groups at `;`, the rest at `|`."""
    cells = {name: (cell or "").strip() for name, cell in row.items() if name and name != "must"}
    record: dict[str, Any] = {name: cell for name, cell in cells.items() if cell}
    if "pages" in record:
        numbers = re.split(r"[\s;]+", record["pages"].strip("; "))
        record["pages"] = [int(n) if n.isdecimal() else n for n in numbers]
    if record.get("plan", "").isdecimal():
        record["plan"] = int(record["plan"])
    groups = [_alternatives(group) for group in (row.get("must") or "").split(";")]
    record["must"] = [group for group in groups if group]
    return record


def _alternatives(group: str) -> list[str]:
    return [alternative.strip() for alternative in group.split("|") if alternative.strip()]


def _question(where: str, line: int, record: Any) -> Question:  # noqa: ANN401  (a line's JSON)
    if isinstance(record, dict):
        record = _filled(record, line)
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


def _filled(record: dict[str, Any], line: int) -> dict[str, Any]:
    """With what may be left out: the id, the type, the language, pages and must."""
    told = {name: value for name, value in record.items() if value is not None}
    labelled = told.get("pages") or told.get("must")
    filled = {"id": f"line {line}", "pages": [], "must": []} | told
    filled.setdefault("type", "fact" if labelled else UNLABELLED)
    text = told.get("question")
    filled.setdefault("lang", (detect_language(text) if isinstance(text, str) else "") or "en")
    return filled


def _fault(record: Any) -> str:  # noqa: ANN401
    """What is wrong with a line's value and what is needed instead; "" if nothing is."""
    if not isinstance(record, dict):
        return f"is a JSON {type(record).__name__}; an object is needed"
    for name in ("id", "type", "lang", "question"):
        if not (isinstance(record.get(name), str) and record[name].strip()):
            return f"has {name} {record.get(name)!r}; a text is needed"
    if record["type"] not in TYPES:
        return f"has type {record['type']!r}; one of {', '.join(TYPES)} is needed"
    pages, must = record["pages"], record["must"]
    if not (isinstance(pages, list) and all(type(page) is int for page in pages)):
        return f"has pages {pages!r}; a list of whole numbers is needed"
    if not (isinstance(must, list) and all(_is_group(group) for group in must)):
        return f"has must {must!r}; a list of lists of texts, none empty, is needed"
    if record["type"] == UNANSWERABLE and (pages or must):
        return f"is {UNANSWERABLE} with {len(pages)} pages and {len(must)} must; none is needed"
    return _optional_fault(record)


def _optional_fault(record: dict[str, Any]) -> str:
    plan, evidence = record.get("plan", 0), record.get("evidence", "")
    if type(plan) is not int:
        return f"has plan {plan!r}; a whole number is needed"
    if not isinstance(evidence, str) and not _is_texts(evidence):
        return f"has evidence {evidence!r}; a text or a list of texts is needed"
    return ""


def _is_group(value: object) -> bool:
    return bool(value) and _is_texts(value)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) and text for text in value)


def _check_ids(path: Path, questions: Iterable[Question]) -> None:
    twice = [id_ for id_, count in Counter(q.id for q in questions).items() if count > 1]
    if twice:
        raise BadRequest(f"{path} uses id {twice[0]!r} more than once; give each question its own.")
