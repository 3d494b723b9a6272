"""What the commands show: a JSON-ready row and a plain text of each kind of result."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rag.indexing import Outcome
from rag.integrity import Checked
from rag.types import Answer, Citation, Document, Hit, Target

_FORMULA = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[-+]\d[\d,]*(?:\.\d+)?%?")
_QUOTE_WIDTH = 96  # characters of a passage that a listing shows


def answer_row(answer: Answer) -> dict[str, Any]:
    """What `rag ask --json` prints; the texts of whole documents are left out."""
    return {
        "question": answer.question,
        "resolved": answer.resolved,
        "text": answer.text,
        "refused": answer.refused,
        "citations": [_citation_row(citation) for citation in answer.citations],
        "language": answer.language,
        "generator": answer.generator,
        "timings_s": answer.timings_s,
        "left_out": answer.left_out,
    }


def hit_row(hit: Hit) -> dict[str, Any]:
    """One element of what `rag search --json` prints."""
    chunk = hit.chunk
    return {
        "score": hit.score,
        "text": chunk.text,
        "document": _document_row(chunk.document),
        "section": chunk.section,
        "pages": chunk.pages,
        "start": chunk.start,
        "end": chunk.end,
    }


def _citation_row(citation: Citation) -> dict[str, Any]:
    row = {name: getattr(citation, name) for name in citation.__dataclass_fields__}
    return row | {"document": _document_row(citation.document)}


def _document_row(document: Document) -> dict[str, Any]:
    shown = ("id", "title", "region", "level", "status", "url", "source", "language", "kind")
    return {name: getattr(document, name) for name in shown}


def outcome_row(outcome: Outcome) -> dict[str, Any]:
    files = ("added", "changed", "removed", "unchanged")
    return {
        **{name: getattr(outcome, name) for name in files},
        "failed": [{"file": str(file), "reason": reason} for file, reason in outcome.failed],
        "documents": outcome.manifest.documents,
        "chunks": outcome.manifest.chunks,
        "embedded": outcome.embedded,
        "lost": outcome.lost,
        "manifest": asdict(outcome.manifest),
    }


def outcome_text(folder: Path, outcome: Outcome) -> str:
    files = ("added", "changed", "removed", "unchanged", "failed")
    counts = ", ".join(f"{len(getattr(outcome, name))} {name}" for name in files)
    return (
        f"{folder}: {outcome.manifest.documents} documents, {outcome.manifest.chunks} chunks "
        f"({outcome.embedded} embedded); files: {counts}"
    )


def checked_text(folder: Path, checked: Checked) -> str:
    return (
        f"{folder}: {'damaged' if checked.faults else 'whole'}: {checked.generations} generations, "
        f"{checked.files} files, {checked.documents} documents, {checked.chunks} chunks"
    )


def answer_text(answer: Answer) -> str:
    """The question that a follow-up was taken for, the answer, and its sources."""
    resolved = f"→ {answer.resolved}" if answer.resolved else ""
    return "\n\n".join(filter(None, (resolved, answer.text, sources_text(answer))))


def sources_text(answer: Answer) -> str:
    """A block a citation; "" for an answer without any."""
    lines = []
    for citation in answer.citations:
        place = _place(citation.document, citation.section, citation.pages)
        lines.append(f"[{citation.marker}] {place}\n    “{_one_line(citation.quote)}”")
    return "\n\n".join(lines)


def hits_text(hits: Sequence[Hit]) -> str:
    blocks = []
    for number, hit in enumerate(hits, 1):
        place = _place(hit.chunk.document, hit.chunk.section, hit.chunk.pages)
        blocks.append(f"{number:2}. {hit.score:.3f} {place}\n    {_one_line(hit.chunk.text)}")
    return "\n".join(blocks) or "nothing fits the filters"


def _place(document: Document, section: Sequence[str], pages: Sequence[int]) -> str:
    parts = [document.title, *([document.url] if document.url else [])]
    if document.status == "draft":
        parts.insert(1, "draft")
    if document.kind == "brief":
        parts.insert(1, "brief")
    if pages:
        parts.insert(1, "p. " + ", ".join(map(str, pages)))
    return " | ".join([*parts, *([" > ".join(section)] if section else [])])


def _one_line(text: str) -> str:
    joined = " ".join(text.split())
    return joined if len(joined) <= _QUOTE_WIDTH else joined[: _QUOTE_WIDTH - 1] + "…"


def main_documents(documents: Iterable[Document]) -> dict[str, Document]:
    """Of each work, the version to name: an original before a brief, Chinese before others."""
    ranked = sorted(documents, key=lambda d: (d.kind != "brief", d.language == "zh"))
    return {document.work: document for document in ranked}


def target_row(target: Target, document: Document) -> dict[str, Any]:
    about = {"region": document.region, "title": document.title, "status": document.status}
    return {"plan": target.plan, **about, **asdict(target)}


def csv_text(rows: Sequence[dict[str, Any]]) -> str:
    """A table whose head is the first row's names.

    A spreadsheet takes text for a formula that begins with = + - @, a tab or a line's end, and what
    a document says would be run: such text has a ' before it. Numbers, as -5, stay as they are.
    source: OWASP, "CSV Injection".
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _inert(value) for name, value in row.items()} for row in rows)
    return out.getvalue().rstrip("\n")


def _inert(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = value.replace("\r\n", "\n").replace("\r", "\n")  # \r ends a row, and isn't quoted
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def table_text(rows: Sequence[dict[str, Any]]) -> str:
    """Aligned columns; East Asian characters are two columns wide in a terminal."""
    import pandas as pd  # slow to load

    if not rows:
        return "no target fits; `rag targets` alone lists them all"
    columns = (
        "region",
        "indicator",
        "scope",
        "year",
        "value",
        "unit",
        "qualifier",
        "title",
        "page",
    )
    with pd.option_context("display.unicode.east_asian_width", True):
        frame = pd.DataFrame(rows, columns=columns)
        return str(frame.to_string(index=False, max_colwidth=30, justify="left"))
