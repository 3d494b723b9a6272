"""What tells whether a unit answers a question, as numbers; each can be read and checked by eye."""

import math
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import numpy as np

from rag.evidence.asked import YEAR_PHRASE, asked_unit, asks_when, content_of
from rag.evidence.trees import Numbers
from rag.evidence.units import Unit
from rag.places import places_of
from rag.types import Document, Hit, Query
from rag.words import find_numerals, normalize, tokenize

# "cover" is the share of the question's vocabulary, by rarity, that a text holds: 0 to 1.
FEATURES = (
    "cover",  # by the unit
    "cover_pairs",  # the same of words of two characters or more
    "cover_content",  # of the words that title and region don't hold
    "cover_headings",  # by the titles of the sections around
    "cover_heading",  # by the innermost of them
    "cover_near",  # by the unit with the ones before and after it
    "cover_title",  # by title and region
    "cover_clause",  # of content by a clause between commas, with a figure if one is asked for
    "clause_below_best",
    "cosine",
    "cosine_below_best",
    "cover_below_best",  # cover less the best unit's
    "content_below_best",
    "near_below_best",
    "density",  # cover_pairs over the logarithm of the unit's length
    "run",  # longest run of characters shared with the question, up to 12, over 12
    "run_below_best",
    "hit_share",  # score of the unit's hit, as a share of the best hit's
    "figure",  # whether it has a figure, years left out
    "figure_asked",  # 1 if it has one and one is asked for, -1 if it lacks it, else 0
    "unit_asked",  # the same for a figure with the unit asked for
    "when_asked",  # the same for a year, where a time is asked for
    "no_figure",  # whether it says that no figure is given
    "year_met",  # 1 for the year asked, -1 for another, 0 for none
    "place_asked",  # 1 if its document is of a place asked for, -1 if not, 0 if none is asked
    "brief",
    "other_language",
    "length",  # logarithm of its characters
    "items",  # enumeration commas and ordinals, up to 10, over 10
    "opens_section",
    "asks_list",
    "asks_scope",
    "asks_figure",
    "foreign",  # the question isn't Chinese
)  # fmt: skip
_RUN, _ITEMS = 12, 10
_BLANK = re.compile(r"[\s,，、。?？;；]")
_CLAUSE_END = re.compile(r"[,，、;；:：](?!\d)|\n")
_ITEM = re.compile(r"[一二三四五六七八九]是|[(（][一二三四五六七八九][)）]")
_YEAR = re.compile(r"(?<!\d)(?<!\d[.,])20\d\d(?![\d%]|[.,]\d)|十[三四五六]五")
_UNSAID = re.compile(
    r"(?:没有|未)(?:给出|单独|规定|提出|列出|设定|设)|no (?:figure|number|value)|gives no"
)

Weights = dict[str, float]


def measure(
    query: Query,
    hits: Sequence[Hit],
    units: Sequence[Unit],
    *,
    rarity: Callable[[str], float],
) -> Numbers:
    """(units, FEATURES). rarity: as in `LexicalIndex.rarity`."""
    if not units:
        return np.zeros((0, len(FEATURES)))
    asked = Asked(query, rarity)
    near = [_near(units, i) for i in range(len(units))]
    best_hit = max(hit.score for hit in hits)
    rows = [
        _row(asked, unit, around, hits[unit.hit].score, max(best_hit, 1e-9))
        for unit, around in zip(units, near, strict=True)
    ]
    table = np.array(rows, dtype=np.float64)
    column = {name: i for i, name in enumerate(FEATURES)}
    for of, below in _BELOW_BEST.items():
        values = table[:, column[of]]
        table[:, column[below]] = values - values.max()
    return table


_BELOW_BEST = {
    "cover": "cover_below_best",
    "cover_content": "content_below_best",
    "cover_clause": "clause_below_best",
    "cosine": "cosine_below_best",
    "cover_near": "near_below_best",
    "run": "run_below_best",
}


class Asked:
    """The words of a question by how much they tell, and what else units are measured against."""

    def __init__(self, query: Query, rarity: Callable[[str], float]) -> None:
        self.query = query
        self.places = {place.name for place in query.places}
        self.unit = asked_unit(query)
        self.when = asks_when(query)
        self._own = _weights(query, content_of(query), rarity)
        self._chinese = _weights(query, query.chinese, rarity) if query.chinese else self._own
        self._plain = _BLANK.sub("", normalize(query.question))
        self._plain_chinese = _BLANK.sub("", query.chinese) or self._plain
        self._titles: dict[str, Titled] = {}

    def weights(self, document: Document) -> Weights:
        """In the words of the document's language, as far as the glossary knows them."""
        return self._chinese if document.language == "zh" else self._own

    def words_of(self, document: Document) -> str:
        return self._plain_chinese if document.language == "zh" else self._plain

    def titled(self, document: Document) -> "Titled":
        if document.id not in self._titles:
            names = (document.title, document.region, *document.aliases)
            words, weights = words_in(" ".join(names)), self.weights(document)
            rest = {word: value for word, value in weights.items() if word not in words}
            pairs = {word: value for word, value in weights.items() if len(word) > 1}
            self._titles[document.id] = Titled(
                cover(weights, words),
                as_shares(rest),
                as_shares(pairs),
                _signed(self.places & places_of(document)) if self.places else 0,
            )
        return self._titles[document.id]


class Titled(NamedTuple):
    """cover: of the question, by a document's title and region. rest: what they leave, as shares.

    pairs: words of two characters or more, as shares. place: as the feature "place_asked".
    """

    cover: float
    rest: Weights
    pairs: Weights
    place: int


def cover(weights: Weights, words: frozenset[str]) -> float:
    """Sum of the weights of the words found, added up in the order of `weights`."""
    return sum(map(weights.__getitem__, filter(words.__contains__, weights)))


@lru_cache(maxsize=4096)
def words_in(text: str) -> frozenset[str]:
    """Search words of a text; kept, since a question's units are looked at more than once."""
    return frozenset(tokenize(text))


def as_shares(weights: Weights) -> Weights:
    whole = sum(weights.values()) or 1.0
    return {word: value / whole for word, value in weights.items()}


def telling(weights: Weights) -> Weights:
    """Words of two characters or more, numbers left out: single Han characters say little."""
    return {w: v for w, v in weights.items() if len(w) > 1 and not w[0].isdigit()}


def has_figure(text: str) -> bool:
    """Whether a text has a number that is no year."""
    return bool(find_numerals(YEAR_PHRASE.sub("", text)))


def _weights(query: Query, text: str, rarity: Callable[[str], float]) -> Weights:
    """Rarity of each word of the text asked, places left out, as shares of their sum."""
    place_words = set(chain.from_iterable(tokenize(place.name) for place in query.places))
    return as_shares({w: rarity(w) for w in tokenize(text) if w not in place_words})


def _row(
    asked: Asked, unit: Unit, near: frozenset[str], hit_score: float, best_hit: float
) -> list[float]:
    """In the order of FEATURES; what is relative to the other units is left 0."""
    query, document, text = asked.query, unit.document, normalize(unit.own_text)
    weights, words = asked.weights(document), words_in(unit.own_text)
    sections = document.sections_at(unit.clause)
    headings = " ".join(section.title for section in sections if section.title != document.title)
    titled = asked.titled(document)
    covered = cover(titled.pairs, words)
    with_figure = has_figure(text)
    values = {
        "cover": cover(weights, words),
        "cover_pairs": covered,
        "cover_content": cover(titled.rest, words),
        "cover_headings": cover(weights, words_in(headings)),
        "cover_heading": cover(weights, words_in(sections[-1].title)) if sections else 0.0,
        "cover_near": cover(weights, near),
        "cover_clause": _cover_by_clause(asked, titled.rest, text),
        "cosine": unit.cosine,
        "cover_title": titled.cover,
        "density": covered / math.log(8 + len(words)),
        "run": shared_run(asked.words_of(document), _BLANK.sub("", text)) / _RUN,
        "hit_share": hit_score / best_hit,
        "figure": with_figure,
        "figure_asked": _signed(with_figure) if query.wants_figure else 0,
        "unit_asked": _signed(asked.unit.stated.search(text)) if asked.unit else 0,
        "when_asked": _signed(_YEAR.search(text)) if asked.when else 0,
        "no_figure": bool(_UNSAID.search(text)),
        "year_met": unit.year_met,
        "place_asked": titled.place,
        "brief": document.kind == "brief",
        "other_language": document.language != query.language,
        "length": math.log(max(len(text), 1)),
        "items": min(text.count("、") + 2 * len(_ITEM.findall(text)), _ITEMS) / _ITEMS,
        "opens_section": bool(sections) and 0 <= unit.clause - sections[-1].body < _OPENING,
        "asks_list": query.kind == "list",
        "asks_scope": query.kind == "scope",
        "asks_figure": query.wants_figure,
        "foreign": query.language != "zh",
    }
    return [float(values.get(name, 0.0)) for name in FEATURES]


def _cover_by_clause(asked: Asked, content: Weights, text: str) -> float:
    """The most that stands together: of 装机比重50%,占消费的59.7%, neither gives 消费比重."""
    clauses = _CLAUSE_END.split(text)
    if asked.query.wants_figure:
        clauses = [clause for clause in clauses if has_figure(clause)]
    return max((cover(content, words_in(clause)) for clause in clauses), default=0.0)


_OPENING = 3  # characters of white space that may part a heading from its body


def _near(units: Sequence[Unit], at: int) -> frozenset[str]:
    """The words of a unit and of those before and after it in its hit."""
    around = (units[i] for i in (at - 1, at, at + 1) if 0 <= i < len(units))
    return frozenset().union(*(words_in(u.own_text) for u in around if u.hit == units[at].hit))


def _signed(met: object) -> int:
    return 1 if met else -1


def shared_run(one: str, other: str) -> int:
    """Length of the longest run of characters that both texts hold, `_RUN` at most."""
    longest = start = 0
    while start + longest < len(one) and longest < _RUN:
        if one[start : start + longest + 1] in other:
            longest += 1
        else:
            start += 1
    return longest
