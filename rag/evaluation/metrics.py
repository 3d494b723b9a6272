"""Scores of one question's answer and hits; the definitions are those of evals/questions/README.md.

Pure functions. A share is given as 0.0 or 1.0, so that its mean over questions is the metric.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import ir_measures
from ir_measures import RR, Success, nDCG

from rag.evaluation.questions import Question
from rag.language import detect_language
from rag.types import Answer, Citation, Document, Hit

CUTOFFS = (1, 5, 10)
_RANKED = {Success @ k: f"recall@{k}" for k in CUTOFFS} | {RR @ 10: "MRR"}
_GAIN = nDCG @ 10
RANK_NAMES = (*_RANKED.values(), str(_GAIN))
PLAN_NAMES = tuple(f"plans@{k}" for k in CUTOFFS)

LONGEST_CHARS = 500
LONGEST_CHARS_BY_TYPE = {"list": 900, "scope": 900}

CITATION_RECALL, CITATION_PRECISION = "citation recall", "citation precision"
Supports = Callable[[str, Sequence[str]], bool]

_MARKER = re.compile(r"\[([0-9]+)\]")
_MARKERS = re.compile(r"(?:\s*\[[0-9]+\])+")
# 12, 13.5 and 1,290 are one numeral each; 2025,2030 is two, its comma parts no thousands.
_NUMERAL = re.compile(r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?")


def norm(text: str) -> str:
    """NFKC, lower case, all white space removed, commas removed."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(folded.split()).replace(",", "")


def without_markers(text: str) -> str:
    """The text with each [n] as a space, so that the figures around it stay apart."""
    return _MARKER.sub(" ", text)


def rank_hits(hits: Sequence[Hit], pages: Iterable[int]) -> dict[str, float]:
    """Page recall@1, @5, @10, MRR and nDCG of the first 10, for hits best first.

    A hit is right if its chunk stands on one of `pages`. source: ir_measures, Success, RR, nDCG.
    """
    wanted = set(pages)
    right = {str(rank): 1 for rank, hit in enumerate(hits) if wanted & set(hit.chunk.pages)}
    ranked = {"q": {str(rank): -float(rank) for rank in range(len(hits))}}
    measured = ir_measures.iter_calc(list(_RANKED), {"q": right}, ranked)
    found = {_RANKED[metric.measure]: float(metric.value) for metric in measured}
    found[str(_GAIN)] = _page_gain(hits, wanted)
    return {name: found[name] for name in RANK_NAMES}


def _page_gain(hits: Sequence[Hit], wanted: set[int]) -> float:
    """nDCG@10 of the pages in the order found: a right page gains once, where it is first seen.

    A hit that is the first on several right pages counts as so many ranks, each right.
    """
    order: list[str] = []
    for hit in hits:
        fresh = sorted({str(p) for p in wanted & set(hit.chunk.pages)}.difference(order), key=int)
        order += fresh or [f"no {len(order)}"]
    scored = {entry: -float(rank) for rank, entry in enumerate(order)}
    judged = {"q": {str(page): 1 for page in wanted}}
    return float(_GAIN.calc_aggregate(judged, {"q": scored or {"no": 0.0}}))


def pages_by_work(documents: Iterable[Document]) -> dict[str, frozenset[int]]:
    """The pages of each work, over all its versions; the key is `work_of` a document."""
    pages: dict[str, frozenset[int]] = {}
    for document in documents:
        work = work_of(document)
        pages[work] = pages.get(work, frozenset()).union(document.pages)
    return pages


def work_of(document: Document) -> str:
    return document.work or document.id


def rank_plans(
    hits: Sequence[Hit], pages: Iterable[int], works: Mapping[str, frozenset[int]]
) -> dict[str, float]:
    """All-plans recall@1, @5, @10: 1.0 if each plan with one of `pages` is hit on one of them.

    works: as from `pages_by_work`; pages of one work are one plan, and one hit does for it.
    """
    wanted = set(pages)
    return {
        name: float(wanted <= set().union(*(_reached(hit, wanted, works) for hit in hits[:k])))
        for name, k in zip(PLAN_NAMES, CUTOFFS, strict=True)
    }


def _reached(hit: Hit, wanted: set[int], works: Mapping[str, frozenset[int]]) -> set[int]:
    """Those of `wanted` that stand in the hit's plan, or none if it isn't on one of them."""
    on = wanted & set(hit.chunk.pages)
    return on | (wanted & works.get(work_of(hit.chunk.document), frozenset())) if on else on


def missing_facts(text: str, must: Iterable[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """The groups of `must` of which no alternative stands in the text, markers aside."""
    stated = norm(without_markers(text))
    return tuple(group for group in must if not any(norm(a) in stated for a in group))


def facts_in_answer(answer: Answer, question: Question) -> float:
    """1.0 if the answer isn't refused, isn't too long (markers count) and misses no fact."""
    longest = LONGEST_CHARS_BY_TYPE.get(question.type, LONGEST_CHARS)
    fits = not answer.refused and len(answer.text) <= longest
    return float(fits and not missing_facts(answer.text, question.must))


def in_language(answer: Answer, question: Question) -> float:
    """1.0 if the answer, markers aside, is in the question's language.

    An answer without a letter, a bare figure, is in any language.
    """
    return float(detect_language(without_markers(answer.text)) in ("", question.lang))


def citation_violations(answer: Answer) -> tuple[str, ...]:
    """What is wrong between text, markers, quotes and pages, one line each; () if nothing is."""
    used = dict.fromkeys(int(number) for number in _MARKER.findall(answer.text))
    given = Counter(citation.marker for citation in answer.citations)
    return (
        *(f"[{marker}] has no citation" for marker in used if marker not in given),
        *(f"citation [{marker}] is not in the text" for marker in given if marker not in used),
        *(f"[{marker}] has {n} citations" for marker, n in given.items() if n > 1),
        *(fault for citation in answer.citations for fault in _citation_faults(citation)),
    )


def _citation_faults(citation: Citation) -> Iterator[str]:
    document, start, end = citation.document, citation.start, citation.end
    if not citation.quote or document.text[start:end] != citation.quote:
        yield f"[{citation.marker}] is not what {document.id} says at {start}:{end}"
    own = document.pages_of(start, end)
    if citation.pages != own:
        yield f"[{citation.marker}] names pages {citation.pages}, its quote stands on {own}"


def citation_scores(answer: Answer, supports: Supports) -> dict[str, float]:
    """ALCE's citation recall and precision of one answer; {} where it is not defined.

    Recall: the share of statements that their citations, read together, bear out; a statement
    without a citation counts as not borne out. Precision: the share of citations that are needed:
    their statement is borne out, and they bear it out alone or it isn't without them. A statement
    is the text up to and with a run of markers, or what follows the last marker of a paragraph; a
    heading that ends in a colon and a note in brackets are none.

    supports: decides whether passages bear out a statement; a judge's `supports`.
    source: Gao et al. 2023, "Enabling Large Language Models to Generate Text with Citations", 4.2.
    """
    sources = {
        c.marker: f"{c.document.title} {c.document.region}\n{c.quote}" for c in answer.citations
    }
    recalled: list[bool] = []
    needed: list[bool] = []
    for text, markers in _statements(answer.text):
        cited = [sources[marker] for marker in markers if marker in sources]
        holds = bool(cited) and supports(text, cited)
        recalled.append(holds)
        for at, source in enumerate(cited):
            rest = cited[:at] + cited[at + 1 :]
            alone = holds and supports(text, [source])
            needed.append(alone or (holds and not (rest and supports(text, rest))))
    if answer.refused or not recalled:
        return {}
    scores = {CITATION_RECALL: sum(recalled) / len(recalled)}
    return scores | ({CITATION_PRECISION: sum(needed) / len(needed)} if needed else {})


def _statements(text: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """(statement, its markers), in order."""
    for paragraph in re.split(r"\n+", text):
        at = 0
        for run in _MARKERS.finditer(paragraph):
            said = paragraph[at : run.start()].strip()
            if said:
                yield said, tuple(dict.fromkeys(int(n) for n in _MARKER.findall(run.group())))
            at = run.end()
        rest = paragraph[at:].strip()
        if re.search(r"\w", rest) and not re.search(r"[:\uff1a]$|^[(\uff08].*[)\uff09]$", rest):
            yield rest, ()


def stray_figures(answer: Answer) -> tuple[str, ...]:
    """Numerals of the answer found in no quote, title or page cited nor in the question.

    In order, each once, thousands commas removed. Numerals are compared whole: 5 is not in 15.
    In a source they may also be broken by white space: 1 290.
    """
    sources = [answer.question]
    for citation in answer.citations:
        sources += [citation.quote, citation.document.title, *map(str, citation.pages)]
    known = {n for source in sources for n in (*_numerals(source), *_numerals(norm(source)))}
    stated = dict.fromkeys(_numerals(without_markers(answer.text)))
    return tuple(numeral for numeral in stated if numeral not in known)


def _numerals(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text)
    return [match.group().replace(",", "") for match in _NUMERAL.finditer(folded)]


def cites_page(citation: Citation, pages: Iterable[int]) -> bool:
    """Whether the citation stands on one of `pages`."""
    return not set(pages).isdisjoint(citation.pages)
