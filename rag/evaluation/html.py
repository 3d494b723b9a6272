"""A finished run -> one HTML page that holds all it needs and asks nothing of the network.

Every text is escaped by the template engine; only our own style, script and drawings are not, and
the page's policy lets no other script run.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rag.evaluation import plots
from rag.evaluation.folders import Run
from rag.evaluation.questions import TYPES
from rag.evaluation.reports import (
    Summary,
    cell,
    count_verdicts,
    figure_names,
    interval_text,
    judge_note,
    latency_note,
    title_groups,
    told_settings,
)
from rag.evaluation.rows import FACTS, REFUSALS, Row
from rag.evaluation.verdicts import VERDICTS

_FOLDER = Path(__file__).parent
_TILES = (
    ("recall@5", "Page recall@5", "an expected page is among the first five hits"),
    (FACTS, "Facts in answer", "every expected fact is stated, briefly"),
    ("on page", "Citations on page", "share of the citations that stand on an expected page"),
    ("violations", "Broken citations", "quotes, markers or pages that don't hold"),
    ("stray figures", "Stray figures", "numbers in answers that no source has"),
    ("citation precision", "Citation precision", "citations that are needed, as ALCE defines it"),
    ("citation recall", "Citation recall", "statements that their citations bear out"),
    (REFUSALS, "Refused rightly", "of the questions that the documents don't answer"),
    ("false refusals", "False refusals", "of the questions that they do answer"),
    ("right language", "Right language", "answers in the question's language"),
    ("median chars", "Answer length", "median, in characters"),
    ("ask p95 ms", "Latency, p95", "milliseconds for an answer"),
)
_COLUMNS = (
    ("id", "id", False),
    ("question", "question", False),
    ("type", "type", False),
    ("lang", "language", False),
    ("verdict", "verdict", False),
    ("rank", "first right hit", True),
    ("chars", "characters", True),
    ("ask", "ms", True),
)
_QUOTE_CHARS = 240  # of a citation; the row in rows.jsonl has the whole


def render_html(run: Run, summary: Summary) -> str:
    """The page, whole. summary: as `reports.summarise` gives for the run's rows."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    engine = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined
    )
    script = (_FOLDER / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    drawn = [plot | {"svg": Markup(plot["svg"])} for plot in _plots(run, summary)]
    return engine.get_template("report.html.j2").render(
        questions=Path(run.setup.questions).name,
        setup=run.setup,
        style=Markup((_FOLDER / "report.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_hash=f"sha256-{digest}",
        tiles=_tiles(summary["all"]),
        plots=drawn,
        judged=judge_note(run.rows),
        verdicts=count_verdicts(run.rows),
        meanings=VERDICTS,
        filters=_filters(run.rows),
        columns=[{"key": key, "name": name, "is_number": n} for key, name, n in _COLUMNS],
        rows=[_row(row, run.setup.titles) for row in run.rows],
        names=figure_names(),
        settings=told_settings(run.setup),
        groups=[
            _cells(title_groups(summary, run.setup.titles, documents=documents))
            for documents in (False, True)
        ],
    )


def _tiles(every: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        {
            "name": title,
            "value": cell(name, every[name]),
            "interval": interval_text(name, every),
            "means": means,
        }
        for name, title, means in _TILES
        if every[name] is not None
    ]


def _plots(run: Run, summary: Summary) -> list[dict[str, str]]:
    types = [name for name in TYPES if name in summary]
    answered = [name for name in types if summary[name]["recall@5"] is not None]
    languages = [
        name
        for name in dict.fromkeys(row.lang for row in run.rows)
        if summary[name]["recall@5"] is not None
    ]
    languages.sort(key=lambda name: -int(summary[name]["n"]))
    reliability = plots.plot_reliability(run.rows)
    metrics = ("recall@5", FACTS)
    shown = [
        (
            "Recall and facts by type",
            answered,
            "Points are shares of the questions, lines their 95 % intervals, numbers in brackets "
            "the questions.",
        ),
        (
            "Recall and facts by language",
            languages,
            "As by type. Few questions make wide intervals.",
        ),
    ]
    return [
        *(
            {"title": title, "svg": plots.plot_scores(summary, groups, metrics), "note": note}
            for title, groups, note in shown
            if groups
        ),
        {
            "title": "What became of the questions, by type",
            "svg": plots.plot_verdicts(run.rows, types),
            "note": "Shares of the questions of a type; the verdicts are explained below.",
        },
        {
            "title": "Reliability of refusal",
            "svg": reliability,
            "note": "Questions in bins of said probability, each point with their number; on the "
            "dashed line the probability is true."
            if reliability
            else "The answers of this run all carry the same probability that the documents "
            "answer, so there is nothing to draw.",
        },
        {
            "title": "Latency",
            "svg": plots.plot_latency(run.rows),
            "note": latency_note(run.setup).capitalize(),
        },
    ]


def _filters(rows: Sequence[Row]) -> list[dict[str, Any]]:
    found = {
        "verdict": [v for v in VERDICTS if any(row.verdict == v for row in rows)],
        "type": [t for t in TYPES if any(row.type == t for row in rows)],
        "lang": sorted({row.lang for row in rows}),
    }
    names = {"lang": "language"}
    return [{"key": k, "name": names.get(k, k), "options": v} for k, v in found.items()]


def _row(row: Row, titles: Mapping[str, str]) -> dict[str, Any]:
    first = row.scores.get("MRR", 0.0)
    return {
        "id": row.id,
        "type": row.type,
        "lang": row.lang,
        "question": row.question,
        "verdict": row.verdict,
        "rank": round(1 / first) if first else 0,
        "chars": row.chars,
        "ask_ms": round(1000 * row.ask_s, 1),
        "answer": row.answer,
        "citations": [
            {
                "marker": c.marker,
                "title": c.title,
                "pages": c.pages,
                "on_page": c.on_page,
                "quote": _short(c.quote),
            }
            for c in row.citations
        ],
        "facts": [
            {"text": " / ".join(group), "is_missing": group in row.missing_facts}
            for group in row.must
        ],
        "pages": row.pages,
        "titles": [titles.get(work, work) for work in row.works],
        "faults": [*row.citation_violations, *(f"stray figure {n}" for n in row.stray_figures)],
    }


def _short(text: str) -> str:
    return text if len(text) <= _QUOTE_CHARS else text[: _QUOTE_CHARS - 1] + "…"


def _cells(summary: Summary) -> list[dict[str, Any]]:
    def cells(columns: Mapping[str, Any]) -> Iterable[dict[str, str]]:
        for name in figure_names():
            yield {"text": cell(name, columns[name]), "interval": interval_text(name, columns)}

    return [{"name": name, "cells": list(cells(columns))} for name, columns in summary.items()]
