"""What a question names and points back at: places, years, topic, pronouns, a way of asking on.

The wording of eleven languages is `rag/followups.json`. There a word is a regular expression, `_`
the space inside one, and the words of an entry are parted by spaces; `more` and `again` are one
expression each, for the whole question.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path

from rag.glossary import find_terms
from rag.places import Mention, find_mentions
from rag.words import Span, normalize

_TABLE = Path(__file__).with_name("followups.json")
UNPARTED = ("zh", "ja", "ko")  # words of these may begin and end inside a run of letters
_YEAR = re.compile(
    r"(?<!\d)20\d\d(?!\d)\s*[年년]?|[“\"]?十[四五]五[”\"]?(?:时期|期间)?"
    r"|(?:the )?1[45]th five[- ]year(?: plan)?(?: period)?",
    re.IGNORECASE,
)
_ENDS = " \t,.;:!?、。؟،¿¡'\"“”()-…"
_RANKS = "省市区县"
_PRONOUNS = ("plan", "place", "pair", "thing")
_GAP = 8  # characters between two places or years that are said in one breath: 江苏和湖南
_BESIDE = 2  # characters between a place and the one around it: 上海市徐汇区, Xuhui, Shanghai
_KNOWN_SHARE = 0.6  # of the letters of a topic that the glossary must know: evals/LOG.md


@dataclass(frozen=True)
class Said:
    """A question taken apart. All spans count characters of `text`, which is normalized."""

    text: str
    language: str

    @cached_property
    def mentions(self) -> tuple[Mention, ...]:
        return find_mentions(self.text)

    @cached_property
    def places(self) -> tuple[Span, ...]:
        """Runs that name places, in order; a place and the one around it are one run."""
        runs: list[Span] = []
        for mention in self.mentions:
            if runs and mention.start - runs[-1].end <= _BESIDE and self._holds(runs[-1], mention):
                runs[-1] = Span(runs[-1].start, max(runs[-1].end, mention.end))
            elif not runs or mention.start >= runs[-1].end:
                runs.append(Span(mention.start, mention.end))
        return tuple(Span(start, self._with_rank(end)) for start, end in runs)

    def _with_rank(self, end: int) -> int:
        """Where a name ends whose rank the table leaves out: 徐汇 of 徐汇区."""
        return end + (self.text[end : end + 1] in tuple(_RANKS))

    def _holds(self, run: Span, mention: Mention) -> bool:
        """Whether the run names what lies around the place mentioned, or in it."""
        inside = [m.place for m in self.mentions if run.start <= m.start and m.end <= run.end]
        return any(
            mention.place.within == place.name or place.within == mention.place.name
            for place in inside
        )

    @cached_property
    def years(self) -> tuple[Span, ...]:
        """The years asked for; those compared with, and those in the name of a plan, left out."""
        apart = [*self.find("baseline"), *self.find("title")]
        spans = (Span(*match.span()) for match in _YEAR.finditer(self.text))
        return tuple(s for s in spans if not any(_overlap(s, other) for other in apart))

    @cached_property
    def titles(self) -> tuple[Span, ...]:
        return self.find("title")

    @cached_property
    def topic(self) -> Span | None:
        """From the first to the last word that is neither place, year, pronoun nor mere wording.

        The name of a plan counts only where nothing else is asked for.
        """
        return self._topic(self.titles) or self._topic(())

    def _topic(self, apart: Sequence[Span]) -> Span | None:
        frame = (*self.find("opening"), *self.find("closing"))
        named = (*apart, *self.places, *self._all_years, *self.pronouns, *frame)
        kept = [char.isalnum() for char in self.text]
        asking = (*self.find("idle"), *self.find("asks"), *self.find("ranks"))
        for span in (*asking, *named):
            kept[span.start : span.end] = [False] * (span.end - span.start)
        for term in self._terms:
            if any(kept[term.start : term.end]):  # 大宗固废 keeps its 大
                kept[term.start : term.end] = [True] * (term.end - term.start)
        for span in named:
            kept[span.start : span.end] = [False] * (span.end - span.start)
        at = [i for i, keep in enumerate(kept) if keep]
        return Span(at[0], at[-1] + 1) if at else None

    @cached_property
    def _all_years(self) -> tuple[Span, ...]:
        return tuple(Span(*m.span()) for m in _YEAR.finditer(self.text))

    @cached_property
    def _terms(self) -> tuple[Span, ...]:
        terms = find_terms(self.text, self.language)
        return tuple(Span(term.start, term.end) for term in terms)

    @cached_property
    def pronouns(self) -> tuple[Span, ...]:
        """What stands for places, a plan or a thing named before."""
        return tuple(span for entry in _PRONOUNS for span in self.find(entry))

    @property
    def is_framed(self) -> bool:
        """Whether it opens or ends as only a follow-up does: 那…, …呢, and …, et pour …"""
        opens = any(not self.text[: span.start].strip(_ENDS) for span in self.find("opening"))
        return opens or self.has("closing")

    @property
    def is_general(self) -> bool:
        """Whether it names its own source, asks of all places or what a word means."""
        blank = _blanked(self.text, self.find("plan"))
        return bool(_pattern(self.language, "general").search(blank))

    @property
    def is_known(self) -> bool:
        """Whether its topic is one of the trade, said in its own words."""
        if not self.topic:
            return False
        letters = [i for i in range(*self.topic) if self.text[i].isalnum()]
        known = [i for i in letters if any(s.start <= i < s.end for s in self._terms)]
        return len(known) >= _KNOWN_SHARE * len(letters)

    def find(self, entry: str) -> tuple[Span, ...]:
        found = _pattern(self.language, entry).finditer(self.text)
        return tuple(Span(*match.span()) for match in found if match.group())

    def has(self, entry: str) -> bool:
        return bool(self.find(entry))

    def is_whole(self, entry: str) -> bool:
        """Whether the whole question is such a phrase: 再详细一点, what is the source?"""
        whole = wording(self.language)[entry].replace("_", r"\s+")
        return bool(re.fullmatch(whole, self.text.strip(_ENDS), re.IGNORECASE))

    def bare(self) -> str:
        """The question without its opening, its ending and marks around."""
        apart = [s for s in self.find("opening") if not self.text[: s.start].strip(_ENDS)]
        return tidy(_blanked(self.text, [*apart[:1], *self.find("closing")])).strip(_ENDS)

    def slice(self, span: Span) -> str:
        return self.text[span.start : span.end]


def take_apart(question: str, language: str) -> Said:
    """language: one of the table's; another is read as English."""
    return Said(normalize(question).strip(), language if language in _table() else "en")


def wording(language: str) -> dict[str, str]:
    """The entries of a language; English where the table lacks it."""
    return _table().get(language) or _table()["en"]


def tidy(text: str) -> str:
    """Runs of white space to one; none before a comma or at the ends."""
    return re.sub(r"\s+(?=[,،、])", "", re.sub(r"\s+", " ", text)).strip()


def replaced(text: str, changes: Iterable[tuple[Span, str]]) -> str:
    """Each span replaced; they must not overlap, and may come in any order."""
    for span, new in sorted(changes, reverse=True):
        text = text[: span.start] + new + text[span.end :]
    return text


def run_of(said: Said, spans: Sequence[Span]) -> Span | None:
    """One run from the first to the last of spans said in one breath; None if they lie apart."""
    gaps = (said.text[one.end : other.start] for one, other in pairwise(spans))
    near = all(len(gap) <= _GAP for gap in gaps)
    return Span(spans[0].start, spans[-1].end) if spans and near else None


def any_overlap(spans: Sequence[Span]) -> bool:
    """Whether any two have a character in common."""
    ordered = sorted(spans)
    return any(a.end > b.start for a, b in pairwise(ordered))


def _blanked(text: str, spans: Iterable[Span]) -> str:
    return replaced(text, ((span, " " * (span.end - span.start)) for span in dict.fromkeys(spans)))


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


@cache
def _pattern(language: str, entry: str) -> re.Pattern[str]:
    """Any word of an entry, the longest first; a whole word where the script parts words."""
    words = wording(language)[entry].split()
    alternatives = "|".join(sorted(words, key=len, reverse=True))
    if not alternatives:
        return re.compile(r"(?!)")
    edges = ("", "") if language in UNPARTED else (r"(?<!\w)", r"(?!\w)")
    spaced = alternatives.replace("_", r"\s*" if language in UNPARTED else r"\s+")
    return re.compile(f"{edges[0]}(?:{spaced}){edges[1]}", re.IGNORECASE)


@cache
def _table() -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return table
