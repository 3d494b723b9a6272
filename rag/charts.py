"""Targets -> a bar chart as PNG, with Chinese or English words around the plans' own."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from rag.errors import BadRequest, RagError
from rag.figures import parse_number, to_base_unit
from rag.types import Target

# Families with Chinese characters, those drawn for Chinese readers first.
_FONTS = (
    "Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei",
    "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "SimHei", "Noto Sans CJK JP", "Noto Serif CJK SC",
)  # fmt: skip
_COLOURS = ("#1f6f8b", "#e08e45", "#6a9a3b", "#8e5ea2", "#7a7a7a")  # told apart without colour too
_INK, _FAINT = "#222222", "#d9dde1"
_WIDTH_INCHES, _ROW_INCHES, _FRAME_INCHES, _DPI = 9.0, 0.42, 1.7, 160
_ROOM = 1.25  # for the text behind the longest bar
_MAX_ROWS = 80  # more can't be read on one picture
_LABEL_CHARS = 22
_WORDS = {
    "zh": {
        "unit": "单位:{}", "year": "{}年", "no_year": "未写年份", "draft": "征求意见稿",
        "no_value": "未写数值", "baseline": "(比{}年)", "以上": "{}以上", "以下": "{}以下",
        "左右": "{}左右", "力争": "力争{}", "降至": "降至{}",
    },
    "en": {
        "unit": "Unit: {}", "year": "{}", "no_year": "no year", "draft": "draft for comment",
        "no_value": "no figure", "baseline": " from {}", "以上": "{} or more", "以下": "{} or less",
        "左右": "about {}", "力争": "aim: {}", "降至": "down to {}",
    },
}  # fmt: skip


class _Bar(NamedTuple):
    """left, right: its ends in the chart's unit, both 0 for a row without a number."""

    label: str
    left: float
    right: float
    text: str
    year: str
    draft: bool


def draw_targets(
    rows: Sequence[Target],
    labels: Mapping[str, str],
    *,
    out: Path,
    title: str,
    drafts: Collection[str] = (),
    language: str = "zh",
) -> None:
    """Write a PNG with a horizontal bar a row, in the order given, from the top.

    labels: plan -> the words beside its bar. drafts: plans whose bars are hatched. language: "zh"
    or "en", of the words around what the plans say. A range is drawn from its lower to its upper
    end; a row without a number is listed without a bar; years are points. Raises BadRequest for no
    rows, over 80, or units that don't compare, and RagError if no font with Chinese characters is
    installed.
    """
    import matplotlib as mpl  # slow to load
    from matplotlib.figure import Figure

    unit = _common_unit(rows)
    words = _WORDS[language]
    bars = [
        _bar(row, labels, unit, text=_value_text(row, words), draft=row.plan in drafts)
        for row in rows
    ]
    with mpl.rc_context({"font.family": _chinese_font(), "axes.unicode_minus": False}):
        height = _FRAME_INCHES + _ROW_INCHES * len(bars)
        figure = Figure(figsize=(_WIDTH_INCHES, height), layout="constrained")
        axes = figure.subplots()
        _draw_bars(axes, bars, points=unit == "年")
        _dress(axes, bars, unit, title, words)
        figure.savefig(out, format="png", dpi=_DPI)


def _common_unit(rows: Sequence[Target]) -> str:
    """The commonest unit; raises BadRequest if the rows aren't of one dimension."""
    if not 0 < len(rows) <= _MAX_ROWS:
        raise BadRequest(
            f"{len(rows)} rows to draw; a chart holds 1 to {_MAX_ROWS}. "
            "Narrow them by indicator, region or year."
        )
    units = Counter(row.unit for row in rows if row.value and row.unit)
    dimensions = {to_base_unit(unit)[1] for unit in units}
    if len(dimensions) > 1:
        raise BadRequest(
            f"rows in {', '.join(sorted(units))} don't compare; draw rows of one indicator."
        )
    return units.most_common(1)[0][0] if units else ""


def _bar(row: Target, labels: Mapping[str, str], unit: str, *, text: str, draft: bool) -> _Bar:
    factor = to_base_unit(row.unit)[0] / to_base_unit(unit)[0] if row.unit else 1.0
    ends = re.fullmatch(r"([\d.]+)-([\d.]+)", row.value)
    number = parse_number(row.value) or 0.0
    left, right = map(float, ends.groups()) if ends else (min(number, 0.0), max(number, 0.0))
    label = " · ".join(filter(None, (labels.get(row.plan, row.plan), _short(row.scope))))
    return _Bar(label, left * factor, right * factor, text, row.year, draft)


def _value_text(row: Target, words: Mapping[str, str]) -> str:
    """The value as the plan words it: 不低于 is printed as 以上, 力争 before the number."""
    if not row.value:
        return _short(row.note) or words["no_value"]
    value = re.sub(r"(?<=\d)-", "–", row.value) + row.unit
    worded = words.get(row.qualifier, "{}").format(value)
    baseline = words["baseline"].format(row.baseline_year) if row.baseline_year else ""
    return worded + baseline


def _short(text: str) -> str:
    return text if len(text) <= _LABEL_CHARS else text[: _LABEL_CHARS - 1] + "…"


def _draw_bars(axes: Any, bars: Sequence[_Bar], *, points: bool) -> None:  # noqa: ANN401
    colours = _colours(bars)
    for place, bar in enumerate(bars):
        look = {"color": colours[bar.year], "hatch": "////" if bar.draft else ""}
        if points:
            axes.plot(bar.right, place, "o", color=colours[bar.year], markersize=8)
        else:
            axes.barh(
                place, bar.right - bar.left, left=bar.left, height=0.62,
                edgecolor="white", linewidth=0, **look,
            )  # fmt: skip
        end = bar.right if points else max(bar.right, 0.0)
        axes.annotate(
            bar.text, (end, place), xytext=(8, 0), textcoords="offset points", va="center",
            fontsize=9.5, color=_INK, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )  # fmt: skip


def _dress(
    axes: Any,  # noqa: ANN401
    bars: Sequence[_Bar],
    unit: str,
    title: str,
    words: Mapping[str, str],
) -> None:
    years = sorted({bar.year for bar in bars})
    axes.figure.suptitle(title, x=0.012, ha="left", fontsize=14, color=_INK)
    axes.set_yticks(range(len(bars)), [bar.label for bar in bars], fontsize=10, color=_INK)
    axes.set_ylim(len(bars) - 0.4, -0.6)
    one_year = words["year"].format(years[0]) if len(years) == 1 and years[0] else ""
    axes.set_xlabel(" · ".join(filter(None, (unit and words["unit"].format(unit), one_year))))
    low, high = min(bar.left for bar in bars), max(bar.right for bar in bars)
    if unit == "年":
        axes.set_xlim(min(bar.right for bar in bars) - 1, high + 1)
        axes.xaxis.get_major_locator().set_params(integer=True)
    else:
        axes.set_xlim(min(low, 0.0) * _ROOM, max(high, 0.0) * _ROOM or 1.0)
        axes.axvline(0, color=_INK, linewidth=0.8)
        axes.xaxis.set_major_formatter("{x:,g}")
    axes.grid(axis="x", color=_FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, colors=_INK)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    _add_legend(axes, bars, words)


def _add_legend(axes: Any, bars: Sequence[_Bar], words: Mapping[str, str]) -> None:  # noqa: ANN401
    from matplotlib.patches import Patch

    colours = _colours(bars)
    entries = [
        Patch(color=colours[year], label=words["year"].format(year) if year else words["no_year"])
        for year in colours
    ]
    entries = entries if len(entries) > 1 else []
    if any(bar.draft for bar in bars):
        entries.append(Patch(fc="#9aa5ad", ec="white", hatch="////", label=words["draft"]))
    if entries:
        axes.legend(
            handles=entries, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(entries),
            frameon=False, fontsize=9,
        )  # fmt: skip


def _colours(bars: Sequence[_Bar]) -> dict[str, str]:
    years = sorted({bar.year for bar in bars})
    return {year: _COLOURS[min(place, len(_COLOURS) - 1)] for place, year in enumerate(years)}


@cache
def _chinese_font() -> str:
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    found = next((family for family in _FONTS if family in installed), None)
    if found is None:
        raise RagError(
            "no font with Chinese characters is installed, and the chart's labels need one; "
            "install it: `apt-get install fonts-noto-cjk`."
        )
    return found
