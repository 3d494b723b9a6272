"""Whether the documents can answer at all, and what to say when they can't."""

from collections.abc import Sequence

from rag.places import find_places
from rag.types import Draft, Evidence, Hit, Place, Query, Statement
from rag.wording import cited_place, say

MIN_SUPPORT = 0.08  # score of the best hit under which nothing answers: evals/LOG.md
_NEAREST = 2  # documents that a refusal names


def find_reason(query: Query, hits: Sequence[Hit], known_places: frozenset[str]) -> str:
    """Why the documents don't answer, as a sentence in the question's language; "" if they may.

    known_places: names of the places that the indexed documents are of.
    """
    if not hits:
        return say(query.language, "no_document")
    known = known_places | _places_told_of(hits)
    absent = [place for place in query.places if _is_absent(place, known)]
    if absent and len(absent) == len(query.places):
        names = say(query.language, "comma").join(place.name for place in absent)
        return say(query.language, "no_region", places=names)
    if hits[0].score < MIN_SUPPORT:
        return say(query.language, "refused")
    return ""


def _places_told_of(hits: Sequence[Hit]) -> frozenset[str]:
    """Places in the text of documents of no region: a company's report may tell of many."""
    texts = [hit.chunk.text for hit in hits if not hit.chunk.document.region]
    return frozenset(place.name for text in texts for place in find_places(text))


def decline(query: Query, reason: str, hits: Sequence[Hit]) -> Draft:
    """The refusal as a draft: the reason, and the nearest passages of two documents, cited.

    hits: best first.
    """
    nearest: dict[str, Hit] = {}
    for hit in hits:
        nearest.setdefault(hit.chunk.document.id, hit)
    evidence = tuple(
        Evidence(hit.chunk.document, hit.chunk.start, hit.chunk.end, hit.score)
        for hit in list(nearest.values())[:_NEAREST]
    )
    if not evidence:
        return Draft((Statement(reason, ()),))
    named = say(query.language, "comma").join(cited_place(query.language, e) for e in evidence)
    pointer = say(query.language, "nearest", nearest=named)
    return Draft((Statement(f"{reason} {pointer}", evidence),))


def _is_absent(place: Place, known: frozenset[str]) -> bool:
    """True for a region without a document, unless the region around it has one."""
    return (
        place.level in ("province", "city", "district")
        and place.name not in known
        and (place.level == "province" or place.within not in known)
    )
