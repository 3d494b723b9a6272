"""Whether the documents can answer at all, and what to say when they can't."""

from collections.abc import Sequence

from rag.types import Hit, Place, Query
from rag.wording import name, say, say_pages

MIN_SUPPORT = 0.12  # score of the best hit under which nothing answers: evals/LOG.md
_NEAREST = 2  # documents that a refusal names


def find_reason(query: Query, hits: Sequence[Hit], known_places: frozenset[str]) -> str:
    """Why the documents don't answer, as a sentence in the question's language; "" if they may.

    known_places: names of the places that the indexed documents are of.
    """
    if not hits:
        return say(query.language, "no_document")
    absent = [place for place in query.places if _is_absent(place, known_places)]
    if absent and len(absent) == len(query.places):
        names = say(query.language, "comma").join(place.name for place in absent)
        return say(query.language, "no_region", places=names)
    if hits[0].score < MIN_SUPPORT:
        return say(query.language, "refused")
    return ""


def explain(query: Query, reason: str, hits: Sequence[Hit]) -> str:
    """The refusal as it is shown: the reason, and the documents nearest to the question."""
    nearest = dict.fromkeys(_mention(query.language, hit) for hit in hits)
    if not nearest:
        return reason
    named = say(query.language, "comma").join(list(nearest)[:_NEAREST])
    return f"{reason} {say(query.language, 'nearest', nearest=named)}"


def _is_absent(place: Place, known: frozenset[str]) -> bool:
    """True for a region without a document, unless the region around it has one."""
    return (
        place.level in ("province", "city", "district")
        and place.name not in known
        and (place.level == "province" or place.within not in known)
    )


def _mention(language: str, hit: Hit) -> str:
    document, pages = hit.chunk.document, hit.chunk.pages
    return name(language, document) + (f" {say_pages(language, pages)}" if pages else "")
