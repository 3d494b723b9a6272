"""A comparison of targets -> HTML: bars, and a table with the words that each row rests on."""

import re
from collections import Counter
from html import escape

from rag.places import region_in
from rag.types import Target
from rag.web.cards import render_kind, render_link, render_passage, say_pages, tag
from rag.web.comparison import Bar, Comparison, Row
from rag.web.labels import Labels

_QUALIFIERS = {
    "以上": "above", "以下": "below", "左右": "around", "力争": "strive", "降至": "down_to",
}  # fmt: skip
_COLOURS = 5  # told apart by the style sheet; a sixth year looks as the fifth


def render_compare_head(labels: Labels) -> str:
    return (
        f'<section class="head"><h1>{escape(labels["compare_title"])}</h1>'
        f"<p>{escape(labels['compare_text'])}</p></section>"
    )


def render_comparison(comparison: Comparison, labels: Labels, *, name: str) -> str:
    """name: the indicator in the reader's language."""
    if not comparison.rows:
        empty = "compare_none" if comparison.indicator else "compare_empty"
        return f'<p class="empty">{escape(labels[empty])}</p>'
    return _chart(comparison, labels, name) + _table(comparison, labels)


def _chart(comparison: Comparison, labels: Labels, name: str) -> str:
    years = sorted({bar.row.target.year for bar in comparison.bars})
    colours = {year: min(place, _COLOURS - 1) for place, year in enumerate(years)}
    notes = [labels["compare_count"].format(count=len(comparison.rows))]
    if comparison.unit:
        notes.append(labels["compare_unit"].format(unit=comparison.unit))
    apart = sum(1 for row in comparison.rows if row.target.value) - len(comparison.bars)
    if apart > 0:
        notes.append(labels["compare_apart"].format(count=apart))
    if comparison.left:
        notes.append(labels["compare_left"].format(count=comparison.left))
    alike = Counter(_stands_for(bar.row) for bar in comparison.bars)
    bars = "".join(
        _bar(bar, labels, colours[bar.row.target.year], alone=alike[_stands_for(bar.row)] == 1)
        for bar in comparison.bars
    )
    return (
        f'<figure class="chart"><figcaption><h2 dir="auto">{escape(name)}</h2>'
        f"<p>{escape(' · '.join(notes))}</p>{_legend(comparison, colours, labels)}</figcaption>"
        f'<ol class="bars">{bars}</ol></figure>'
    )


def _stands_for(row: Row) -> tuple[str, str, str]:
    return row.document.region, row.target.year, row.target.scope


def _bar(bar: Bar, labels: Labels, colour: int, *, alone: bool) -> str:
    """alone: no other bar is of this region, year and scope; else the plan's title tells it."""
    row = bar.row
    draft = " draft" if row.document.status == "draft" else ""
    title = escape(row.document.title)
    of = _of(row, labels) + ("" if alone else f'<small title="{title}">{title}</small>')
    place = f"--from:{bar.start:.4f};--to:{bar.end:.4f}"
    return (
        f'<li class="year-{colour}{draft}" style="{place}"><span class="of">{of}</span>'
        f'<span class="track"><i></i><b>{escape(_figure(row.target, labels))}</b></span>'
        f'<button type="button" class="marker" data-goto="row-{bar.number}" '
        f'aria-label="{escape(labels["see_source"].format(marker=bar.number))}">{bar.number}'
        "</button></li>"
    )


def _legend(comparison: Comparison, colours: dict[str, int], labels: Labels) -> str:
    keys = [
        f'<span class="key year-{colour}">{escape(year or labels["no_year"])}</span>'
        for year, colour in colours.items()
    ]
    keys = keys if len(keys) > 1 else []
    if any(bar.row.document.status == "draft" for bar in comparison.bars):
        keys.append(f'<span class="key draft">{escape(labels["draft"])}</span>')
    return f'<p class="legend">{"".join(keys)}</p>' if keys else ""


def _table(comparison: Comparison, labels: Labels) -> str:
    names = ("region", "year", "value", "source")
    heads = "".join(f'<th scope="col">{escape(labels[f"column_{name}"])}</th>' for name in names)
    rows = "".join(_table_row(n, row, labels) for n, row in enumerate(comparison.rows, 1))
    return (
        f'<table class="grid targets"><thead><tr><th scope="col">#</th>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _table_row(number: int, row: Row, labels: Labels) -> str:
    year = row.target.year or labels["no_year"]
    return (
        f'<tr id="row-{number}" tabindex="-1"><td><span class="marker">{number}</span></td>'
        f"<td>{_of(row, labels)}</td><td>{escape(year)}</td>"
        f'<td class="figure">{escape(_figure(row.target, labels))}</td>'
        f'<td class="source">{_source(row, labels)}</td></tr>'
    )


def _source(row: Row, labels: Labels) -> str:
    document = row.document
    page = escape(say_pages((row.target.page,) if row.target.page else (), labels))
    words = ""
    if row.evidence:
        passage = render_passage(document, row.evidence.start, row.evidence.end)
        more = escape(labels["quote"])
        words = (
            f'<details class="words"><summary><span class="more">{more}</span></summary>'
            f"{passage}</details>"
        )
    return (
        f'<p class="title" dir="auto" lang="{tag(document.language)}">{escape(document.title)}</p>'
        f'<p class="kind"><span class="pages">{page}</span>'
        f"{render_kind(document, labels, region=False)}{render_link(document, labels)}</p>{words}"
    )


def _of(row: Row, labels: Labels) -> str:
    region = escape(region_in(labels["code"], row.document.region) or row.document.title)
    scope = f"<small>{escape(row.target.scope)}</small>" if row.target.scope else ""
    return region + scope


def _figure(target: Target, labels: Labels) -> str:
    """The value as the plan words it, with what it is compared with."""
    if not target.value:
        return target.note or labels["no_value"]
    value = re.sub(r"(?<=\d)-", "–", target.value) + target.unit
    wording = _QUALIFIERS.get(target.qualifier)
    worded = labels[wording].format(value=value) if wording else value
    baseline = labels["baseline"].format(year=target.baseline_year) if target.baseline_year else ""
    return f"{worded}{baseline}"
