"""Question and Answer -> the HTML of one turn: the answer with its markers, the cards beside it.

All words that come from a person or a document are escaped here; nothing else writes HTML.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from rag.types import Answer, Citation, Document

Labels = Mapping[str, str]

CONTEXT_CHARS = 120  # two or three sentences either side: enough to judge a quote by
_MARKER = re.compile(r"\[(\d+)\]")
_MARKERS = re.compile(r"(?P<before>\S?)(?P<markers>(?:\s*\[\d+\])+)")
_BULLET = re.compile(r"\s*[-*•]\s+")


class Turn(NamedTuple):
    """One question on the page. id: unique there. limits: what the search was narrowed to."""

    id: str
    question: str
    limits: tuple[str, ...] = ()


@cache
def load_labels() -> dict[str, Labels]:
    """The words of the interface, by language: "zh" and "en" hold the same keys."""
    labels: dict[str, Labels] = json.loads(
        Path(__file__).with_name("labels.json").read_text(encoding="utf-8")
    )
    return labels


def choose_labels(accept_language: str) -> Labels:
    """Chinese for a browser whose first language it is, or that names none; else English."""
    first = accept_language.strip().lower()
    return load_labels()["zh" if not first or first.startswith("zh") else "en"]


def render_welcome(labels: Labels) -> str:
    title, text, examples = (
        escape(labels[k]) for k in ("welcome_title", "welcome_text", "examples")
    )
    return (
        f'<section class="welcome"><h1>{title}</h1><p>{text}</p>'
        f'<p class="prompt">{examples}</p></section>'
    )


def render_header(labels: Labels, works: int) -> str:
    holdings = escape(labels["holdings"].format(count=works))
    return (
        '<header class="brand"><span class="name">碳问<small>Tanwen</small></span>'
        f'<span class="tagline">{escape(labels["tagline"])}</span>'
        f'<span class="holdings">{holdings}</span></header>'
    )


def render_note(text: str, *, role: str = "note") -> str:
    """A line of plain text, or nothing; role "alert" is read out at once."""
    return f'<p role="{role}">{escape(text)}</p>' if text else ""


def render_pending(turn: Turn, text: str, *, wait: str, labels: Labels) -> str:
    """A turn under way: `text` so far, its markers not yet links; `wait` says what is going on."""
    body = _paragraphs(text, {}, turn, labels) if text else f'<p class="wait">{escape(wait)}</p>'
    bones = '<div class="bone"></div>' * 2
    aside = f'<p class="wait">{escape(labels["checking"] if text else wait)}</p>{bones}'
    return _turn(turn, f'<div class="answer" aria-busy="true">{body}</div>', aside, labels)


def render_answer(turn: Turn, answer: Answer, labels: Labels) -> str:
    """A finished turn; the ids of its answer and cards are `{turn.id}-answer`, `{turn.id}-1` …"""
    links = {citation.marker: citation for citation in answer.citations}
    verdict = f'<p class="verdict">{escape(labels["refused"])}</p>' if answer.refused else ""
    kind = "answer refused" if answer.refused else "answer"
    body = (
        f'<div class="{kind}" id="{turn.id}-answer" tabindex="-1" aria-live="polite" '
        f'lang="{_lang(answer.language)}">{verdict}'
        f"{_paragraphs(answer.text, links, turn, labels)}{_facts(answer, labels)}</div>"
    )
    name = labels["nearest" if answer.refused else "sources"]
    cards = "".join(_card(turn, citation, labels) for citation in answer.citations)
    head = f"<h3>{escape(name)}<span>{len(answer.citations)}</span></h3>"
    return _turn(turn, body, f"{head}<ol>{cards}</ol>" if cards else "", labels)


def render_failure(turn: Turn, reason: str, labels: Labels) -> str:
    head = f'<p class="verdict">{escape(labels["failed"])}</p>'
    body = f'<div class="answer failed" role="alert">{head}<p>{escape(reason)}</p></div>'
    return _turn(turn, body, "", labels)


def _turn(turn: Turn, body: str, aside: str, labels: Labels) -> str:
    sources = f'<aside class="sources">{aside}</aside>' if aside else ""
    limited = labels["limited"].format(scope=" · ".join(turn.limits))
    scope = f'<p class="limits">{escape(limited)}</p>' if turn.limits else ""
    return (
        f'<article class="turn" id="{turn.id}"><h2 dir="auto">{escape(turn.question)}</h2>'
        f"{scope}{body}{sources}</article>"
    )


def _paragraphs(text: str, links: Mapping[int, Citation], turn: Turn, labels: Labels) -> str:
    """A <p> a line; a line that begins with a bullet becomes an item."""
    html = []
    for line in filter(str.strip, text.splitlines()):
        bullet = _BULLET.match(line)
        words = _link_markers(line[bullet.end() if bullet else 0 :], links, turn, labels)
        html.append(f'<p dir="auto"{" class=item" if bullet else ""}>{words}</p>')
    return "".join(html)


def _link_markers(line: str, links: Mapping[int, Citation], turn: Turn, labels: Labels) -> str:
    """The line with buttons for its markers, each kept on one line with the character before."""
    html, end = "", 0
    for found in _MARKERS.finditer(line):
        numbers = _MARKER.findall(found["markers"])
        buttons = "".join(_marker(int(n), links, turn, labels) for n in numbers)
        html += escape(line[end : found.start()])
        html += f'<span class="kept">{escape(found["before"])}{buttons}</span>'
        end = found.end()
    return html + escape(line[end:])


def _marker(number: int, links: Mapping[int, Citation], turn: Turn, labels: Labels) -> str:
    """A button to its card; a mark alone while there are no cards; else the text it is."""
    if number not in links:
        return f"[{number}]" if links else f'<span class="marker">{number}</span>'
    hint = escape(labels["see_source"].format(marker=number))
    title = escape(links[number].document.title)
    return (
        f'<button type="button" class="marker" data-goto="{turn.id}-{number}" '
        f'aria-label="{hint}" title="{title}">{number}</button>'
    )


def _facts(answer: Answer, labels: Labels) -> str:
    """What can be said about the answer itself: quotes checked, seconds taken."""
    facts = []
    if answer.refused:
        return ""
    if answer.citations:
        facts.append(labels["verified"].format(count=len(answer.citations)))
    if "total" in answer.timings_s:
        facts.append(labels["seconds"].format(seconds=f"{answer.timings_s['total']:.2f}"))
    return f'<p class="facts">{escape(" · ".join(facts))}</p>' if facts else ""


def _card(turn: Turn, citation: Citation, labels: Labels) -> str:
    document, language = citation.document, _lang(citation.document.language)
    path = '<span class="step">›</span>'.join(map(escape, citation.section))
    pages = f'<span class="pages">{escape(_pages(citation.pages, labels))}</span>'
    where = '<span class="step">·</span>'.join(part for part in (path, pages) if part)
    return (
        f'<li class="card" id="{turn.id}-{citation.marker}" tabindex="-1">'
        f'<button type="button" class="number" data-goto="{turn.id}-answer" '
        f'aria-label="{escape(labels["back"])}">{citation.marker}</button>'
        f'<h4 dir="auto" lang="{language}">{escape(document.title)}</h4>'
        f'<p class="kind">{_kind(document, labels)}</p>'
        f'<p class="where" lang="{language}">{where}</p>'
        f"{_passage(citation)}{_link(document, labels)}</li>"
    )


def _kind(document: Document, labels: Labels) -> str:
    """Region, then badges for what is known: its status, and whether it is a summary."""
    region = f"<span>{escape(document.region)}</span>" if document.region else ""
    status = document.status if document.status in ("final", "draft") else ""
    badges = [name for name in (status, "brief" if document.kind == "brief" else "") if name]
    return region + "".join(
        f'<span class="badge {name}">{escape(labels[name])}</span>' for name in badges
    )


def _passage(citation: Citation) -> str:
    """The quote marked within its surroundings, cut from the document's own text."""
    text, start, end = citation.document.text, citation.start, citation.end
    first, last = max(0, start - CONTEXT_CHARS), min(len(text), end + CONTEXT_CHARS)
    before, quote, after = (
        escape(re.sub(r"\s*\n\s*", "\n", part))
        for part in (text[first:start], text[start:end], text[end:last])
    )
    return (
        f'<blockquote dir="auto" lang="{_lang(citation.document.language)}">'
        f"{'…' if first else ''}{before}<mark>{quote}</mark>{after}"
        f"{'…' if last < len(text) else ''}</blockquote>"
    )


def _link(document: Document, labels: Labels) -> str:
    """To the official source; only for a web address, so never a script."""
    parts = urlsplit(document.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    return (
        f'<a class="official" href="{escape(document.url)}" target="_blank" '
        f'rel="noopener noreferrer">{escape(labels["official"])}'
        f"<small>{escape(parts.hostname)}</small></a>"
    )


def _pages(pages: tuple[int, ...], labels: Labels) -> str:
    """`12`, `12–13` for a run, `12, 15` for others."""
    if not pages:
        return ""
    run = len(pages) > 1 and pages[-1] - pages[0] == len(pages) - 1
    shown = f"{pages[0]}–{pages[-1]}" if run else ", ".join(map(str, pages))
    return labels["page" if len(pages) == 1 else "pages"].format(pages=shown)


def _lang(language: str) -> str:
    """A tag for the browser: which Chinese glyphs to draw depends on it."""
    return "zh-CN" if language in ("zh", "") else escape(language)
