"""Rows of a run -> a table by type and language, as plain values and as text."""

from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

from rag.evaluation.metrics import (
    CITATION_PRECISION,
    CITATION_RECALL,
    PLAN_NAMES,
    RANK_NAMES,
)
from rag.evaluation.questions import TYPES, UNANSWERABLE
from rag.evaluation.runs import FACTS, FALSE_REFUSALS, REFUSALS, Row

Summary = dict[str, dict[str, float | None]]

SCORES = (
    *(*RANK_NAMES, *PLAN_NAMES, FACTS, REFUSALS, FALSE_REFUSALS),
    *(CITATION_RECALL, CITATION_PRECISION),
)
_SHARES = {*SCORES, "on page"}


def summarise(rows: Sequence[Row]) -> Summary:
    """Group -> column -> value: all, answerable, each type, each language, each type in Chinese.

    Languages come with the most asked first. Scores are means over the questions they are
    defined for, "violations" and "stray figures" are totals, "on page" is the share of all
    citations of answerable questions; a value with nothing to take it over is None.
    """
    return {name: _columns(group) for name, group in _groups(rows).items() if group}


def render(summary: Summary) -> str:
    """The summary as two aligned tables, scores above citations and time; "-" for None."""
    cells = {
        group: {name: _cell(name, value) for name, value in columns.items()}
        for group, columns in summary.items()
    }
    table = pd.DataFrame.from_dict(cells, orient="index")
    below = [name for name in table.columns if name == "n" or name not in SCORES]
    return "\n\n".join(table[names].to_string() for names in (["n", *SCORES], below))


def _groups(rows: Sequence[Row]) -> dict[str, list[Row]]:
    languages = [lang for lang, _ in Counter(row.lang for row in rows).most_common()]
    chinese = [row for row in rows if row.lang == "zh"]
    return {
        "all": list(rows),
        "answerable": [row for row in rows if row.type != UNANSWERABLE],
        **{name: [row for row in rows if row.type == name] for name in TYPES},
        **{name: [row for row in rows if row.lang == name] for name in languages},
        **{f"zh {name}": [row for row in chinese if row.type == name] for name in TYPES},
    }


def _columns(rows: Sequence[Row]) -> dict[str, float | None]:
    scores = pd.DataFrame([row.scores for row in rows], columns=list(SCORES), dtype=float).mean()
    met = [c.on_page for row in rows for c in row.citations]
    columns = {
        "n": len(rows),
        **scores,
        "violations": sum(len(row.citation_violations) for row in rows),
        "stray figures": sum(len(row.stray_figures) for row in rows),
        "on page": pd.Series(met, dtype=float).mean(),
        "left out": sum(row.left_out for row in rows),
        "median chars": pd.Series([row.chars for row in rows]).median(),
        **_times_ms("ask", (row.ask_s for row in rows)),
        **_times_ms("search", (row.search_s for row in rows)),
    }
    return {name: None if pd.isna(value) else value for name, value in columns.items()}


def _times_ms(name: str, seconds: Iterable[float]) -> dict[str, float]:
    times = pd.Series([1000 * s for s in seconds], dtype=float)
    return {f"{name} p50 ms": times.median(), f"{name} p95 ms": times.quantile(0.95)}


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, int):
        return str(value)
    return f"{value:.3f}" if name in _SHARES else f"{value:.1f}"
