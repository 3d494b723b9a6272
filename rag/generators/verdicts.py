"""What a sentence answers to a question that asks yes or no, where it says so in plain words."""

import json
import re
from functools import cache
from pathlib import Path

from rag.evidence.units import Unit
from rag.glossary import find_terms
from rag.mentions import is_mentioned, mentioned_in
from rag.types import Query

_LEAST_SCORE = 0.5  # of a unit that surely is the one asked about
_PAIR = 2
_TABLE = Path(__file__).with_name("verdicts.json")


def find_verdict(query: Query, unit: Unit) -> str:
    """The phrase of `wording.json` for the verdict: "forbidden", "allowed", "mentioned" or ""."""
    asked = mentioned_in(query)
    if asked:
        return "mentioned" if _surely_mentions(asked, query.language, unit) else ""
    words = _patterns().get(query.language)
    if not words or unit.score < _LEAST_SCORE or not words["asks"].search(query.question):
        return ""
    if words["forbids"].search(query.question):
        return ""  # 是否禁止 turns yes into no: the words themselves say it better
    spoken = _patterns().get(unit.document.language, words)
    said = [name for name in ("forbids", "allows") if spoken[name].search(unit.own_text)]
    return {"forbids": "forbidden", "allows": "allowed"}[said[0]] if len(said) == 1 else ""


def _surely_mentions(asked: str, language: str, unit: Unit) -> bool:
    """Two characters may lie in two words, 碳税 in 低碳税收: they must be a term of the text."""
    if len(asked) > _PAIR or language != "zh":
        return is_mentioned(asked, language, unit.text, whole=True)
    return any(unit.text[t.start : t.end] == asked for t in find_terms(unit.text, "zh"))


@cache
def _patterns() -> dict[str, dict[str, re.Pattern[str]]]:
    """Language -> what asks for leave, what forbids, what allows."""
    table = json.loads(_TABLE.read_text(encoding="utf-8"))
    return {
        language: {name: re.compile(words, re.IGNORECASE) for name, words in row.items()}
        for language, row in table.items()
    }
