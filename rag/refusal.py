"""Whether the documents can answer at all, and what to say when they can't."""

from collections.abc import Iterable, Sequence

from rag.evidence import answerable, topic
from rag.evidence.units import Unit
from rag.places import find_places, name_in
from rag.types import Draft, Evidence, Hit, Place, Query, Statement
from rag.wording import cited_place, say

MIN_SUPPORT = 0.11  # score of the best hit under which nothing answers: evals/LOG.md
_NEAREST = 2  # documents that a refusal names
_NEAR = 5  # of which they are chosen


def find_reason(
    query: Query,
    hits: Sequence[Hit],
    known_places: frozenset[str],
    absent_titles: Sequence[str] = (),
) -> str:
    """Why the documents don't answer, as a sentence in the question's language; "" if they may.

    known_places: names of the places that the indexed documents are of. absent_titles: plans that
    the question names in full and that aren't indexed.
    """
    if not hits:
        return say(query.language, "no_document")
    absent = [p for p in query.places if p.name not in known_places and _is_untold(p, hits)]
    if absent and len(absent) == len(query.places):
        names = _listed(query, (name_in(query.language, place) for place in absent))
        return say(query.language, "no_region", places=names)
    untold = [t for t in absent_titles if not any(t in hit.chunk.text for hit in hits)]
    if untold and len(untold) == len(absent_titles):
        return say(query.language, "no_plan", titles=_listed(query, untold))
    if hits[0].score < MIN_SUPPORT:
        return say(query.language, "refused")
    return ""


def find_doubt(query: Query, ranked: Sequence[Unit], treated: float, answered: float) -> str:
    """Why the units found seem not to answer, "" if they may.

    treated, answered: what `rag.evidence.topic` and `rag.evidence.answerable` estimate. By the
    latter no comparison is refused: what one of its places lacks is said beside what others state.
    """
    if treated < topic.model().threshold:
        return say(query.language, "refused")
    if answered >= answerable.model().threshold or query.kind == "compare":
        return ""
    other_year = query.years and ranked and ranked[0].year_met < 0
    return say(query.language, "no_figure_of_year" if other_year else "no_such_figure")


def _listed(query: Query, names: Iterable[str]) -> str:
    return say(query.language, "comma").join(names)


def decline(query: Query, reason: str, hits: Sequence[Hit], ranked: Sequence[Unit] = ()) -> Draft:
    """The refusal as a draft: the reason, and the nearest sentences of two documents, cited.

    hits, ranked: best first; the hits themselves are cited where they hold no unit. Of the nearest
    documents, those in the language of the question come first.
    """
    nearest: dict[str, Evidence] = {}
    for unit in ranked:
        found = Evidence(unit.document, unit.start, unit.end, unit.score)
        nearest.setdefault(unit.document.id, found)
    for hit in hits:
        chunk = hit.chunk
        whole = Evidence(chunk.document, chunk.start, chunk.end, hit.score)
        nearest.setdefault(chunk.document.id, whole)
    near = list(nearest.values())[:_NEAR]
    near.sort(key=lambda evidence: evidence.document.language != query.language)
    evidence = tuple(near[:_NEAREST])
    if not evidence:
        return Draft((Statement(reason, ()),))
    named = _listed(query, (cited_place(query.language, e) for e in evidence))
    pointer = say(query.language, "nearest", nearest=named)
    return Draft((Statement(f"{reason} {pointer}", evidence),))


def _is_untold(place: Place, hits: Sequence[Hit]) -> bool:
    """Whether no hit's text tells of a place.

    A province is told of by documents of no region alone: a plan of another may name it in passing.
    """
    if place.level == "national":
        return False
    texts = [
        hit.chunk.text for hit in hits if place.level != "province" or not hit.chunk.document.region
    ]
    return not any(place in find_places(text) for text in texts)
