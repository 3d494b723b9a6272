"""Questions about other things than dual carbon, in general or of the documents' places.

From the general data: questions to encyclopaedias, to medical papers and to privacy policies, and
what people ask each other in example sentences, of people who knew nothing of these documents.
`rag/models/README.md` lists the sources with their licences. Of a place: some of these with its
name before them, and those of `asides.json`, which no plan answers: who governs it, its weather,
what was fulfilled, who wrote its plan.
"""

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from evals.training.pairs import read_rows
from rag.language import detect_language
from rag.places import name_in
from rag.types import Place

QUESTION_SETS = (
    "qa_zh_cmrc2018", "qa_ja_jaquad", "qa_ar_arcd", "qa_en_covidqa", "qa_en_policyqa_dev",
)  # fmt: skip
_TALK = ("pairs_tatoeba_en_zh", "pairs_tatoeba_other_zh")
_LANGUAGES = ("en", "fr", "de", "es", "pt", "it", "ru", "ja", "ko", "zh")
_OF_EACH = 150
_PLACED = 900  # questions asked of a place
_ASIDES = Path(__file__).with_name("asides.json")
_PLACES_EACH = 6  # that each of the asides is asked of
_LEAST_CHARS = {"zh": 7, "ja": 9, "ko": 9}  # less asks nothing by itself; another language: 16


def read_strangers(data: Path) -> list[str]:
    """Questions of each set and of talk in each language, at most 150 of each, each once."""
    kinds = [*map(set, _of_sets(data)), *_talk(data).values()]
    chance = random.Random(3)
    chosen = [chance.sample(sorted(kind), min(len(kind), _OF_EACH)) for kind in kinds]
    return list(dict.fromkeys(question for each in chosen for question in each))


def ask_of_places(strangers: Sequence[str], places: Sequence[Place]) -> list[str]:
    """Some of the strangers' questions with a place before them, and the asides with places."""
    chance = random.Random(5)
    placed = []
    for question in chance.sample(strangers, _PLACED):
        language, place = detect_language(question), chance.choice(places)
        between = "" if language == "zh" else ": "
        placed.append(f"{name_in(language, place)}{between}{question}")
    asides = json.loads(_ASIDES.read_text(encoding="utf-8"))
    return placed + [
        aside.format(place=name_in(language, place))
        for language, each in asides.items()
        for aside in each
        for place in chance.sample(places, _PLACES_EACH)
    ]


def _of_sets(data: Path) -> Iterator[Iterator[str]]:
    for name in QUESTION_SETS:
        yield (row["question"].strip() for row in read_rows(data / f"{name}.jsonl.gz"))


def _talk(data: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {language: set() for language in _LANGUAGES}
    for row in (row for name in _TALK for row in read_rows(data / f"{name}.jsonl.gz")):
        for language in found.keys() & row.keys():
            text = row[language].strip()
            if text.endswith(("?", "？")) and len(text) >= _LEAST_CHARS.get(language, 16):
                found[language].add(text)
    return found
