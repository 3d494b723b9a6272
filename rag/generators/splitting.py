"""Text that a language model writes, piece by piece -> claims with their markers, as they end.

A claim is a sentence, or a line of a list. It is given out once the next one has begun, so that
markers after its full stop are still its own. Markers come in many forms: [1], [1][2], [1, 2],
[1-3], full-width ones; what points to no passage is dropped.
"""

import re
from collections.abc import Generator, Iterator

from rag.types import Claim, ClaimPart
from rag.words import Span, normalize, split_sentences

REFUSAL = "NO_ANSWER"  # what the prompt asks for if the passages don't answer
_NUMBERS = r"\d{1,3}(?:\s*[,，、;\-–~]\s*\d{1,3})*"
_MARKER = re.compile(
    rf"\s*[\[【［]\s*(?:passage\s*|来源\s*|段落\s*)?({_NUMBERS})\s*[\]】］]", re.IGNORECASE
)
_LINK = re.compile(r"!?\[([^\]\d][^\]\n]*)\]\([^)\n]*\)")
_OPEN = re.compile(  # a marker or a link that is still being written
    r"!?[\[【［][^\]】］\n]{0,200}$|!?\[[^\]\d\n][^\]\n]*\](?:\([^)\n]*)?$"
)
_AFTER_STOP = re.compile(rf"([。.!?！？]+[”’」』)）\"]*)((?:{_MARKER.pattern})+)", re.IGNORECASE)
_ONE = re.compile(r"(\d{1,3})(?:\s*[\-–~]\s*(\d{1,3}))?")
_THOUGHT = re.compile(r"<think>.*?(?:</think>\s*|\Z)", re.DOTALL)
_THOUGHT_TAGS = ("<think>", "</think>")
_MARKUP = re.compile(r"\*\*|__|`+|<[/a-zA-Z!][^>\n]*>")
_BULLET = re.compile(r"^(?:[-*+•]\s+|\d{1,2}[.、)]\s*(?=\D))")
_LONGEST_RANGE = 20

Text = Generator[str, None, bool]  # pieces of text; returns whether the text was cut off


def split_claims(pieces: Text, passages: int) -> Iterator[Claim]:
    """The claims of a text as they become whole; none after the phrase that refuses.

    passages: how many were given; markers 1 to `passages` count, others go.
    """
    written, given = "", 0
    while True:
        try:
            written += next(pieces)
        except StopIteration as end:
            cut = bool(end.value)
            break
        claims = _claims(_readable(written), passages)[:-1]
        if _is_refusal(claims[given:]):
            return
        yield from claims[given:]
        given = max(given, len(claims))
    last = _claims(_readable(written), passages)[given:]
    for claim in last:
        if _is_refusal([claim]):
            return
        is_cut = cut and claim is last[-1] and not written.rstrip().endswith(tuple("。.!?！？]】"))
        yield Claim(claim.text, claim.parts, claim.gap, is_cut)


def _readable(written: str) -> str:
    """Without thoughts and links' addresses, and without what is still being written."""
    text = _THOUGHT.sub("", written)
    for tag in _THOUGHT_TAGS:
        text = text.replace(tag, "")
    return _OPEN.sub("", _LINK.sub(r"\1", text))


def _claims(text: str, passages: int) -> list[Claim]:
    """All claims of a text; the last one may not be whole yet."""
    text = _AFTER_STOP.sub(lambda match: match[2] + match[1], text)
    claims: list[Claim] = []
    end = 0
    for span in _lines_and_sentences(text):
        gap = _gap(text[end : span.start], text[span.start : span.end])
        claim = _claim(text[span.start : span.end], gap, passages)
        end = span.end
        if claim:
            claims.append(claim)
    return claims


def _lines_and_sentences(text: str) -> Iterator[Span]:
    """Sentences; what ends in 1. alone at the start of a line is a list's number, no sentence."""
    spans = list(split_sentences(text))
    for i, span in enumerate(spans):
        alone = re.fullmatch(r"\d{1,2}[.、)]", text[span.start : span.end])
        if alone and i + 1 < len(spans):
            spans[i + 1] = Span(span.start, spans[i + 1].end)
        else:
            yield spans[i]


def _gap(between: str, following: str) -> str:
    if "\n" in between:
        return "\n\n" if "\n\n" in between else "\n"
    return " " if between or following[:1].isascii() else ""


def _claim(text: str, gap: str, passages: int) -> Claim | None:
    """None for a run of markers and marks alone."""
    parts: list[ClaimPart] = []
    at = 0
    for marker in _MARKER.finditer(text):
        run = _plain(text[at : marker.start()])
        numbers = tuple(n - 1 for n in _numbers(marker[1]) if 1 <= n <= passages)
        if run or not parts:
            parts.append(ClaimPart(run, numbers))
        else:  # one marker right after another
            together = dict.fromkeys((*parts[-1].passages, *numbers))
            parts[-1] = ClaimPart(parts[-1].text, tuple(together))
        at = marker.end()
    tail = _plain(text[at:])
    if tail:
        parts.append(ClaimPart(tail, ()))
    whole = _plain(_MARKER.sub("", text))
    return Claim(whole, tuple(parts), gap) if re.search(r"\w", whole) else None


def _numbers(listed: str) -> Iterator[int]:
    for match in _ONE.finditer(normalize(listed)):
        first = int(match[1])
        last = int(match[2]) if match[2] else first
        yield from range(first, min(last, first + _LONGEST_RANGE) + 1)


def _plain(text: str) -> str:
    """Without emphasis and tags; a bullet becomes a dash."""
    return _BULLET.sub("- ", _MARKUP.sub("", text).strip())


def _is_refusal(claims: list[Claim]) -> bool:
    return any(REFUSAL in claim.text.replace(" ", "_").upper() for claim in claims)
