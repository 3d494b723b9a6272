"""Who is to do something: the note that closes a paragraph, (省发展改革委牵头), with its words.

A note charges with the whole paragraph that it closes, so it is quoted beside the sentence of it
that the question is about.
"""

import re
from collections.abc import Sequence

from rag.evidence.asked import asks_who
from rag.evidence.units import NOTE, Unit
from rag.types import Evidence, Query, Statement
from rag.wording import lead, say

_LOOKED_AT = 3  # best units whose paragraphs may end in a note
_PARAGRAPH = 900  # characters
_CHARGES = re.compile("负责|牵头|会同|责任单位|主管")


def find_charged(query: Query, ranked: Sequence[Unit]) -> tuple[Unit, Statement] | None:
    """A unit and the statement of it with the note of who does it; None where no note tells.

    ranked: best first. A best unit that says it in its own words needs no note.
    """
    if query.kind == "compare" or not asks_who(query) or not ranked:
        return None
    if _CHARGES.search(ranked[0].text):
        return None
    for unit in ranked[:_LOOKED_AT]:
        note = _closing_note(unit)
        if unit.document.region == ranked[0].document.region and note:
            evidence = Evidence(unit.document, unit.start, unit.end, unit.score)
            text = f"{lead(query.language, evidence)}{unit.text}{say(query.language, 'left')}"
            return unit, Statement(text + note.quote, (evidence, note))
    return None


def _closing_note(unit: Unit) -> Evidence | None:
    """The first note after a unit in the innermost section around it."""
    document, sections = unit.document, unit.document.sections_at(unit.clause)
    end = min(sections[-1].end if sections else len(document.text), unit.end + _PARAGRAPH)
    note = NOTE.search(document.text, unit.end, end)
    return note and Evidence(document, note.start(1), note.end(1), unit.score)
