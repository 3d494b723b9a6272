"""How plans write the indicators of the trade, and the words people use for them."""

import json
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Indicator:
    """One line of `rag/indicators.json`.

    said:  how plans write it, a pattern; "" where only what follows the number tells.
    unit:  the kind of unit its figures have; 下降, 提升 or 增长 for a change in percent, 年 for
           a year by which something happens.
    after: a pattern that must follow its number.
    """

    name: str
    en: str = ""
    unit: str = ""
    said: str = ""
    after: str = ""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(self.said)


@cache
def load_indicators() -> tuple[Indicator, ...]:
    """Every line of the table, in its order; a name may have several."""
    return tuple(Indicator(**line) for line in _read("indicators.json"))


@cache
def load_aliases() -> dict[str, dict[str, list[str]]]:
    """Indicator -> language -> other words for it, of `rag/indicator_aliases.json`."""
    aliases: dict[str, dict[str, list[str]]] = _read("indicator_aliases.json")
    return aliases


def same_indicators(name: str) -> frozenset[str]:
    """The names that different plans' rows of a table bear for one indicator, `name` among them."""
    return next((group for group in _synonyms() if name in group), frozenset((name,)))


@cache
def _synonyms() -> tuple[frozenset[str], ...]:
    return tuple(frozenset(group) for group in _read("indicator_synonyms.json"))


def _read(name: str) -> Any:  # noqa: ANN401 - what JSON holds
    return json.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
