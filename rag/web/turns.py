"""A turn of the conversation -> HTML: the question, the answer with its markers, the cards."""

import re
from collections.abc import Mapping
from html import escape

from rag.types import LEVELS, STATUSES, Answer, Citation
from rag.web.cards import render_card, tag
from rag.web.labels import Labels
from rag.web.talk import Turn

_MARKER = re.compile(r"\[(\d+)\]")
_MARKERS = re.compile(r"(?P<before>\S?)(?P<markers>(?:\s*\[\d+\])+)")
_BULLET = re.compile(r"\s*[-*•]\s+")
_NAMED = (*LEVELS, *STATUSES)
_OPEN_CARDS = 2  # of more, all but the first are closed, so that they can be looked over


def render_welcome(labels: Labels) -> str:
    title, text, examples = (
        escape(labels[k]) for k in ("welcome_title", "welcome_text", "examples")
    )
    return (
        f'<section class="welcome"><h1>{title}</h1><p>{text}</p>'
        f'<p class="prompt">{examples}</p></section>'
    )


def render_header(labels: Labels) -> str:
    return (
        '<header class="brand"><span class="name">碳问<small>Tanwen</small></span>'
        f'<span class="tagline">{escape(labels["tagline"])}</span></header>'
    )


def render_tools(labels: Labels) -> str:
    """Export, and the switch to the other language."""
    buttons = (
        f'<button type="button" class="tool {name}" data-act="{name}" '
        f'title="{escape(labels[f"{name}_hint"])}" aria-label="{escape(labels[f"{name}_hint"])}">'
        f"<span>{escape(labels[name])}</span></button>"
        for name in ("export", "language")
    )
    return f'<div class="tools">{"".join(buttons)}</div>'


def render_note(text: str, *, role: str = "note") -> str:
    """A line of plain text, or nothing; role "alert" is read out at once."""
    return f'<p role="{role}">{escape(text)}</p>' if text else ""


def render_turn(turn: Turn, labels: Labels, *, works: int) -> str:
    """The ids of a turn's answer and cards are `{turn.id}-answer`, `{turn.id}-1` …"""
    if turn.answer:
        return _answered(turn, turn.answer, labels)
    if turn.fault == "stopped":
        return _stopped(turn, labels)
    return _failed(turn, labels) if turn.fault else _pending(turn, labels, works)


def _pending(turn: Turn, labels: Labels, works: int) -> str:
    """The text so far, its markers not yet links."""
    wait = labels["searching"].format(count=works)
    text = _paragraphs(turn.text, {}, turn, labels)
    body = text or f'<p class="wait">{escape(wait)}</p>'
    bones = '<div class="bone"></div>' * 2
    aside = f'<p class="wait">{escape(labels["checking"] if text else wait)}</p>{bones}'
    return _article(turn, f'<div class="answer" aria-busy="true">{body}</div>', aside, labels)


def _answered(turn: Turn, answer: Answer, labels: Labels) -> str:
    links = {citation.marker: citation for citation in answer.citations}
    verdict = f'<p class="verdict">{escape(labels["refused"])}</p>' if answer.refused else ""
    kind = "answer refused" if answer.refused else "answer"
    body = (
        f'<div class="{kind}" id="{turn.id}-answer" tabindex="-1" aria-live="polite" '
        f'lang="{tag(answer.language)}">{verdict}'
        f'<div class="said">{_paragraphs(answer.text, links, turn, labels)}</div>'
        f"{_facts(answer, labels)}</div>{_actions(turn, labels)}"
    )
    name = labels["nearest" if answer.refused else "sources"]
    few = len(links) <= _OPEN_CARDS
    cards = "".join(
        render_card(citation, labels, turn=turn.id, opened=few or place == 0)
        for place, citation in enumerate(answer.citations)
    )
    head = f"<h3>{escape(name)}<span>{len(answer.citations)}</span></h3>"
    return _article(turn, body, f"{head}<ol>{cards}</ol>" if cards else "", labels)


def _stopped(turn: Turn, labels: Labels) -> str:
    note = f'<p class="verdict">{escape(labels["stopped"])}</p>'
    hint = f'<p class="facts">{escape(labels["stopped_hint"])}</p>' if turn.text else ""
    body = (
        f'<div class="answer failed">{note}{_paragraphs(turn.text, {}, turn, labels)}{hint}</div>'
    )
    return _article(turn, body + _again(turn, labels), "", labels)


def _failed(turn: Turn, labels: Labels) -> str:
    head = f'<p class="verdict">{escape(labels["failed"])}</p>'
    reason = escape(labels[turn.fault].format(reason=turn.detail))
    body = f'<div class="answer failed" role="alert">{head}<p>{reason}</p></div>'
    return _article(turn, body + _again(turn, labels), "", labels)


def _article(turn: Turn, body: str, aside: str, labels: Labels) -> str:
    sources = f'<aside class="sources">{aside}</aside>' if aside else ""
    named = " · ".join(labels[limit] if limit in _NAMED else limit for limit in turn.limits)
    scope = _line("limits", labels["limited"].format(scope=named)) if named else ""
    resolved = turn.answer.resolved if turn.answer else ""
    told = bool(resolved) and resolved != turn.question
    meant = _line("limits", labels["resolved"].format(question=resolved)) if told else ""
    return (
        f'<article class="turn" id="{turn.id}"><h2 dir="auto">{escape(turn.question)}</h2>'
        f"{scope}{meant}{body}{sources}</article>"
    )


def _line(kind: str, text: str) -> str:
    return f'<p class="{kind}" dir="auto">{escape(text)}</p>'


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
    return (
        f'<button type="button" class="marker" data-goto="{turn.id}-{number}" '
        f'aria-label="{hint}">{number}</button>'
    )


def _facts(answer: Answer, labels: Labels) -> str:
    """What can be said about the answer itself: quotes checked, statements left out, seconds."""
    facts = []
    if answer.citations and not answer.refused:
        facts.append(escape(labels["verified"].format(count=len(answer.citations))))
    if answer.left_out:
        name = "left_out_one" if answer.left_out == 1 else "left_out"
        told = labels[name].format(count=answer.left_out)
        facts.append(f'<span class="left-out">{escape(told)}</span>')
    if "total" in answer.timings_s and not answer.refused:
        seconds = labels["seconds"].format(seconds=f"{answer.timings_s['total']:.2f}")
        facts.append(escape(seconds))
    return f'<p class="facts">{" · ".join(facts)}</p>' if facts else ""


def _actions(turn: Turn, labels: Labels) -> str:
    """Copy, answer again, thumbs, and the comment that may go with a vote."""
    votes = "".join(
        _button(name, labels, turn, pressed=turn.vote == name) for name in ("up", "down")
    )
    comment = escape(labels["comment"])
    return (
        f'<div class="actions">{_button("copy", labels, turn, done=labels["copied"])}'
        f"{_button('again', labels, turn)}{votes}"
        f'<form class="comment" data-turn="{turn.id}" hidden>'
        f'<input type="text" maxlength="500" aria-label="{comment}" placeholder="{comment}">'
        f'<button type="submit">{escape(labels["send"])}</button></form>'
        f'<span class="thanks" role="status" hidden>{escape(labels["thanks"])}</span></div>'
    )


def _again(turn: Turn, labels: Labels) -> str:
    return f'<div class="actions">{_button("again", labels, turn)}</div>'


def _button(name: str, labels: Labels, turn: Turn, *, pressed: bool = False, done: str = "") -> str:
    state = f' aria-pressed="{str(pressed).lower()}"' if name in ("up", "down") else ""
    said = f' data-done="{escape(done)}"' if done else ""
    hint = escape(labels[name])
    return (
        f'<button type="button" class="act {name}" data-act="{name}" data-turn="{turn.id}"'
        f'{state}{said} title="{hint}" aria-label="{hint}"></button>'
    )
