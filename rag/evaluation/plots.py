"""Plots of a run as SVG that takes its colours and letters from the page around it.

Colours are drawn as stand-ins and written as CSS variables, so one picture does for light and
dark pages; texts stay texts. Labels are Latin: types, codes of languages, verdicts.
"""

import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rag.evaluation.reports import INTERVALS, Summary
from rag.evaluation.rows import Row
from rag.evaluation.verdicts import (
    ANSWER_MISSED,
    BROKEN,
    ELSEWHERE,
    NOT_REFUSED,
    REFUSED,
    RETRIEVAL_MISSED,
    RIGHT,
    TOO_LONG,
    UNJUDGED,
)

_INK, _FAINT, _FIRST, _SECOND = "#010101", "#020202", "#030303", "#040404"
_GOOD, _FAIR, _POOR, _BAD, _NONE = "#050505", "#060606", "#070707", "#080808", "#090909"
_VARIABLES = {
    _INK: "currentColor",
    _FAINT: "var(--line)",
    _FIRST: "var(--accent)",
    _SECOND: "var(--warn)",
    _GOOD: "var(--good)",
    _FAIR: "var(--fair)",
    _POOR: "var(--poor)",
    _BAD: "var(--bad)",
    _NONE: "var(--none)",
}
_VERDICT_COLOURS = {
    RIGHT: _GOOD,
    ELSEWHERE: _FAIR,
    ANSWER_MISSED: _POOR,
    TOO_LONG: _POOR,
    RETRIEVAL_MISSED: _BAD,
    REFUSED: _SECOND,
    NOT_REFUSED: _SECOND,
    BROKEN: _BAD,
    UNJUDGED: _NONE,
}
_HATCHED = (TOO_LONG, REFUSED, BROKEN)  # told apart from the verdict of the same colour
_WIDTH_INCHES, _ROW_INCHES, _FRAME_INCHES = 4.6, 0.38, 1.15  # read on a phone at full width
_BINS = 10
_SERIES = ((_FIRST, "o", -0.13), (_SECOND, "s", 0.13))  # colour, marker, place beside the row


def plot_scores(summary: Summary, groups: Sequence[str], metrics: Sequence[str]) -> str:
    """A row a group, a point a metric (at most two) with its 95 % interval, from 0 to 1."""
    axes, figure = _axes(rows=len(groups))
    for metric, (colour, marker, beside) in zip(metrics, _SERIES, strict=False):
        told = [(y, g) for y, g in enumerate(groups) if summary[g].get(metric) is not None]
        for y, group in told:
            low, high = summary[group][INTERVALS].get(metric) or (summary[group][metric],) * 2
            axes.plot((low, high), (y + beside,) * 2, color=colour, linewidth=2, alpha=0.55)
        values = [summary[group][metric] for _, group in told]
        rows = [y + beside for y, _ in told]
        axes.plot(values, rows, marker, color=colour, markersize=6, label=metric)
    axes.set_yticks(range(len(groups)), [f"{g}  ({summary[g]['n']})" for g in groups])
    axes.set_xlim(-0.02, 1.02)
    _dress(axes, len(groups))
    return _svg(figure)


def plot_verdicts(rows: Sequence[Row], groups: Sequence[str]) -> str:
    """A bar a type, divided by what became of its questions, as shares."""
    axes, figure = _axes(rows=len(groups))
    counts = {group: Counter(row.verdict for row in rows if row.type == group) for group in groups}
    left = np.zeros(len(groups))
    for verdict, colour in _VERDICT_COLOURS.items():
        widths = np.array([counts[g][verdict] / max(counts[g].total(), 1) for g in groups])
        if widths.any():
            hatch = "////" if verdict in _HATCHED else None
            axes.barh(
                range(len(groups)), widths, left=left, color=colour, label=verdict, height=0.62,
                hatch=hatch, edgecolor=_FAINT if hatch else "none", linewidth=0,
            )  # fmt: skip
        left += widths
    axes.set_yticks(range(len(groups)), [f"{g}  ({counts[g].total()})" for g in groups])
    axes.set_xlim(0, 1)
    _dress(axes, len(groups))
    return _svg(figure)


def plot_reliability(rows: Sequence[Row]) -> str:
    """Said probability that the documents answer against how often they do; "" if all say one.

    Questions in ten bins of equal width; a bin's point stands at its mean probability.
    """
    told = [
        (row.answerable, row.can_be_answered) for row in rows if row.can_be_answered is not None
    ]
    if len({probability for probability, _ in told}) < 2:
        return ""
    said = np.array([probability for probability, _ in told])
    true = np.array([float(bool(answers)) for _, answers in told])
    bins = np.minimum((said * _BINS).astype(int), _BINS - 1)
    axes, figure = _axes(rows=7)
    axes.plot((0, 1), (0, 1), color=_INK, linewidth=1, linestyle=(0, (4, 4)), alpha=0.5)
    filled = [b for b in range(_BINS) if (bins == b).any()]
    xs = [said[bins == b].mean() for b in filled]
    ys = [true[bins == b].mean() for b in filled]
    axes.plot(xs, ys, "o-", color=_FIRST, markersize=6, linewidth=1.5)
    for b, x, y in zip(filled, xs, ys, strict=True):
        axes.annotate(
            f"{int((bins == b).sum())}", (x, y), xytext=(0, -14 if y > 0.5 else 8),
            textcoords="offset points", ha="center", fontsize=8, color=_INK,
        )  # fmt: skip
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("said probability that the documents answer")
    axes.set_ylabel("share that they do")
    _clean(axes, grid="both")
    return _svg(figure)


def plot_latency(rows: Sequence[Row]) -> str:
    """Share of the questions answered, and searched, within so many milliseconds."""
    axes, figure = _axes(rows=7)
    taken = {"ask": [row.ask_s for row in rows], "search": [row.search_s for row in rows]}
    for (name, seconds), (colour, _, _) in zip(taken.items(), _SERIES, strict=True):
        times = np.sort(seconds) * 1000
        axes.step(
            times, np.arange(1, len(times) + 1) / len(times), where="post", color=colour,
            label=name, linewidth=2, linestyle="-" if name == "ask" else (0, (5, 2)),
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("milliseconds")
    axes.set_ylabel("share of questions within")
    axes.xaxis.set_major_formatter("{x:g}")
    _clean(axes, grid="both")
    _legend(axes)
    return _svg(figure)


def _axes(*, rows: int) -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # slow to load

    height = _FRAME_INCHES + _ROW_INCHES * rows
    figure = Figure(figsize=(_WIDTH_INCHES, height), layout="constrained")
    return figure.subplots(), figure


def _dress(axes: Any, rows: int) -> None:  # noqa: ANN401
    axes.set_ylim(rows - 0.4, -0.6)
    _clean(axes, grid="x")
    _legend(axes)


def _clean(axes: Any, *, grid: str) -> None:  # noqa: ANN401
    axes.grid(axis=grid, color=_FAINT, linewidth=1, which="major")
    axes.set_axisbelow(True)
    axes.tick_params(length=0, colors=_INK, labelsize=9.5, which="both")
    axes.patch.set_visible(False)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(color=_INK, fontsize=9.5)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _legend(axes: Any) -> None:  # noqa: ANN401
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, frameon=False,
        fontsize=9, labelcolor=_INK, handlelength=1.4, columnspacing=1.2, borderaxespad=0.2,
    )  # fmt: skip


def _svg(figure: Any) -> str:  # noqa: ANN401
    """The drawing as an element to stand within HTML."""
    import matplotlib as mpl

    written = io.StringIO()
    figure.patch.set_visible(False)
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "rag"}):
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return _themed(written.getvalue(), _VARIABLES)


def _themed(text: str, variables: Mapping[str, str]) -> str:
    element = text[text.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>", "", element, flags=re.DOTALL)
    element = re.sub(r' (?:width|height)="[\d.]+pt"', "", element, count=2)
    for colour, variable in variables.items():
        element = element.replace(colour, variable)
    return element
