"""What a sentence answers to a question that asks yes or no, where it says so in plain words."""

import json
import re
from functools import cache
from pathlib import Path

from rag.evidence.units import Unit
from rag.mentions import is_mentioned, mentioned_in
from rag.types import Query

_LEAST_SCORE = 0.5  # of a unit that surely is the one asked about
_LEAST_CHARS = 3  # of what is mentioned: two characters may lie in two words, 碳税 in 低碳税收
_TABLE = Path(__file__).with_name("verdicts.json")


def find_verdict(query: Query, unit: Unit) -> str:
    """The phrase of `wording.json` for the verdict: "forbidden", "allowed", "mentioned" or ""."""
    asked = mentioned_in(query)
    if asked:
        held = len(asked) >= _LEAST_CHARS and is_mentioned(asked, query.language, unit.text)
        return "mentioned" if held else ""
    words = _patterns().get(query.language)
    if not words or unit.score < _LEAST_SCORE or not words["asks"].search(query.question):
        return ""
    if words["forbids"].search(query.question):
        return ""  # 是否禁止 turns yes into no: the words themselves say it better
    spoken = _patterns().get(unit.document.language, words)
    said = [name for name in ("forbids", "allows") if spoken[name].search(unit.own_text)]
    return {"forbids": "forbidden", "allows": "allowed"}[said[0]] if len(said) == 1 else ""


@cache
def _patterns() -> dict[str, dict[str, re.Pattern[str]]]:
    """Language -> what asks for leave, what forbids, what allows."""
    table = json.loads(_TABLE.read_text(encoding="utf-8"))
    return {
        language: {name: re.compile(words, re.IGNORECASE) for name, words in row.items()}
        for language, row in table.items()
    }
