"""Passages printed twice in one text: keep the first printing, remember the pages of both."""

import re

from rag.types import PageSpan

_SENTENCE = re.compile(r"[^。;；\n]*[。;；\n]|[^。;；\n]+$")
MIN_REPEAT_CHARS = 150  # shorter repeats are turns of phrase and lists of departments


def drop_repeats(text: str, spans: tuple[PageSpan, ...]) -> tuple[str, tuple[PageSpan, ...]]:
    """Cut runs of sentences that stood before; returns the text left and its page spans.

    A run counts from MIN_REPEAT_CHARS on. The spans of a cut run move to the run that is kept.
    """
    repeats = _find_repeats(text)
    if not repeats:
        return text, spans
    kept_text: list[str] = []
    kept_spans: list[PageSpan] = []
    at = removed = 0
    for start, end, earlier in [*repeats, (len(text), len(text), 0)]:
        kept_text.append(text[at:start])
        kept_spans += _clipped(spans, at, start, -removed)
        kept_spans += _clipped(spans, start, end, earlier - start)
        removed += end - start
        at = end
    return "".join(kept_text), tuple(sorted(kept_spans, key=lambda span: (span.start, span.page)))


def _find_repeats(text: str) -> list[tuple[int, int, int]]:
    """(start, end, where the same text begins earlier, counted in the text that is kept)."""
    sentences = [(match.start(), match.group()) for match in _SENTENCE.finditer(text)]
    first: dict[str, int] = {}
    repeats: list[tuple[int, int, int]] = []
    removed = 0
    kept_at: dict[int, int] = {}
    i = 0
    while i < len(sentences):
        run = _run(sentences, first.get(sentences[i][1]), i, kept_at)
        start, earlier = sentences[i][0], first.get(sentences[i][1], 0)
        length = sum(len(sentence) for _, sentence in sentences[i : i + run])
        if length >= MIN_REPEAT_CHARS:
            repeats.append((start, start + length, kept_at[earlier]))
            removed += length
            i += run
        else:
            first.setdefault(sentences[i][1], i)
            kept_at[i] = start - removed
            i += 1
    return repeats


def _run(
    sentences: list[tuple[int, str]], earlier: int | None, i: int, kept_at: dict[int, int]
) -> int:
    """How many sentences from `i` on repeat those kept from `earlier` on, without overlap."""
    if earlier is None:
        return 0
    run = 0
    while (
        i + run < len(sentences)
        and earlier + run in kept_at
        and sentences[i + run][1] == sentences[earlier + run][1]
    ):
        run += 1
    return run


def _clipped(spans: tuple[PageSpan, ...], start: int, end: int, shift: int) -> list[PageSpan]:
    """The parts of `spans` inside [start, end), moved by `shift`."""
    return [
        PageSpan(s.page, max(s.start, start) + shift, min(s.end, end) + shift)
        for s in spans
        if max(s.start, start) < min(s.end, end)
    ]
