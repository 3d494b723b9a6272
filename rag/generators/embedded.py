"""The generator without a language model: it picks the units that answer and quotes them."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from rag.generators.units import Unit, score_units
from rag.places import places_of
from rag.types import Document, Draft, Evidence, Hit, Kind, Query, Statement
from rag.wording import lead, say, say_pages
from rag.words import find_numerals

# How many characters of quotes an answer may hold, and how many passages it may quote.
_BUDGET: dict[Kind, tuple[int, int]] = {
    "fact": (240, 2),
    "compare": (420, 4),
    "list": (640, 3),
    "scope": (700, 4),
}
_LONGEST: dict[Kind, int] = {"fact": 480, "compare": 480, "list": 880, "scope": 880}
_MARKER_CHARS = 6  # a marker and the blank line after it
_RIVAL_ABOVE = 0.8  # of the best unit's score: another plan that seems to say as much
_KEEP_ABOVE = 0.6  # of the best unit's score: weaker ones are not worth the reader's time


class EmbeddedGenerator:
    """Quotes word for word; adds only whose words they are and where they stand."""

    name = "embedded"

    def __init__(self, rarity: Callable[[str], float]) -> None:
        self._rarity = rarity

    def generate(self, query: Query, hits: Sequence[Hit]) -> Draft:
        ranked: Sequence[Unit] = score_units(query, hits, self._rarity)
        chosen = _compared(query, ranked) if query.kind == "compare" else []
        if not chosen:
            ranked = _rival_second(query, _of_asked_places(query, ranked))
            chosen = _best(ranked, *_BUDGET[query.kind])
        return Draft(_within(_LONGEST[query.kind], _statements(query, chosen)))


def _of_asked_places(query: Query, ranked: Sequence[Unit]) -> Sequence[Unit]:
    """The units of places that the question names, if one of them is the best; else all."""
    asked = {place.name for place in query.places}
    if not ranked or not asked & places_of(ranked[0].document):
        return ranked
    return [unit for unit in ranked if asked & places_of(unit.document)]


def _rival_second(query: Query, ranked: Sequence[Unit]) -> Sequence[Unit]:
    """For a figure: what another plan of the same region gives comes right after the best."""
    if not query.wants_figure or not ranked:
        return ranked
    best = ranked[0]
    for unit in ranked:
        same_region = unit.document.region == best.document.region
        if unit.document.work != best.document.work and same_region:
            if unit.score < _RIVAL_ABOVE * best.score:
                break
            return [best, unit, *(u for u in ranked if u not in (best, unit))]
    return ranked


def _best(ranked: Sequence[Unit], chars: int, count: int) -> list[Unit]:
    """The best units within the budget; the same words are not quoted twice."""
    chosen: list[Unit] = []
    for unit in ranked:
        if len(chosen) == count or (chosen and unit.score < _KEEP_ABOVE * chosen[0].score):
            break
        size = sum(u.end - u.start for u in chosen) + unit.end - unit.start
        if (not chosen or size <= chars) and not any(_repeats(unit, u) for u in chosen):
            chosen.append(unit)
    return chosen


def _compared(query: Query, ranked: Sequence[Unit]) -> list[Unit]:
    """The best units of each place compared, or of two plans of one; [] for fewer than two."""
    groups = [[u for u in ranked if p.name in places_of(u.document)] for p in query.places]
    if len(groups) < 2:
        works = list(dict.fromkeys(unit.document.work for unit in ranked))[:2]
        groups = [[unit for unit in ranked if unit.document.work == work] for work in works]
    if sum(map(bool, groups)) < 2:
        return []
    chars, count = (budget // len(groups) for budget in _BUDGET["compare"])
    return list(dict.fromkeys(u for group in groups for u in _best(group, chars, max(count, 1))))


def _repeats(unit: Unit, other: Unit) -> bool:
    """Whether the second tells nothing new: the same words, or the same figures in a brief."""
    if unit.document.id == other.document.id:
        return unit.start < other.end and other.start < unit.end
    if unit.document.work != other.document.work:
        return unit.document.region == other.document.region and unit.text == other.text
    figures, others = find_numerals(unit.text), find_numerals(other.text)
    return bool(figures) and (figures <= others or others <= figures)


def _statements(query: Query, units: Sequence[Unit]) -> Iterator[Statement]:
    """Each unit with whose words it is; the plan is not named again where it goes on."""
    before: Document | None = None
    for unit in units:
        evidence = Evidence(unit.document, unit.start, unit.end, unit.score)
        again = unit.document is before and evidence.pages
        said = say_pages(query.language, evidence.pages) if again else ""
        opening = (
            say(query.language, "lead", place=said) if said else lead(query.language, evidence)
        )
        yield Statement(f"{opening}{unit.text}", (evidence,))
        before = unit.document


def _within(chars: int, statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """The first statements that fit, leads counted; always one."""
    kept: list[Statement] = []
    for statement in statements:
        chars -= len(statement.text) + _MARKER_CHARS
        if kept and chars < 0:
            break
        kept.append(statement)
    return tuple(kept)
