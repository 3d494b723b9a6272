"""Rows of a run -> figures by type, language and work, each with its interval; and as text."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rag.evaluation import intervals
from rag.evaluation.folders import Run, Setup
from rag.evaluation.intervals import Interval
from rag.evaluation.metrics import (
    CITATION_PRECISION,
    CITATION_RECALL,
    PLAN_NAMES,
    RANK_NAMES,
)
from rag.evaluation.questions import TYPES
from rag.evaluation.rows import (
    CITED_PAGE,
    FACTS,
    FALSE_REFUSALS,
    LANGUAGE,
    REFUSAL_PRECISION,
    REFUSALS,
    Row,
)
from rag.evaluation.verdicts import VERDICTS

Summary = dict[str, dict[str, Any]]

REFUSING = (REFUSALS, REFUSAL_PRECISION, FALSE_REFUSALS)
CITING = (CITATION_RECALL, CITATION_PRECISION, CITED_PAGE)
SCORES = (*RANK_NAMES, *PLAN_NAMES, FACTS, *REFUSING, LANGUAGE, *CITING)
ON_PAGE, INTERVALS = "on page", "95 %"
_BUSY = 0.5  # processes a core that slow the measured one down noticeably
SHARES = {*SCORES, ON_PAGE}
DOCUMENT = "document "  # before the id of a work, in the name of its group
_UNSET = ("", "None", "False", "0")
_JUDGES = {"lexical": "the words that statement and quote share"}
_TABLES = (
    ("n", *RANK_NAMES, *PLAN_NAMES),
    ("n", FACTS, *REFUSING, LANGUAGE, *CITING, ON_PAGE),
    ("n", "violations", "stray figures", "left out", "median chars", "ask p50 ms", "ask p95 ms",
     "search p50 ms", "search p95 ms"),
)  # fmt: skip


class Figure(NamedTuple):
    """value: None with nothing to take it over. interval: None where none can be drawn."""

    value: float | None
    interval: Interval | None = None


def summarise(rows: Sequence[Row]) -> Summary:
    """Group -> column -> value: all, answerable, types, languages, types in Chinese, documents.

    A document's group is named "document " and the id of its work; it holds the questions whose
    pages are of the work.

    Languages come with the most asked first, documents by their ids. Scores are means over the
    questions they are defined for, "violations" and "stray figures" are totals, "on page" is the
    share of all citations of answerable questions; a value with nothing to take it over is None.
    Under "95 %" stand the bootstrap intervals, column -> [low, high], of all columns that have one.
    """
    return {name: _summary_of(group) for name, group in _groups(rows).items() if group}


def title_groups(
    summary: Summary, titles: Mapping[str, str], *, documents: bool
) -> dict[str, dict[str, Any]]:
    """Either the groups that are documents, named by id and title, or all others.

    titles: work -> title, as in `Setup`.
    """
    if not documents:
        return {name: v for name, v in summary.items() if not name.startswith(DOCUMENT)}
    works = {n.removeprefix(DOCUMENT): v for n, v in summary.items() if n.startswith(DOCUMENT)}
    return {f"{work} {titles.get(work, '')}".strip(): v for work, v in works.items()}


def count_verdicts(rows: Iterable[Row]) -> dict[str, int]:
    """Verdict -> questions, in the order of VERDICTS, those that occur."""
    counts = Counter(row.verdict for row in rows)
    return {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]}


def render(summary: Summary) -> str:
    """The figures of all questions with intervals, then aligned tables by type and language."""
    if not summary:
        return "no question"
    every = summary["all"]
    width = max(len(name) for table in _TABLES for name in table)
    lines = [
        f"{name:{width}}  {cell(name, every[name]):>6}  {interval_text(name, every)}".rstrip()
        for name in dict.fromkeys(name for table in _TABLES for name in table)
        if every[name] is not None
    ]
    shown = title_groups(summary, {}, documents=False)
    cells = {g: {n: cell(n, columns[n]) for n in figure_names()} for g, columns in shown.items()}
    table = pd.DataFrame.from_dict(cells, orient="index")
    wide = (table[list(names)].to_string() for names in _TABLES)
    return "\n\n".join(("\n".join(lines), *wide))


def render_markdown(run: Run, summary: Summary) -> str:
    """A summary to keep beside the code: setup, figures with intervals, groups, verdicts."""
    setup = run.setup
    every = summary["all"]
    figures = [
        [name, cell(name, every[name]), interval_text(name, every)]
        for name in figure_names()
        if every[name] is not None
    ]
    verdicts = count_verdicts(run.rows)
    settings = ", ".join(f"{name} {value}" for name, value in told_settings(setup).items())
    parts = [
        f"# {setup.questions} over {setup.index}",
        f"{setup.count} questions; {settings}; {latency_note(setup)} "
        f"Index {setup.index_checksum[:12]}, questions {setup.questions_checksum[:12]}, "
        f"program {setup.program_checksum[:12]}, {setup.started}.",
        _markdown_table(("metric", "value", "95 % interval"), figures),
        *filter(None, [judge_note(run.rows)]),
        "## By type and language",
        _groups_table(title_groups(summary, {}, documents=False)),
        "## By document",
        _groups_table(title_groups(summary, setup.titles, documents=True)),
        "## What became of the questions",
        _markdown_table(
            ("verdict", "questions", "meaning"),
            [[name, str(n), VERDICTS[name]] for name, n in verdicts.items()],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def judge_note(rows: Iterable[Row]) -> str:
    """Whose word the citation recall and precision are; "" where they weren't taken."""
    judges = sorted({row.judge for row in rows if row.judge})
    names = ", ".join(_JUDGES.get(judge, judge) for judge in judges)
    return f"Citation recall and precision are judged by {names}." if judges else ""


def told_settings(setup: Setup) -> dict[str, str]:
    """Those that chose something; none that is off, nought or left to the default of a model."""
    return {name: value for name, value in setup.settings.items() if value not in _UNSET}


def latency_note(setup: Setup) -> str:
    """How the latencies were taken, with what makes them longer than those of a quiet machine."""
    how = "in one process, one question at a time"
    if setup.workers > 1:
        how = f"with {setup.workers} processes asking at once, so above those of one"
    busy = f"; {setup.load:g} other processes a core wanted to run as well"
    return f"latencies measured {how}{busy if setup.load >= _BUSY else ''}."


def cell(name: str, value: float | None) -> str:
    """A column's value as the tables show it; "-" for None."""
    if value is None:
        return "-"
    if isinstance(value, int):
        return str(value)
    if name in SHARES:
        return f"{value:.3f}"
    return f"{value:.1f}".removesuffix(".0")


def interval_text(name: str, columns: Mapping[str, Any]) -> str:
    """ "0.880 to 0.930", or "" for a column without an interval."""
    found = columns[INTERVALS].get(name)
    return " to ".join(cell(name, float(end)) for end in found) if found else ""


def figure_names() -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for table in _TABLES for name in table))


def _groups_table(groups: Summary) -> str:
    names = ("n", "recall@5", "MRR", FACTS, FALSE_REFUSALS, ON_PAGE, "median chars")

    def told(name: str, columns: Mapping[str, Any]) -> str:
        ends = interval_text(name, columns)
        return f"{cell(name, columns[name])} ({ends})" if ends else cell(name, columns[name])

    rows = [[group, *(told(n, columns) for n in names)] for group, columns in groups.items()]
    return _markdown_table(("group", *names), rows)


def _markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(text.replace('|', '/') for text in line)} |" for line in lines)


def _groups(rows: Sequence[Row]) -> dict[str, list[Row]]:
    languages = [lang for lang, _ in Counter(row.lang for row in rows).most_common()]
    chinese = [row for row in rows if row.lang == "zh"]
    works = sorted({work for row in rows for work in row.works})
    return {
        "all": list(rows),
        "answerable": [row for row in rows if row.can_be_answered],
        **{name: [row for row in rows if row.type == name] for name in TYPES},
        **{name: [row for row in rows if row.lang == name] for name in languages},
        **{f"zh {name}": [row for row in chinese if row.type == name] for name in TYPES},
        **{f"{DOCUMENT}{work}": [row for row in rows if work in row.works] for work in works},
    }


def _summary_of(rows: Sequence[Row]) -> dict[str, Any]:
    figures = _figures(rows)
    drawn = {name: list(f.interval) for name, f in figures.items() if f.interval}
    return {name: figure.value for name, figure in figures.items()} | {INTERVALS: drawn}


def _figures(rows: Sequence[Row]) -> dict[str, Figure]:
    return {
        "n": Figure(len(rows)),
        **{name: _mean([r.scores[name] for r in rows if name in r.scores]) for name in SCORES},
        "violations": Figure(sum(len(row.citation_violations) for row in rows)),
        "stray figures": Figure(sum(len(row.stray_figures) for row in rows)),
        "left out": Figure(sum(row.left_out for row in rows)),
        ON_PAGE: _citations_on_page(rows),
        "median chars": _quantile([row.chars for row in rows], 0.5),
        **_times_ms("ask", [1000 * row.ask_s for row in rows]),
        **_times_ms("search", [1000 * row.search_s for row in rows]),
    }


def _mean(values: Sequence[float]) -> Figure:
    if not values:
        return Figure(None)
    return Figure(float(np.mean(values)), intervals.mean_interval(values))


def _citations_on_page(rows: Sequence[Row]) -> Figure:
    met = [[c.on_page for c in row.citations if c.on_page is not None] for row in rows]
    right, total = [sum(told) for told in met], [len(told) for told in met]
    if not sum(total):
        return Figure(None)
    return Figure(sum(right) / sum(total), intervals.share_interval(right, total))


def _quantile(values: Sequence[float], share: float) -> Figure:
    return Figure(float(np.quantile(values, share)), intervals.quantile_interval(values, share))


def _times_ms(name: str, times: Sequence[float]) -> dict[str, Figure]:
    ranks: dict[str, float] = {"p50": 0.5, "p95": 0.95}
    return {f"{name} {rank} ms": _quantile(times, share) for rank, share in ranks.items()}
