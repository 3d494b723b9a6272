"""A long sentence -> its beginning, up to the last part that speaks of what a question asks."""

import re

from rag.evidence.asked import asked_unit
from rag.evidence.features import Asked, cover, has_figure, telling, words_in
from rag.evidence.units import Unit
from rag.types import Query
from rag.words import normalize

_SHORT = 60  # characters of a unit that is quoted whole
_TELLING = 0.3  # of what the part that says most of the question says: evals/LOG.md
_PART_END = re.compile("[\uff0c\uff1b;]|,(?!\\d{3})")


def trim_unit(query: Query, unit: Unit, asked: Asked) -> Unit:
    """Without the parts after the figure asked for that say little of the question.

    Only where a figure is asked for; what is left holds one, of the unit asked for.
    """
    if not query.wants_figure or unit.end - unit.clause <= _SHORT or len(asked.places) > 1:
        return unit
    text = unit.own_text
    ends = [*(m.start() for m in _PART_END.finditer(text)), len(text)]
    parts = list(zip([0, *ends], ends, strict=False))
    content = telling(asked.titled(unit.document).rest)
    covered = [cover(content, words_in(text[slice(*part)])) for part in parts]
    named = [i for i, value in enumerate(covered) if value and value >= _TELLING * max(covered)]
    figured = [i for i, part in enumerate(parts) if _answers(query, text[slice(*part)])]
    after = [i for i in figured if named and i >= named[-1]]
    if not after:
        return unit
    return unit._replace(end=unit.clause + parts[after[0]][1])


def _answers(query: Query, text: str) -> bool:
    """Whether a part of a sentence has a figure of the kind asked for."""
    unit, plain = asked_unit(query), normalize(text)
    return bool(unit.stated.search(plain)) if unit else has_figure(plain)
