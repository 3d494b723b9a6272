"""The documents tab -> HTML: what is indexed, what a search finds in it, how adding went."""

from collections.abc import Sequence
from html import escape

from rag.types import Document, Hit
from rag.web.cards import lay_out, render_kind, render_place, tag
from rag.web.labels import Labels
from rag.web.shelf import MAX_FILES, MAX_UPLOAD_MB, Added, Holding, Refused, stamp_of

MAX_LISTED = 100  # more is for the search to narrow down
_LIMITS = {"megabytes": MAX_UPLOAD_MB, "count": MAX_FILES}


def render_documents_head(labels: Labels) -> str:
    return (
        f'<section class="head"><h1>{escape(labels["documents_title"])}</h1>'
        f"<p>{escape(labels['documents_text'])}</p></section>"
    )


def render_drop_hint(labels: Labels) -> str:
    """The limits, which page.js reads too, and the line that it shows while files are sent."""
    hint = escape(labels["upload_hint"].format(**_LIMITS))
    return (
        f'<p class="hint" data-most="{MAX_FILES}" data-megabytes="{MAX_UPLOAD_MB}">{hint}</p>'
        f'<p class="sending" role="status" hidden>{escape(labels["sending"])}</p>'
    )


def render_progress(doing: str, done: int, total: int, labels: Labels) -> str:
    """A bar that says what is going on; without an end where the total isn't known."""
    said = labels["reading" if doing == "reading" else "indexing"]
    told = escape(said.format(done=min(done + 1, total), total=total))
    known = f' value="{done}" max="{total}"' if total > 1 else ""
    return f'<div class="progress" role="status"><p>{told}</p><progress{known}></progress></div>'


def render_added(added: Added, labels: Labels) -> str:
    documents = added.documents
    told = ""
    if len(documents) == 1:
        told = labels["added_one"].format(title=documents[0].title)
    elif documents:
        told = labels["added"].format(count=len(documents))
    good = _notice("good", told) if told else ""
    return good + "".join(render_refusal(refused, labels) for refused in added.refused)


def render_refusal(refused: Refused, labels: Labels) -> str:
    """Why a file isn't added; why none is, where it has no name."""
    reason = labels[refused.reason].format(**_LIMITS)
    named = labels["not_added"].format(name=refused.name, reason=reason)
    return _notice("bad", named if refused.name else reason)


def render_removed(document: Document, labels: Labels) -> str:
    return _notice("good", labels["removed"].format(title=document.title))


def render_listing(held: Sequence[Holding], labels: Labels, *, editable: bool, total: int) -> str:
    """The table of what fits the search; editable: each with a button that removes it."""
    if not held:
        return f'<p class="empty">{escape(labels["listed_none"])}</p>'
    shown = held[:MAX_LISTED]
    few = len(shown) < total
    count = labels["listed_some" if few else "listed"].format(shown=len(shown), count=total)
    heads = "".join(
        f'<th scope="col" class="{name}">{escape(labels[f"column_{name}"])}</th>'
        for name in ("title", "pages", "chunks", "date")
    )
    last = '<th><span class="unseen"></span></th>' if editable else ""
    rows = "".join(_row(holding, labels, editable) for holding in shown)
    return (
        f'<p class="count">{escape(count)}</p><table class="grid holdings"><thead>'
        f"<tr>{heads}{last}</tr></thead><tbody>{rows}</tbody></table>"
    )


def render_hits(hits: Sequence[Hit], labels: Labels) -> str:
    """The passages that a search found, or nothing."""
    items = "".join(_hit(hit, labels) for hit in hits)
    head = f"<h2>{escape(labels['passages_found'])}</h2>"
    return f'<section class="hits">{head}<ol>{items}</ol></section>' if items else ""


def _hit(hit: Hit, labels: Labels) -> str:
    document, language = hit.chunk.document, tag(hit.chunk.document.language)
    text = lay_out(escape(hit.chunk.text))
    return (
        f'<li class="card"><h4 dir="auto" lang="{language}">{escape(document.title)}</h4>'
        f'<p class="where">{render_place(hit.chunk.section, hit.chunk.pages, labels)}</p>'
        f'<blockquote dir="auto" lang="{language}">{text}</blockquote></li>'
    )


def _row(holding: Holding, labels: Labels, editable: bool) -> str:
    document = holding.document
    pages = str(len(document.pages)) if document.pages else "–"
    remove = f"<td>{_remove(document, labels)}</td>" if editable else ""
    return (
        f'<tr><td class="title"><p dir="auto" lang="{tag(document.language)}">'
        f'{escape(document.title)}</p><p class="kind">{render_kind(document, labels)}</p></td>'
        f'<td class="pages" data-name="{escape(labels["column_pages"])}">{pages}</td>'
        f'<td class="chunks" data-name="{escape(labels["column_chunks"])}">{holding.chunks}</td>'
        f'<td class="date">{escape(holding.day) or "–"}</td>{remove}</tr>'
    )


def _remove(document: Document, labels: Labels) -> str:
    hint = escape(labels["remove_hint"].format(title=document.title))
    return (
        f'<button type="button" class="remove" data-act="remove" '
        f'data-document="{escape(document.id)}" data-stamp="{stamp_of(document)}" '
        f'data-sure="{escape(labels["remove_sure"])}" '
        f'aria-label="{hint}">{escape(labels["remove"])}</button>'
    )


def _notice(kind: str, text: str) -> str:
    role = "alert" if kind == "bad" else "status"
    return f'<p class="told {kind}" role="{role}" dir="auto">{escape(text)}</p>'
