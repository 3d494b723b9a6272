"""Citations and documents -> HTML: a source's card, its passage with the quote marked, its badges.

All words that come from a person or a document are escaped where HTML is written, here and in
`turns`, `bars` and `listing`; nothing else writes HTML.
"""

import re
from html import escape
from urllib.parse import urlsplit

from rag.places import region_in
from rag.types import STATUSES, Citation, Document
from rag.web.labels import Labels

CONTEXT_CHARS = 160  # three or four sentences either side: enough to judge a quote by
_STEP, _DOT = '<span class="step">›</span>', '<span class="step">·</span>'


def render_card(citation: Citation, labels: Labels, *, turn: str, opened: bool) -> str:
    """The card `{turn}-{marker}`; one that isn't opened shows its quote alone."""
    document = citation.document
    language = tag(document.language)
    glimpse = lay_out(escape(citation.quote))
    return (
        f'<li class="card" id="{turn}-{citation.marker}" tabindex="-1">'
        f'<button type="button" class="number" data-goto="{turn}-answer" '
        f'aria-label="{escape(labels["back"])}">{citation.marker}</button>'
        f'<h4 dir="auto" lang="{language}">{escape(document.title)}</h4>'
        f'<p class="kind">{render_kind(document, labels)}</p>'
        f'<p class="where" lang="{language}">'
        f"{render_place(citation.section, citation.pages, labels)}</p>"
        f'<details class="words"{" open" if opened else ""}>'
        f'<summary><q class="glimpse" dir="auto" lang="{language}">{glimpse}</q>'
        f'<span class="more">{escape(labels["open"])}</span></summary>'
        f"{render_passage(document, citation.start, citation.end)}</details>"
        f"{render_link(document, labels)}</li>"
    )


def render_kind(document: Document, labels: Labels, *, region: bool = True) -> str:
    """Region, then badges for what is known: its status, and whether it is a summary."""
    named = escape(region_in(labels["code"], document.region)) if region else ""
    place = f"<span>{named}</span>" if named else ""
    status = document.status if document.status in STATUSES else ""
    badges = [name for name in (status, "brief" if document.kind == "brief" else "") if name]
    return place + "".join(
        f'<span class="badge {name}">{escape(labels[name])}</span>' for name in badges
    )


def render_place(section: tuple[str, ...], pages: tuple[int, ...], labels: Labels) -> str:
    path = _STEP.join(map(escape, section))
    printed = escape(say_pages(pages, labels))
    return _DOT.join(filter(None, (path, printed and f'<span class="pages">{printed}</span>')))


def render_passage(document: Document, start: int, end: int) -> str:
    """The quote marked within its surroundings, cut from the document's own text."""
    text = document.text
    first, last = max(0, start - CONTEXT_CHARS), min(len(text), end + CONTEXT_CHARS)
    before, quote, after = (
        escape(re.sub(r"\s*\n\s*", "\n", part))
        for part in (text[first:start], text[start:end], text[end:last])
    )
    shown = (
        f"{'…' if first else ''}{before}<mark>{quote}</mark>{after}"
        f"{'…' if last < len(text) else ''}"
    )
    return f'<blockquote dir="auto" lang="{tag(document.language)}">{lay_out(shown)}</blockquote>'


def lay_out(html: str) -> str:
    """Escaped words with Markdown's headings in bold and its items with a dot.

    A heading that the quote reaches into only loses its signs.
    """
    html = re.sub(r"(?m)^(…?)#{1,6} +([^<\n]+)$", r"\1<b>\2</b>", html)
    html = re.sub(r"(?m)^((?:…|<mark>)*)#{1,6} +", r"\1", html)
    return re.sub(r"(?m)^((?:…|<mark>)*)[-*] +", r"\1• ", html)


def render_link(document: Document, labels: Labels) -> str:
    """To the official source; only for a web address, so never a script."""
    try:
        parts = urlsplit(document.url)
        host = parts.hostname
    except ValueError:  # brackets that hold no address
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    return (
        f'<a class="official" href="{escape(document.url)}" target="_blank" '
        f'rel="noopener noreferrer">{escape(labels["official"])}<small>{escape(host)}</small></a>'
    )


def say_pages(pages: tuple[int, ...], labels: Labels) -> str:
    """`12`, `12–13` for a run, `12, 15` for others."""
    if not pages:
        return ""
    run = len(pages) > 1 and pages[-1] - pages[0] == len(pages) - 1
    shown = f"{pages[0]}–{pages[-1]}" if run else ", ".join(map(str, pages))
    return labels["page" if len(pages) == 1 else "pages"].format(pages=shown)


def tag(language: str) -> str:
    """A tag for the browser: which Chinese glyphs to draw depends on it."""
    return "zh-CN" if language in ("zh", "") else escape(language)
