"""A follow-up -> the question it stands for, from the answers given before.

Nothing is remembered here: the history is a value, and what is carried over is read from the
questions in it each time anew. `rag.followups` tells what a question names.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from rag.followups import (
    UNPARTED,
    Said,
    any_overlap,
    replaced,
    run_of,
    take_apart,
    tidy,
    wording,
)
from rag.glossary import find_terms, name_term
from rag.language import detect_language
from rag.places import find_places, name_in
from rag.query import understand
from rag.types import Answer, Chunk, Citation, Hit, Place
from rag.wording import name, say
from rag.words import Span

_LONGEST = 90  # characters of a follow-up without place or frame; a longer text tells its own
_LEAST_PART = 12  # characters; less between two quotes is a mark or a page reference
_LATIN = ("en", "fr", "de", "es", "pt", "it")
_FEW_HAN = 10  # characters of Chinese without kana that may be Japanese: 森林被覆率
_MARKS = "?? \t"


@dataclass(frozen=True)
class FollowUp:
    """What a follow-up stands for.

    question: stands by itself. language: the follow-up's, in which to answer.
    work:     the plan it points at ("that plan"), "" if none; `searched` is then the question
              without the plan's name, whose words would drown the others.
    deepens:  whether it asks for more on the same; `told` is what was quoted on it already, and
              not to be quoted again. Empty where the source is asked for.
    """

    question: str
    language: str
    work: str = ""
    searched: str = ""
    deepens: bool = False
    told: tuple[Citation, ...] = ()


def resolve(question: str, history: Sequence[Answer]) -> FollowUp | None:
    """The question that a follow-up stands for; None for one that stands by itself.

    history: oldest first. What isn't said is taken from the last question that had a topic.
    """
    base = _find_base(history)
    if base is None or not any(char.isalnum() for char in question):
        return None
    before = _take_standing(base)
    said = take_apart(question, _language(question, before))
    if said.is_whole("more") or said.is_whole("again"):
        return _deeper(said, base, history)
    joined = _Joined(before, said, _region(base), _last_places(history))
    whole = _on_plan(said, history) or joined.question()
    if not whole:
        return None
    found = whole if isinstance(whole, FollowUp) else FollowUp(whole, said.language)
    return replace(found, question=tidy(found.question))


def without_told(hits: Sequence[Hit], told: Sequence[Citation]) -> tuple[Hit, ...]:
    """The hits less what was quoted: a chunk gives the parts before, between and after quotes."""
    return tuple(replace(hit, chunk=part) for hit in hits for part in _parts(hit.chunk, told))


def _parts(chunk: Chunk, told: Sequence[Citation]) -> list[Chunk]:
    """The parts long enough to tell something, in order."""
    quotes = sorted((c.start, c.end) for c in told if c.document.id == chunk.document.id)
    parts, start = [], chunk.start
    for begin, end in [*quotes, (chunk.end, chunk.end)]:
        if min(begin, chunk.end) - start >= _LEAST_PART:
            parts.append(replace(chunk, start=start, end=min(begin, chunk.end)))
        start = max(start, end)
    return parts


def _standing(answer: Answer) -> str:
    return answer.resolved or answer.question


def _take_standing(answer: Answer) -> Said:
    """In its own words' language: more may have been asked for in another."""
    question = _standing(answer)
    return take_apart(question, detect_language(question) or answer.language)


def _find_base(history: Sequence[Answer]) -> Answer | None:
    """The last answer to come back to: with a topic of the trade or a place, even if refused."""
    asked = [(answer, _take_standing(answer)) for answer in reversed(history)]
    with_topic = [(answer, said) for answer, said in asked if said.topic]
    known = (answer for answer, said in with_topic if said.is_known or said.places)
    answered = (answer for answer, _ in with_topic if not answer.refused)
    return next(known, None) or next(answered, None)


def _language(question: str, before: Said) -> str:
    """The follow-up's own language; that of the talk so far where its few words don't tell."""
    talk = before.language
    said = take_apart(question, talk)
    words = replaced(said.text, [(span, " ") for span in (*said.places, *said.years)])
    spoken = detect_language(words)
    if not spoken or not re.search(r"[^\W\d_]", words):
        return talk
    short = len(words.strip()) <= _FEW_HAN
    if talk == "ja" and spoken == "zh" and short and not take_apart(question, "zh").is_framed:
        return talk
    latin = spoken in _LATIN and talk in _LATIN
    return talk if latin and not said.topic else spoken


def _deeper(said: Said, base: Answer, history: Sequence[Answer]) -> FollowUp:
    same = takewhile(lambda answer: _standing(answer) == _standing(base), reversed(history))
    told = tuple(citation for answer in same for citation in answer.citations)
    more = said.is_whole("more")
    return FollowUp(_standing(base), said.language, deepens=True, told=told if more else ())


def _on_plan(said: Said, history: Sequence[Answer]) -> FollowUp | None:
    """A question on "that plan": the one quoted first in the last answer that quoted any."""
    pointers = said.find("plan")
    told = next((a.citations for a in reversed(history) if not a.refused and a.citations), ())
    if not pointers or said.places or not told:
        return None
    same = [c.document for c in told if c.document.work == told[0].document.work]
    document = next((d for d in same if d.language == said.language), same[0])
    title = name(said.language, document)
    padded = title if said.language == "zh" else f" {title} "
    question = replaced(said.text, [(pointers[0], padded)])
    searched = tidy(replaced(said.text, [(pointers[0], " ")]))
    return FollowUp(question, said.language, work=document.work, searched=searched)


def _region(answer: Answer) -> tuple[Place, ...]:
    """The place that the answer quoted first is of."""
    return find_places(answer.citations[0].document.region)[:1] if answer.citations else ()


def _last_places(history: Sequence[Answer]) -> tuple[Place, ...]:
    """Those of the last question that names two or more, else the two last spoken of; () for less.

    In the order in which they were spoken of.
    """
    last: list[Place] = []
    for answer in reversed(history):
        named = dict.fromkeys(mention.place for mention in _take_standing(answer).mentions)
        if len(named) > 1 and not last:
            return tuple(named)
        last += [place for place in named if place not in last]
        if len(last) > 1:
            return (last[1], last[0])
    return ()


@dataclass(frozen=True)
class _Joined:
    """The question before, what is said now, and the places that were last spoken of.

    region: the one that the answer before quoted. several: those that "both" may mean.
    """

    before: Said
    said: Said
    region: tuple[Place, ...]
    several: tuple[Place, ...]

    def question(self) -> str:
        """What both say together; "" where the new one stands by itself."""
        said = self.said
        if self.several and not said.places and (said.has("pair") or self._ranks()):
            return self._of_several()
        if said.places and self._compares():
            return self._substituted()
        if said.has("plan"):
            return ""  # a plan that no answer quoted
        if said.places and said.topic:
            return self._dated() if said.is_framed else ""
        if said.is_general and (said.topic or not said.places):
            return ""
        if not (said.topic or said.places or said.years or self._asks_on()):
            return self.before.text if said.has("clause") else ""  # 具体是多少?
        if said.topic:
            return self._with_topic() if self._follows() else ""
        if said.has("asks") and (said.is_framed or not said.places):
            return self._asked_on()
        return "" if said.has("asks") else self._substituted()

    def _ranks(self) -> bool:
        """Whether it only asks which is more: 哪个更高?, by how much?"""
        return self.said.has("ranks") and not self.said.topic

    def _of_several(self) -> str:
        said = self.said
        names = [name_in(said.language, place) for place in self.several]
        joined = self._word("and") if len(names) == 2 else say(said.language, "comma")
        years = "" if said.years else self._year_names()
        apart = replaced(said.text, [(span, " ") for span in said.find("pair")])
        bare = take_apart(tidy(apart), said.language).bare()
        topic = "" if said.topic else self._topic_name()
        return self._led_by(f"{bare}?", [joined.join(names), years, topic])

    def _compares(self) -> bool:
        return self.said.has("compare") and not self.said.topic and bool(self._before_places())

    def _asks_on(self) -> bool:
        return self.said.has("asks") or bool(self.said.pronouns)

    def _follows(self) -> bool:
        """Whether a topic without a place is meant of the place before."""
        said = self.said
        if not (self._before_places() or self.before.years or said.is_framed):
            return False
        if said.is_framed or said.pronouns:
            return True
        figure = not said.has("asks") or said.has("when")
        return said.is_known and figure and len(said.text) <= _LONGEST

    def _with_topic(self) -> str:
        """Another topic for the place and years before."""
        bare = not self.said.has("clause") or self._is_of_figure()
        if bare and self._same_language() and self._topic_stands_apart():
            return self._substituted()
        return self._in_context(places=True, topic=False)

    def _is_of_figure(self) -> bool:
        """Whether all it adds to its topic is how much, as the question before asked too."""
        said = self.said
        plain = not said.has("asks") and not said.find("thing") and said.language == "zh"
        return plain and understand(self.before.text).wants_figure

    def _asked_on(self) -> str:
        """Who, when, which measures: asked of the topic before, or of its place alone."""
        said = self.said
        of_place = bool(said.find("place")) and not said.has("also")
        return self._in_context(places=not said.places, topic=not of_place)

    def _dated(self) -> str:
        """A place and a topic of its own, in the years before."""
        said = self.said
        if said.years or said.has("asks") or said.has("clause") or not self.before.years:
            return ""
        return self._in_context(places=False, topic=False)

    # The question before, with what is said now in the place of what it said.

    def _substituted(self) -> str:
        before, said = self.before, self.said
        if not self._same_language():
            return self._composed()
        changes: list[tuple[Span, str]] = []
        lead: list[str] = []
        for entry in ("places", "years"):
            spans = getattr(before, entry) or (before.find("nation") if entry == "places" else ())
            old, new = run_of(before, spans), getattr(said, entry)
            if new and old:
                changes.append((old, self._with_old(old, entry)))
            elif new and spans:
                return self._composed()
            elif new:
                lead.append(self._slices(entry))
        if said.topic and before.topic:
            changes.append((before.topic, said.slice(said.topic)))
        if any_overlap([span for span, _ in changes]):
            return self._composed()
        return self._led_by(_unquoted(replaced(before.text, changes), said), lead)

    def _with_old(self, old: Span, entry: str) -> str:
        new = self._slices(entry)
        if entry == "places" and self._compares():
            return f"{self.before.slice(old)}{self._word('and')}{new}"
        return new + (" " if _cut_off(self.before, old) else "")

    def _same_language(self) -> bool:
        return self.before.language == self.said.language

    def _topic_stands_apart(self) -> bool:
        topic = self.before.topic
        spans = [*self.before.places, *self.before.years, *self.before.titles]
        return topic is not None and not any_overlap([topic, *spans])

    # A question of its own, with what it leaves out before it.

    def _in_context(self, *, places: bool, topic: bool) -> str:
        said, parts = self.said, []
        bare = said.bare()
        if places:
            spoken = self._place_names()
            bare, inside = self._with_place(spoken, apart=topic)
            parts += [] if inside else [spoken]
        if not said.years and not said.has("when") and self._carries_years(topic=topic):
            parts.append(self._year_names())
        if topic:
            parts.append(self._topic_name())
        if said.find("thing"):
            bare = _without(bare, said)
        if not any(parts) and bare == said.text.strip(_MARKS):
            return ""
        return self._led_by(f"{bare}?", parts)

    def _with_place(self, spoken: str, *, apart: bool) -> tuple[str, bool]:
        """The question with the place for "that province", or without that; and whether with.

        "there" is left out, as all such words are if the place is to be named apart.
        """
        said = self.said
        pointer = next(iter(said.find("place")), None)
        if not pointer or not spoken:
            return said.bare(), False
        stands_in = not apart and (said.language in UNPARTED or " " in said.slice(pointer))
        new = spoken + _genitive(said, pointer) if stands_in else ""
        changed = take_apart(replaced(said.text, [(pointer, new)]), said.language)
        return changed.bare(), stands_in

    def _carries_years(self, *, topic: bool) -> bool:
        return bool(self.before.years) and not self.said.has("asks") and not topic

    def _led_by(self, question: str, parts: Sequence[str]) -> str:
        """The parts that are not empty, then the question."""
        kept = [part for part in parts if part]
        return self._word("between").join(kept) + (self._word("after") if kept else "") + question

    # A question in another language than the one before, from what it names.

    def _composed(self) -> str:
        said = self.said
        figure = understand(self.before.text).wants_figure
        places = self._slices("places") or self._place_names()
        if self._compares():
            places = f"{self._place_names()}{self._word('and')}{self._slices('places')}"
        years = self._slices("years") or self._year_names()
        topic = said.slice(said.topic) if said.topic else self._topic_name()
        form = self._word("figure" if figure else "scope")
        text = form.format(places=places, years=years, topic=topic)
        return re.sub(r"\s*\(\)|\s*[,،]\s*(?=[?？؟]|$)", "", text)

    def _word(self, entry: str) -> str:
        return wording(self.said.language)[entry]

    def _slices(self, entry: str) -> str:
        """Places or years as they are said now, joined where there are several."""
        spoken = [self.said.slice(span).strip() for span in getattr(self.said, entry)]
        form = self._word("year")
        return self._word("and").join(form.format(s) if s.isdecimal() else s for s in spoken)

    def _before_places(self) -> tuple[Place, ...]:
        return tuple(dict.fromkeys(mention.place for mention in self.before.mentions))

    def _place_names(self) -> str:
        """The places before, as they were said, or by their names in the language of now."""
        before = self.before
        if before.places and self._same_language():
            return self._word("and").join(dict.fromkeys(before.slice(s) for s in before.places))
        places = self._before_places() or (self.region if self.said.find("place") else ())
        around = {place.within for place in places}
        inner = [place for place in places if place.name not in around]
        return self._word("and").join(name_in(self.said.language, place) for place in inner)

    def _year_names(self) -> str:
        years = (self.before.slice(span) for span in self.before.years)
        form = self._word("year")
        named = (form.format(year[:4]) if year[:2] == "20" else year for year in years)
        return self._word("and").join(dict.fromkeys(named))

    def _topic_name(self) -> str:
        """The topic before, by the glossary's names in the language of now if that is another."""
        before = self.before
        if not before.topic:
            return ""
        spoken = before.slice(before.topic)
        if self._same_language():
            return spoken
        terms = {t.zh: spoken[t.start : t.end] for t in find_terms(spoken, before.language)}
        names = (name_term(zh, self.said.language, like=said) for zh, said in terms.items())
        return ("" if self.said.language == "zh" else " ").join(names) or spoken


def _unquoted(question: str, said: Said) -> str:
    """A title loses its marks where a place in it was replaced: no plan bears the new name."""
    return question.replace("《", "").replace("》", "") if said.places else question


def _cut_off(before: Said, span: Span) -> bool:
    return span.end < len(before.text) and before.text[span.end - 1].isspace()


def _genitive(said: Said, span: Span) -> str:
    return "'s" if said.slice(span).endswith("'s") else ""


def _without(bare: str, said: Said) -> str:
    """The question without its first "it" or "its", whose sense the context gives."""
    again = take_apart(bare, said.language)
    return tidy(replaced(again.text, [(span, "") for span in again.find("thing")[:1]]))
