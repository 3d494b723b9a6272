"""A conversation -> Markdown with its citations."""

import re
from collections.abc import Sequence

from rag.types import Citation
from rag.web.cards import say_pages
from rag.web.labels import Labels
from rag.web.talk import Turn

_MARKER = re.compile(r"\[(\d+)\]")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&])")


def to_markdown(turns: Sequence[Turn], labels: Labels, *, time: str) -> str:
    """A heading a question, the answer, and its sources as a numbered list with quotes.

    What comes from a person or a document is escaped, so that none of it becomes markup.
    """
    parts = [f"# {labels['conversation']}", labels["exported"].format(time=time)]
    for turn in turns:
        parts += ["## " + _plain(turn.question), *_answer(turn, labels)]
    return "\n\n".join([*parts, f"*{labels['disclaimer']}*"]) + "\n"


def _answer(turn: Turn, labels: Labels) -> list[str]:
    if turn.answer is None:
        said = labels[turn.fault].format(reason=_plain(turn.detail)) if turn.fault else ""
        return [part for part in (_lines(turn.text), f"*{said}*" if said else "") if part]
    verdict = [f"**{labels['refused']}**"] if turn.answer.refused else []
    head = [f"**{labels['nearest' if turn.answer.refused else 'sources']}**"]
    sources = "\n".join(_source(citation, labels) for citation in turn.answer.citations)
    return [*verdict, _lines(turn.answer.text), *([*head, sources] if sources else [])]


def _lines(text: str) -> str:
    """Paragraphs, with the markers as they are."""
    kept = (_MARKER.split(line) for line in text.splitlines() if line.strip())
    return "\n\n".join(
        "".join(f"[{part}]" if odd % 2 else _plain(part) for odd, part in enumerate(line))
        for line in kept
    )


def _source(citation: Citation, labels: Labels) -> str:
    document = citation.document
    status = document.status if document.status in ("final", "draft") else ""
    about = [
        _plain(document.title),
        _plain(document.region),
        labels[status] if status else "",
        labels["brief"] if document.kind == "brief" else "",
        _plain(" › ".join(citation.section)),
        say_pages(citation.pages, labels),
        f"<{document.url}>" if re.fullmatch(r"https?://[^\s<>]+", document.url) else "",
    ]
    quote = _plain(" ".join(citation.quote.split()))
    return f"{citation.marker}. {' · '.join(filter(None, about))}\n   > {quote}"


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
