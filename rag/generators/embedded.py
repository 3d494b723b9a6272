"""The generator without a language model: it picks the units that answer and quotes them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import takewhile

from rag.evidence.features import Asked, has_figure
from rag.evidence.ranking import Ranker
from rag.evidence.units import Unit
from rag.generators.charging import find_charged
from rag.generators.counting import find_counts
from rag.generators.listing import are_counted, list_headings
from rag.generators.trimming import trim_unit
from rag.generators.verdicts import find_verdict
from rag.mentions import is_mentioned, mentioned_in
from rag.places import places_of
from rag.types import Document, Draft, Evidence, Hit, Kind, Query, Statement
from rag.wording import lead, say, say_pages
from rag.words import find_numerals

# Chosen on the training questions: evals/LOG.md.
LONGEST_CHARS: dict[Kind, int] = {"fact": 480, "compare": 480, "list": 880, "scope": 880}
_MOST: dict[Kind, int] = {"fact": 5, "compare": 5, "list": 6, "scope": 6}  # quotes
_MARKER_CHARS = 6  # a marker and the blank line after it
# Probability that what is quoted answers, after which no more of a fact is quoted: of a figure, of
# another fact, and of one asked in another language, where less can be told for sure.
_ENOUGH_FIGURE, _ENOUGH, _ENOUGH_FOREIGN = 0.5, 0.85, 0.75
_LOOKED_AT = 4  # units in whose documents a section may list the items asked for
_SURE = 0.6  # score of a best unit that speaks in the question's words
_KEEP_ABOVE = 0.08  # of the best unit's score: weaker ones are not worth the reader's time
_AS_GOOD = 0.9  # of the best unit's score: a plan of another place, where no place is named
_TWIN_ABOVE = 0.5  # of a unit's score: what says the same in the language of the question
_RIVAL_ABOVE = 0.4  # of the best unit's score: another plan that seems to say as much


class EmbeddedGenerator:
    """Quotes word for word; adds only whose words they are and where they stand."""

    name = "embedded"

    def __init__(self, ranker: Ranker) -> None:
        self._ranker = ranker

    def generate(
        self, query: Query, hits: Sequence[Hit], documents: Sequence[Document] = ()
    ) -> Draft:
        ranked = self._ranker.rank(query, hits)
        return compose(query, ranked, self._ranker.rarity, documents=documents)


def compose(
    query: Query,
    ranked: Sequence[Unit],
    rarity: Callable[[str], float],
    *,
    documents: Sequence[Document] = (),
) -> Draft:
    """The best units as statements, as many as the kind of question needs.

    documents: as in `Generator.generate`. A fact stops at the first unit that surely answers; where
    none is sure, more are quoted.
    """
    groups = _compared(query, ranked) if query.kind == "compare" else []
    if groups:
        share = LONGEST_CHARS["compare"] // len(groups)
        compared = [unit for group in groups for unit in _best(query, group, share)]
        return Draft(tuple(_statements(query, list(dict.fromkeys(compared)))))
    asked = Asked(query, rarity)
    told = takewhile(lambda unit: unit.score >= _KEEP_ABOVE * ranked[0].score, ranked)
    ranked = _rival_second(query, list(told))
    ranked = _spoken_first(query, [trim_unit(query, unit, asked) for unit in ranked])
    ranked = _mention_first(query, ranked)
    charged = find_charged(query, ranked)
    if charged:
        return Draft(_with_more(query, *charged, ranked))
    headings = list_headings(query, _outlined(ranked[:_LOOKED_AT], documents), asked)
    if not headings:
        return Draft(_answered(query, ranked))
    if are_counted(query, headings):
        return Draft((headings,))
    chars = LONGEST_CHARS["fact"] - len(headings.text)
    return Draft((headings, *_quoted(query, ranked, chars)))


def _with_more(
    query: Query, unit: Unit, statement: Statement, ranked: Sequence[Unit]
) -> tuple[Statement, ...]:
    """The statement of a unit, and where that doesn't surely answer the best of the others."""
    chars = LONGEST_CHARS["fact"] - len(statement.text)
    others = [other for other in ranked if other is not unit]
    if unit.score >= _enough(query) or not others or chars <= 0:
        return (statement,)
    return (statement, *_quoted(query, others, chars))


def lists_all(
    query: Query,
    ranked: Sequence[Unit],
    rarity: Callable[[str], float],
    documents: Sequence[Document],
) -> bool:
    """Whether a plan found has as many headings as the question counts: 十大行动."""
    if not find_counts(query):
        return False
    headings = list_headings(query, _outlined(ranked[:_LOOKED_AT], documents), Asked(query, rarity))
    return headings is not None and are_counted(query, headings)


def _answered(query: Query, ranked: Sequence[Unit]) -> tuple[Statement, ...]:
    """The best units; after what the text says to a yes-or-no question, where it says it.

    The unit that says it then comes first, whatever the order of the text.
    """
    verdict = find_verdict(query, ranked[0]) if ranked else ""
    if not verdict:
        return _quoted(query, ranked, _longest(query, ranked))
    first, *others = _statements(query, _best(query, ranked, _longest(query, ranked)))
    return (replace(first, text=f"{say(query.language, verdict)}{first.text}"), *others)


def _quoted(query: Query, ranked: Sequence[Unit], chars: int) -> tuple[Statement, ...]:
    """The best units that fit, in reading order for what has several parts."""
    chosen = _best(query, ranked, chars)
    if query.kind in ("list", "scope"):
        chosen = _in_reading_order(chosen)
    return tuple(_statements(query, chosen))


def _outlined(units: Sequence[Unit], documents: Sequence[Document]) -> list[Document]:
    """The documents of units, and the originals of those that are briefs, best first."""
    originals = {d.work: d for d in documents if d.kind == "original"}
    found = [originals.get(unit.document.work, unit.document) for unit in units]
    return list({document.id: document for document in found}.values())


def _longest(query: Query, ranked: Sequence[Unit]) -> int:
    """A list in everyday words, which no unit surely answers, is kept as short as a fact."""
    sure = bool(ranked) and ranked[0].score >= _SURE
    return LONGEST_CHARS[query.kind if sure else "fact"]


def _spoken_first(query: Query, ranked: Sequence[Unit]) -> Sequence[Unit]:
    """What gives the same figures on the same page in the question's language comes first."""
    own = [unit for unit in ranked if unit.document.language == query.language]
    if len(own) in (0, len(ranked)):
        return ranked
    first: dict[tuple[str, int], Unit] = {}
    for unit in ranked:
        spoken = _twin(unit, own) or unit
        first.setdefault((spoken.document.id, spoken.start), spoken)
    return list(first.values())


def _mention_first(query: Query, ranked: Sequence[Unit]) -> Sequence[Unit]:
    """Where it is asked whether something is mentioned: what mentions it, before the rest."""
    asked = mentioned_in(query)
    if not asked:
        return ranked
    return sorted(ranked, key=lambda unit: not is_mentioned(asked, query.language, unit.text))


def _twin(unit: Unit, own: Sequence[Unit]) -> Unit | None:
    """The best of `own` that says what a unit of another language says, with that one's score."""
    figures, pages = find_numerals(unit.own_text), _pages(unit)
    for twin in own:
        there = twin.document.work == unit.document.work and pages & _pages(twin)
        says_it = figures and figures <= find_numerals(twin.own_text)
        if there and says_it and twin.score >= _TWIN_ABOVE * unit.score:
            return twin._replace(score=max(unit.score, twin.score))
    return None


def _pages(unit: Unit) -> set[int]:
    return set(unit.document.pages_of(unit.start, unit.end))


def _rival_second(query: Query, ranked: Sequence[Unit]) -> Sequence[Unit]:
    """For a figure: what another plan of the same region gives comes right after the best.

    It is marked by a score of 1: it is said even where the best seems enough.
    """
    if not query.wants_figure or not ranked:
        return ranked
    best = ranked[0]
    for unit in ranked[1:]:
        if unit.score < _RIVAL_ABOVE * best.score:
            break
        if _rivals(query, best, unit):
            return [best, unit._replace(score=1.0), *(u for u in ranked[1:] if u is not unit)]
    return ranked


def _rivals(query: Query, best: Unit, unit: Unit) -> bool:
    """Whether another plan of the same region, or of any if none is asked for, says otherwise."""
    if unit.document.work == best.document.work or not has_figure(unit.text):
        return False
    if unit.document.region != best.document.region:
        return not query.places and unit.score >= _AS_GOOD * best.score
    return not _repeats(unit, best)


def _best(query: Query, ranked: Sequence[Unit], chars: int) -> list[Unit]:
    """The best units that fit, leads counted, always one; the same words are not quoted twice."""
    chosen: list[Unit] = []
    doubt = 1.0
    most = min([_MOST[query.kind], *find_counts(query)])
    for unit in ranked:
        sure = 1 - doubt >= _enough(query) and unit.score < 1
        if chosen and (sure or len(chosen) == most):
            break
        if chosen and unit.score < _KEEP_ABOVE * chosen[0].score:
            break
        cost = len(_opening(query, unit, chosen[-1] if chosen else None)) + _MARKER_CHARS
        cost += unit.end - unit.start
        if (chosen and cost > chars) or any(_repeats(unit, u) for u in chosen):
            continue
        chosen.append(unit)
        chars -= cost
        doubt *= 1 - unit.score
    return chosen


def _enough(query: Query) -> float:
    """As the constants say; never for what has several parts."""
    if query.kind in ("list", "scope", "compare"):
        return 2.0
    if query.wants_figure:
        return _ENOUGH_FIGURE
    return _ENOUGH if query.language == "zh" else _ENOUGH_FOREIGN


def _compared(query: Query, ranked: Sequence[Unit]) -> list[list[Unit]]:
    """The units of each place compared, or of two plans of one; [] for fewer than two."""
    groups = [[u for u in ranked if p.name in places_of(u.document)] for p in query.places]
    if len(groups) < 2:
        works = list(dict.fromkeys(unit.document.work for unit in ranked))[:2]
        groups = [[unit for unit in ranked if unit.document.work == work] for work in works]
    return groups if sum(map(bool, groups)) > 1 else []


def _repeats(unit: Unit, other: Unit) -> bool:
    """Whether the second tells nothing new: the same words, or the same figures in a brief."""
    if unit.document.id == other.document.id:
        return unit.start < other.end and other.start < unit.end
    figures, others = find_numerals(unit.text), find_numerals(other.text)
    if unit.document.work != other.document.work:
        return unit.document.region == other.document.region and unit.text == other.text
    return bool(figures) and (figures <= others or others <= figures)


def _in_reading_order(units: Sequence[Unit]) -> list[Unit]:
    """Document by document, that of the best unit first, each in the order of its text."""
    documents = list(dict.fromkeys(unit.document.id for unit in units))
    return sorted(units, key=lambda unit: (documents.index(unit.document.id), unit.start))


def _statements(query: Query, units: Iterable[Unit]) -> Iterator[Statement]:
    """Each unit with whose words it is; the plan is not named again where it goes on."""
    before: Unit | None = None
    for unit in units:
        evidence = Evidence(unit.document, unit.start, unit.end, unit.score)
        yield Statement(f"{_opening(query, unit, before)}{unit.text}", (evidence,))
        before = unit


def _opening(query: Query, unit: Unit, before: Unit | None) -> str:
    evidence = Evidence(unit.document, unit.start, unit.end, unit.score)
    document: Document | None = before.document if before else None
    if unit.document is document:
        if not evidence.pages:
            return ""
        return say(query.language, "lead", place=say_pages(query.language, evidence.pages))
    return lead(query.language, evidence)
