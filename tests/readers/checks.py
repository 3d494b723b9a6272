"""What holds for the sections of any document."""

from collections.abc import Sequence

from rag.types import Document, Section


def check_sections(document: Document) -> None:
    check_nesting(document.sections, len(document.text))


def check_nesting(sections: Sequence[Section], text_end: int) -> None:
    """Every section lies in the text and ends where the next of its level or lower begins."""
    assert [s.start for s in sections] == sorted({s.start for s in sections})
    for at, section in enumerate(sections):
        assert 0 <= section.start < section.body <= section.end <= text_end
        assert section.title
        following = [s.start for s in sections[at + 1 :] if s.level <= section.level]
        assert section.end == (following[0] if following else text_end)
    assert {s.level for s in sections} == set(range(1, 1 + len({s.level for s in sections})))
