"""The compare tab: indicator, years and regions -> bars, a table with citations, CSV and PNG."""

import logging
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.errors import BadRequest, RagError
from rag.logs import log_fault
from rag.places import region_in
from rag.rendering import csv_text
from rag.types import Document
from rag.web.bars import render_comparison
from rag.web.chat import QUIET
from rag.web.comparison import (
    Comparison,
    compare,
    offer_indicators,
    offer_limits,
    table_rows,
    usual_years,
)
from rag.web.labels import Labels, Words, load_labels
from rag.web.parcel import DELIVER, bytes_parcel, text_parcel
from rag.web.shelf import Shelf
from rag.web.talk import Talk

if TYPE_CHECKING:
    import gradio as gr

    Update = dict[Any, Any]

_TITLE_CHARS = 20  # of a plan's title beside its bar in the picture
_log = logging.getLogger(__name__)


class Compare(NamedTuple):
    """The pieces of the tab that events change or read."""

    indicator: "gr.Dropdown"
    years: "gr.Dropdown"
    regions: "gr.Dropdown"
    shown: "gr.HTML"
    csv: "gr.Button"
    png: "gr.Button"


def build_compare(words: Words) -> Compare:
    """The tab's components; their choices come when the tab is opened."""
    import gradio as gr

    words.make(gr.HTML, {"value": "compare_head"}, apply_default_css=False)
    with gr.Row(elem_id="choose"):
        indicator = words.make(
            gr.Dropdown, {"label": "indicator"}, choices=[], elem_id="indicator", scale=2
        )
        years, regions = (
            words.make(
                gr.Dropdown, {"label": name}, choices=[], multiselect=True, elem_id=name, scale=1
            )
            for name in ("years", "regions")
        )
    shown = gr.HTML(elem_id="compared", apply_default_css=False)
    with gr.Row(elem_id="downloads"):
        csv, png = (
            words.make(gr.Button, {"value": f"draw_{kind}"}, elem_id=kind, size="sm", scale=0)
            for kind in ("csv", "png")
        )
    return Compare(indicator, years, regions, shown, csv, png)


def connect_compare(
    shelf: Shelf, parts: Compare, *, talk: "gr.State", parcel: "gr.JSON", tab: "gr.Tab"
) -> None:
    """Say what happens when the tab opens, a choice changes and a download is asked for."""
    import gradio as gr

    given = [parts.indicator, parts.years, parts.regions]

    def opened(held: Talk, indicator: str | None, years: Any, regions: Any) -> "Update":  # noqa: ANN401
        chosen = offer_compare(shelf, parts, held, indicator or "")
        first = indicator or _first(shelf)
        years = years if indicator else usual_years(shelf.assistant, first)
        return chosen | _draw(shelf, parts, held, (first, years, regions))

    def chose(held: Talk, indicator: str | None) -> "Update":
        years = usual_years(shelf.assistant, indicator or "")
        limits = _limits(shelf, parts, indicator or "", years)
        return limits | _draw(shelf, parts, held, (indicator or "", years, []))

    def narrowed(held: Talk, *chosen: Any) -> "Update":  # noqa: ANN401
        return _draw(shelf, parts, held, chosen)

    def save_csv(held: Talk, *chosen: Any) -> dict[str, str]:  # noqa: ANN401
        rows = table_rows(_compared(shelf, held, chosen))
        return text_parcel("targets.csv", csv_text(rows) + "\n")

    def save_png(held: Talk, *chosen: Any) -> "dict[str, str] | None":  # noqa: ANN401
        return draw_picture(shelf, _compared(shelf, held, chosen), held)

    outputs = [*given, parts.shown]
    tab.select(opened, [talk, *given], outputs, **QUIET)
    # "always_last", or Gradio drops a choice made while the one before is drawn.
    last: dict[str, Any] = {"trigger_mode": "always_last", **QUIET}
    parts.indicator.input(chose, [talk, parts.indicator], outputs, **last)
    limits = [parts.years.input, parts.regions.input]
    gr.on(limits, narrowed, [talk, *given], parts.shown, **last)
    for button, save in ((parts.csv, save_csv), (parts.png, save_png)):
        saved = button.click(save, [talk, *given], parcel, **QUIET)
        saved.then(None, parcel, None, js=DELIVER, **QUIET)


def offer_compare(shelf: Shelf, parts: Compare, held: Talk, indicator: str) -> "Update":
    """The choices of the lists as the documents stand; the first indicator where none is chosen."""
    import gradio as gr

    offers = offer_indicators(shelf.assistant)
    choices = [(_name(held, o.name, o.english), o.name) for o in offers]
    first = indicator or _first(shelf)
    years = usual_years(shelf.assistant, first) if not indicator else None
    listed = {parts.indicator: gr.update(choices=choices, value=first or None)}
    return listed | _limits(shelf, parts, first, years)


def draw_again(shelf: Shelf, parts: Compare, held: Talk, chosen: tuple[Any, ...]) -> "Update":
    """What is shown, in the language of the conversation."""
    return offer_compare(shelf, parts, held, chosen[0]) | _draw(shelf, parts, held, chosen)


def _limits(shelf: Shelf, parts: Compare, indicator: str, years: list[str] | None) -> "Update":
    """Choices of years and regions; values too where a new indicator was chosen."""
    import gradio as gr

    of_years, of_regions = offer_limits(shelf.assistant, indicator)
    if years is None:
        return {
            parts.years: gr.update(choices=of_years),
            parts.regions: gr.update(choices=of_regions),
        }
    return {
        parts.years: gr.update(choices=of_years, value=years),
        parts.regions: gr.update(choices=of_regions, value=[]),
    }


def _draw(shelf: Shelf, parts: Compare, held: Talk, chosen: tuple[Any, ...]) -> "Update":
    compared = _compared(shelf, held, chosen)
    english = next((row.target.indicator_en for row in compared.rows), "")
    name = _name(held, compared.indicator, english)
    labels = load_labels()[held.language]
    return {parts.shown: render_comparison(compared, labels, name=name)}


def _compared(shelf: Shelf, held: Talk, chosen: tuple[Any, ...]) -> Comparison:
    indicator, years, regions = chosen
    return compare(
        shelf.assistant,
        indicator or "",
        years=years or (),
        regions=regions or (),
        language=held.language,
    )


def draw_picture(shelf: Shelf, compared: Comparison, held: Talk) -> dict[str, str] | None:
    """The chart as PNG; None, with a word to the visitor, where it can't be drawn."""
    import gradio as gr

    from rag.charts import draw_targets  # loads matplotlib

    labels = load_labels()[held.language]
    documents = {bar.row.target.plan: bar.row.document for bar in compared.bars}
    regions = Counter(document.region for document in documents.values())
    names = {
        plan: _name_plan(document, labels, alone=regions[document.region] == 1)
        for plan, document in documents.items()
    }
    english = next((bar.row.target.indicator_en for bar in compared.bars), "")
    drafts = [plan for plan, document in documents.items() if document.status == "draft"]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "targets.png"
        try:
            rows = [bar.row.target for bar in compared.bars]
            draw_targets(
                rows,
                names,
                out=out,
                title=_name(held, compared.indicator, english),
                drafts=drafts,
                language=held.language,
            )
        except BadRequest:
            gr.Warning(labels["compare_none"])
            return None
        except RagError as error:
            log_fault(_log, "no picture of targets", error)
            gr.Warning(labels["compare_undrawn"])
            return None
        return bytes_parcel("targets.png", out.read_bytes())


def _name_plan(document: Document, labels: Labels, *, alone: bool) -> str:
    """A plan by its region; with its title where the region has others."""
    region = region_in(labels["code"], document.region)
    title = document.title if not (alone and region) else ""
    cut = f"{title[: _TITLE_CHARS - 1]}…" if len(title) > _TITLE_CHARS else title
    return " · ".join(filter(None, (region, cut)))


def _first(shelf: Shelf) -> str:
    offers = offer_indicators(shelf.assistant)
    return offers[0].name if offers else ""


def _name(held: Talk, name: str, english: str) -> str:
    return english if held.language == "en" and english else name
