"""Headings in the order of a text -> nested sections."""

from collections.abc import Sequence
from typing import NamedTuple

from rag.types import Section


class Heading(NamedTuple):
    """`text[start:body]` is the heading as printed. rank: a lower one stands further out."""

    title: str
    rank: int
    start: int
    body: int


def nest(headings: Sequence[Heading], text_end: int) -> tuple[Section, ...]:
    """One section a heading, same order; levels are the ranks in use, renumbered from 1.

    headings: sorted by start, none overlapping the next. Takes time linear in their number.
    """
    levels = {rank: level for level, rank in enumerate(sorted({h.rank for h in headings}), 1)}
    ends = [text_end] * len(headings)
    around: list[int] = []  # the headings whose sections are still open, outermost first
    for i, heading in enumerate(headings):
        while around and headings[around[-1]].rank >= heading.rank:
            ends[around.pop()] = heading.start
        around.append(i)
    return tuple(
        Section(h.title, levels[h.rank], h.start, h.body, end)
        for h, end in zip(headings, ends, strict=True)
    )
