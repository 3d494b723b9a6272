"""Pairs of texts that mean the same, or of a question and what answers it, by source.

From the repository: briefs (both languages, by page), glossary, places, training questions. From a
folder of general data, where one is given: translations, dictionaries, question sets, and laws and
plans whose headings stand for questions; `rag/models/README.md` lists them with their licences.
Test data and development questions are never read.
"""

import csv
import gzip
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "corpus"
QUESTIONS = ROOT / "evals" / "questions" / "train.jsonl"
_PAGE = re.compile(r"[(\uff08]第[^)\uff09]*页[)\uff09]|\(pp?\.[^)]*\)")
_HEADING = re.compile(
    r"^(?:#+ .+|[\uff08(]?[一二三四五六七八九十]+[)\uff09、].{2,40}|第.{1,4}[章节条].{2,40})$"
)
_MAX_CHARS = 500  # of one side; a mean of more tokens says little
_ANSWER_AROUND = 150  # characters of a context on either side of the answer
_WHOLE = 400  # a context no longer than this is kept whole
_SENTENCE_MIN = 12
_LAWS = "law_zh_en"

Pair = tuple[str, str]
Row = dict[str, Any]


def read_pairs(data: Path | None) -> dict[str, list[Pair]]:
    """Source -> pairs in the order of the source; sides are stripped, cut and never equal."""
    sources: dict[str, Iterable[Pair]] = {
        "briefs": _briefs(),
        "glossary": _tables("glossary.tsv"),
        "places": _tables("places.tsv"),
    }
    if data is not None:
        for path in sorted(data.glob("*.gz")):
            name = path.name.split(".")[0]
            sources[name] = _general(name)(read_rows(path))
        table = _simplified(
            data
        )  # in traditional characters; three in four are put into simplified ones
        laws = enumerate(list(sources[_LAWS]))
        sources[_LAWS] = ((zh.translate(table) if i % 4 else zh, en) for i, (zh, en) in laws)
    return {name: list(_clean(pairs)) for name, pairs in sources.items()}


def read_questions(fold: int | None = None) -> list[Pair]:
    """A question with the words that answer it, and with what the briefs say of their page.

    fold: 0 or 1 for the questions of even or odd plans alone.
    """
    return list(_clean(_questions(fold)))


def _questions(fold: int | None) -> Iterator[Pair]:
    briefs: dict[str, list[str]] = defaultdict(list)
    for path in sorted((CORPUS / "briefs").glob("*.md")):
        for page, bullets in _by_page(path).items():
            briefs[page].append(" ".join(bullets))
    for line in QUESTIONS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if fold is not None and row["plan"] % 2 != fold:
            continue
        evidence = row["evidence"]
        snippets = [evidence] if isinstance(evidence, str) else evidence
        yield from ((row["question"], snippet) for snippet in snippets)
        yield from ((row["question"], text) for page in row["pages"] for text in briefs[str(page)])


def _simplified(data: Path) -> dict[int, str]:
    """Traditional -> simplified characters, for `str.translate`, read off a dictionary of both."""
    table: dict[int, str] = {}
    for row in read_rows(data / "dict_cedict_zh_en.jsonl.gz"):
        if len(row["zh"]) == len(row["zh_hant"]):
            pairs = zip(row["zh_hant"], row["zh"], strict=True)
            table |= {ord(old): new for old, new in pairs if old != new}
    return table


def _clean(pairs: Iterable[Pair]) -> Iterator[Pair]:
    for one, other in pairs:
        one, other = one.strip()[:_MAX_CHARS], other.strip()[:_MAX_CHARS]
        if one and other and one != other:
            yield one, other


def _briefs() -> Iterator[Pair]:
    """What the two briefs of a plan say of one page, together and bullet by bullet."""
    for path in sorted((CORPUS / "briefs").glob("*.zh.md")):
        chinese = _by_page(path)
        english = _by_page(path.with_name(path.name.replace(".zh.", ".en.")))
        for page in chinese.keys() & english.keys():
            yield " ".join(chinese[page]), " ".join(english[page])
            yield from zip(chinese[page], english[page], strict=False)


def _by_page(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("- "):
            for page in re.findall(r"\d+", " ".join(_PAGE.findall(line))):
                found[page].append(_PAGE.sub("", line[2:]))
    return found


def _tables(name: str) -> Iterator[Pair]:
    """Every term with every term in another language of the same row."""
    with (CORPUS / name).open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            cells = [row[key].split("|") for key in row if key not in ("level", "within")]
            for ours, theirs in combinations(filter(None, cells), 2):
                yield ours[0], theirs[0]
                yield ours[-1], theirs[-1]


def _general(name: str) -> Callable[[Iterable[Row]], Iterator[Pair]]:
    kind = name.split("_")[0]
    return {
        "qa": _answers,
        "pairs": _translations,
        "dict": _dictionary,
        "law": _articles,
        "laws": _headings,
        "policy": _headings,
    }[kind]


def _answers(rows: Iterable[Row]) -> Iterator[Pair]:
    for row in rows:
        context = row["context"]
        yield (
            row["question"],
            context if len(context) <= _WHOLE else _around(context, row["answer"]),
        )
        if row["title"]:
            yield row["title"], context[:_WHOLE]


def _around(context: str, answer: str) -> str:
    at = max(context.find(answer), 0)
    return context[max(0, at - _ANSWER_AROUND) : at + len(answer) + _ANSWER_AROUND]


def _translations(rows: Iterable[Row]) -> Iterator[Pair]:
    for row in rows:
        texts = [text for key, text in row.items() if key != "lang" and text]
        yield from combinations(texts, 2)


def _dictionary(rows: Iterable[Row]) -> Iterator[Pair]:
    """A word with its first senses together, and with each of them alone."""
    for row in rows:
        senses = row.get("en") or row.get("fr")
        if isinstance(senses, list):
            words = row["zh"]
            yield words, "; ".join(senses[:4])
            yield from ((words, sense) for sense in senses[:3] if len(senses) > 1)
        else:
            yield from combinations(filter(None, row.values()), 2)


def _articles(rows: Iterable[Row]) -> Iterator[Pair]:
    return ((row["zh"], row["en"]) for row in rows)


def _headings(rows: Iterable[Row]) -> Iterator[Pair]:
    """Title and heading -> each paragraph below; neighbouring paragraphs."""
    for row in rows:
        heading, before = "", ""
        for line in (line.strip() for line in row["text"].splitlines()):
            if _HEADING.match(line):
                heading = line.lstrip("# ")
            elif len(line) > _SENTENCE_MIN:
                if heading:
                    yield f"{row['title']} {heading}", line
                if before:
                    yield before, line
                before = line


def read_rows(path: Path) -> Iterator[Row]:
    """The objects of a gzipped file of JSON lines."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
