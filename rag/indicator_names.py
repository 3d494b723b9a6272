"""Which indicators of a table a text asks for, by the characters and stems they share."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from rag.glossary import find_terms, stem_words
from rag.indicators import load_aliases, load_indicators
from rag.language import detect_language
from rag.places import without_places
from rag.types import Target
from rag.words import tokenize

# Fitted on the training questions, see `evals/LOG.md`: a name's weight counts as if it had this
# much more, so that of two names said in full the longer wins; words of the trade that a name
# lacks count this much against it; a name of many rows is a little likelier.
_PRIOR_WEIGHT, _EXTRA_SHARE, _FREQUENCY_SHARE = 3.0, 0.3, 0.02
_MIN_SCORES, _MIN_SCORE = {"zh": 0.36}, 0.3  # of Chinese texts and of others
_MIN_SHARE_OF_BEST = 0.6
_MOST = 5
_HAN_WEIGHT = 0.3  # a single character says less than a pair
_TERM_NAMES = 3  # of a foreign term, this many Chinese names are compared
_LIKELY_FACTOR = 1.15
_LATIN, _FEW_WORDS = ("en", "fr", "de", "es", "pt", "it"), 3

_SAME = (
    ("占比|比例|份额|占(?=[一-鿿])", "比重"),
    ("降低|减少|降幅|降耗", "下降"),
    ("(?:国内|地区)?生产总值|[Gg][Dd][Pp]", "GDP"),
    ("能源消耗|能源消费(?=下降|比20)", "能耗"),
    ("规模以上", "规上"),
    ("提升", "提高"),
)
_YEARS = re.compile(r"20\d\d\s*年?|“?十[三四五]五”?")
_TITLE = re.compile(
    r"《[^》]*》|[一-鿿、]{0,14}?(?:方案|意见|决定|若干措施|行动计划|工作计划|发展规划|能源规划)"
    r"|\b(?:in|under|according to)\b[^,?]{0,60}?\b(?:plan|opinions?|scheme|decision)\b(?:'s)?",
    re.IGNORECASE,
)


class IndicatorNames:
    """Finds which indicators of a table of targets a text names, in any of eleven languages."""

    def __init__(self, rows: Iterable[Target]) -> None:
        counts = Counter((row.indicator, row.indicator_en) for row in rows)
        self.frequency: Counter[str] = Counter()
        for (name, _), count in counts.items():
            self.frequency[name] += count
        # Those that plans commonly set are weighed too, so that a small table is no looser.
        common = ((rule.name, rule.en) for rule in load_indicators())
        self._known = tuple(dict.fromkeys((*counts, *common)))
        self._spoken: dict[str, _Names] = {}

    def resolve(self, text: str, likely: Iterable[str] = ()) -> tuple[str, ...]:
        """The indicators that `text` names, best first, five at most; () if none is near.

        text: a name, a phrase or a whole question. likely: names that are preferred where the
        text leaves it open. What is compared: the shared characters, pairs of characters and
        stems, weighed by rarity among the names, see `_Names.score`.
        The least score is 0.36 for a Chinese text and 0.3 for another.
        """
        if text in self.frequency:
            return (text,)
        plain = _YEARS.sub(" ", without_places(text))
        asked = _TITLE.sub(" ", plain)
        language = detect_language(text)
        return self._best(asked, language, set(likely)) or self._best(plain, language, set(likely))

    def _best(self, text: str, language: str, likely: set[str]) -> tuple[str, ...]:
        least = _MIN_SCORES.get(language, _MIN_SCORE)
        scores = self._scores(text, language)
        scores = {n: s for n, s in scores.items() if s >= least and n in self.frequency}
        for name, score in scores.items():
            preferred = _LIKELY_FACTOR if name in likely else 1.0
            scores[name] = score * preferred + _FREQUENCY_SHARE * math.log(self.frequency[name])
        best = sorted(scores, key=lambda name: (-scores[name], name))
        return tuple(n for n in best if scores[n] >= _MIN_SHARE_OF_BEST * scores[best[0]])[:_MOST]

    def _scores(self, text: str, language: str) -> dict[str, float]:
        chinese = self._names_in("zh")
        if language == "zh":
            return chinese.score(_features(text))
        terms = find_terms(text, language)
        said = " ".join(n for term in terms for n in term.names[:_TERM_NAMES])
        scores = chinese.score(_features(said) | set(tokenize(text)))
        # A few words may be of another language than they look.
        unsure = language in _LATIN and len(text.split()) <= _FEW_WORDS
        for spoken in dict.fromkeys((language, *_LATIN)) if unsure else (language,):
            named = self._names_in(spoken).score(_spoken_features(text, spoken))
            scores = _merged(scores, named, mean=language == spoken == "en")
        return scores

    def _names_in(self, language: str) -> "_Names":
        """The names known in a language: the table's if Chinese or English, and the aliases."""
        if language not in self._spoken:
            names = [
                (n, o) for n, spoken in load_aliases().items() for o in spoken.get(language, ())
            ]
            if language == "zh":
                names += [(name, name) for name, _ in self._known]
            if language == "en":
                names += [(name, english) for name, english in self._known if english]
            self._spoken[language] = _Names(
                (name, _spoken_features(said, language)) for name, said in dict.fromkeys(names)
            )
        return self._spoken[language]


class _Names:
    """Names as weighted sets of features; a feature weighs the more the fewer names have it."""

    def __init__(self, names: Iterable[tuple[str, set[str]]]) -> None:
        """names: (the indicator, the features of one name of it)."""
        self._names = [(owner, features) for owner, features in names if features]
        self._with: defaultdict[str, list[int]] = defaultdict(list)
        for row, (_, features) in enumerate(self._names):
            for feature in features:
                self._with[feature].append(row)
        owners = len({owner for owner, _ in self._names})
        self._weights = {
            feature: _weight(feature, owners / len({self._names[row][0] for row in rows}))
            for feature, rows in self._with.items()
        }
        self._totals = [
            sum(self._weights[f] for f in sorted(features)) for _, features in self._names
        ]

    def score(self, features: set[str]) -> dict[str, float]:
        """Indicator -> shared weight / (its name's + 3 + 0.3 of what else is said), in [0, 1)."""
        known = sorted(features & self._weights.keys())  # in order, so that sums repeat
        said = sum(self._weights[feature] for feature in known)
        shared: defaultdict[int, float] = defaultdict(float)
        for feature in known:
            for row in self._with[feature]:
                shared[row] += self._weights[feature]
        scores: defaultdict[str, float] = defaultdict(float)
        for row, weight in shared.items():
            besides = self._totals[row] + _PRIOR_WEIGHT + _EXTRA_SHARE * (said - weight)
            owner = self._names[row][0]
            scores[owner] = max(scores[owner], weight / besides)
        return scores


def _merged(a: dict[str, float], b: dict[str, float], *, mean: bool) -> dict[str, float]:
    if mean:
        return {name: (a.get(name, 0.0) + b.get(name, 0.0)) / 2 for name in a.keys() | b.keys()}
    return {name: max(a.get(name, 0.0), b.get(name, 0.0)) for name in a.keys() | b.keys()}


def _weight(feature: str, rarity: float) -> float:
    single = len(feature) == 1 and feature > "\u3000"
    return math.log(1 + rarity) * (_HAN_WEIGHT if single else 1.0)


def _features(text: str) -> set[str]:
    for pattern, one in _SAME:
        text = re.sub(pattern, one, text)
    return set(tokenize(text))


def _spoken_features(text: str, language: str) -> set[str]:
    cjk = language in ("zh", "ja", "ko")
    return _features(text) if cjk else set(stem_words(text, language))
