"""Greetings, thanks, and who are you?: no questions to the documents, so no refusals of any.

The words of each language are `courtesy.json`, as regular expressions.
"""

import json
import re
from functools import cache
from pathlib import Path

from rag.words import normalize

_TABLE = Path(__file__).with_name("courtesy.json")


def is_courtesy(text: str) -> bool:
    """Whether nothing else is said."""
    return bool(_courtesy().fullmatch(normalize(text).strip(" ¿¡")))


@cache
def _courtesy() -> re.Pattern[str]:
    words = "|".join(json.loads(_TABLE.read_text(encoding="utf-8")).values())
    return re.compile(rf"(?:(?:{words})[\s,.!?。;~、؟¿¡]*)+", re.IGNORECASE)
