"""Pairs of texts that mean the same, or of a question and what answers it, by source.

From the repository: briefs (both languages, by page), glossary, places, training questions. From a
folder of general data, where one is given: translations, dictionaries and question sets, as JSON
lines; `rag/models/README.md` lists them with their licences. Test data is never read.
"""

import csv
import gzip
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "corpus"
QUESTIONS = ROOT / "evals" / "questions" / "train.jsonl"
_PAGE = re.compile(r"[((]第[^))]*页[))]|\(pp?\.[^)]*\)")
_MAX_CHARS = 600  # of one side; a static mean of more tokens says little
_ANSWER_AROUND = 150  # characters of a context on either side of the answer

Pair = tuple[str, str]


def read_pairs(data: Path | None) -> dict[str, list[Pair]]:
    """Source -> pairs; both sides are stripped, cut to 600 characters and not equal."""
    sources = {
        "briefs": _briefs(),
        "glossary": _tables("glossary.tsv"),
        "places": _tables("places.tsv"),
        "questions": _questions(),
    }
    if data is not None:
        sources |= {path.name.split(".")[0]: _general(path) for path in sorted(data.glob("*.gz"))}
    return {name: list(_clean(pairs)) for name, pairs in sources.items()}


def simplified(data: Path | None) -> dict[int, int]:
    """Traditional -> simplified characters, for `str.translate`, read off a dictionary of both."""
    table: dict[int, int] = {}
    if data is not None:
        for row in _rows(data / "dict_cedict_zh_en.jsonl.gz"):
            if len(row["zh"]) == len(row["zh_hant"]):
                for old, new in zip(row["zh_hant"], row["zh"], strict=True):
                    if old != new:
                        table.setdefault(ord(old), ord(new))
    return table


def _clean(pairs: Iterator[Pair]) -> Iterator[Pair]:
    for one, other in pairs:
        one, other = one.strip()[:_MAX_CHARS], other.strip()[:_MAX_CHARS]
        if one and other and one != other:
            yield one, other


def _briefs() -> Iterator[Pair]:
    """What the two briefs of a plan say of one page; a bullet and its title and heading."""
    for path in sorted((CORPUS / "briefs").glob("*.zh.md")):
        chinese = _by_page(path)
        english = _by_page(path.with_name(path.name.replace(".zh.", ".en.")))
        for page in chinese.keys() & english.keys():
            yield " ".join(chinese[page]), " ".join(english[page])
        for bullets in (chinese, english):
            for lines in bullets.values():
                yield from combinations(lines[:4], 2)


def _by_page(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("- "):
            for page in re.findall(r"\d+", " ".join(_PAGE.findall(line))):
                found[page].append(_PAGE.sub("", line[2:]))
    return found


def _tables(name: str) -> Iterator[Pair]:
    """Every term with one in another language of the same row."""
    with (CORPUS / name).open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            cells = [row[key].split("|") for key in row if key not in ("level", "within")]
            for ours, theirs in combinations(filter(None, cells), 2):
                yield ours[0], theirs[0]
                if len(theirs) > 1:
                    yield ours[-1], theirs[1]


def _questions() -> Iterator[Pair]:
    for line in QUESTIONS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        evidence = row["evidence"]
        for snippet in [evidence] if isinstance(evidence, str) else evidence:
            yield row["question"], snippet


def _general(path: Path) -> Iterator[Pair]:
    for row in _rows(path):
        if "question" in row:
            yield row["question"], _around(row["context"], row["answer"])
        elif "lang" in row:
            yield row[row["lang"]], row["zh"]
        elif "law_zh" in row:
            yield row["zh"], row["en"]
        elif "zh_hant" in row:
            yield row["zh"], "; ".join(row.get("en") or row["fr"])
        elif "kind" not in row and "text" not in row:
            yield from combinations(filter(None, row.values()), 2)


def _around(context: str, answer: str) -> str:
    at = max(context.find(answer), 0)
    return context[max(0, at - _ANSWER_AROUND) : at + len(answer) + _ANSWER_AROUND]


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
