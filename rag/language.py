"""The language a text is written in: its script first, then its commonest words."""

import re
from collections import Counter
from functools import cache
from unicodedata import normalize

LANGUAGES = ("zh", "en", "ja", "ko", "fr", "de", "es", "ru", "ar", "pt", "it")
_SAMPLE_CHARS = 20_000  # more text changes no verdict and costs time
_SCRIPTS = {
    "kana": "[\u3041-\u3096\u30a1-\u30fa\uff66-\uff9d]",
    "zh": "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]",
    "ko": "[\uac00-\ud7a3\u1100-\u11ff\u3131-\u318e]",
    "ru": "[\u0400-\u052f]",
    "ar": "[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefe]",
    "latin": "[A-Za-z\u00c0-\u024f]",
}
# One Han character, syllable or kana says about as much as this many letters of an alphabet.
_LETTERS_PER_HAN = 3
_KANA_SHARE = 0.05  # of the Han and kana; a Chinese text quotes less, a Japanese one has far more
_LETTERS_PER_KNOWN_WORD = 4  # "What is 碳达峰?" is English: its frame counts, not its subject
_WORD = re.compile(r"[A-Za-z\u00df-\u024f]+")
# Function words, and the question words of short questions. A word of several languages counts
# for each of them, divided by their number.
_WORDS = {
    "en": "the of and to in is are was what which how many much does do did for by with on at"
    " from that this its under should will who when where why has have be an or as it than"
    " list name between each per must can there their not any these share target targets"
    " plan non energy a i me my you your tell show give make write please about",
    "fr": "le la les l d du des de et un une est sont dans pour par sur au aux en que qu quel"
    " quelle quels quelles comment combien où qui quoi quand pourquoi il elle t ce cette ces"
    " son sa ses leur avec plus ne pas selon à ou être vise prévoit doit doivent afin sous"
    " entre se non énergie énergies objectif objectifs part merci",
    "de": "der die das den dem des ein eine einen einem einer und oder ist sind wird werden soll"
    " sollen von vom zu zum zur im in am an auf bei bis für mit nach aus über unter um wie"
    " viele viel hoch was welche welcher welches welchen welchem wann wo wer laut sich nicht"
    " als es sein gibt will sieht seine ihre plan anteil ziel ziele energie danke",
    "es": "el la los las de del un una y o es son en para por con según al que qué cuál cuáles"
    " cuánto cuánta cuántos cuántas cómo dónde cuándo quién se su sus a como más lo no sobre"
    " entre desde hasta debe deben tiene este esta están meta metas plan año ha objetivo"
    " objetivos gracias dime cite enumera nombra medidas provincia dos tres cuatro",
    "pt": "o a os as de do da dos das um uma e ou é são em no na nos nas para por pelo pela com"
    " segundo ao à aos às que qual quais quanto quanta quantos quantas como onde quando quem"
    " se sua seu suas seus mais não até entre deve devem tem este esta meta plano ano há"
    " sobre prevê metas objetivo objetivos energia obrigado",
    "it": "il lo la i gli le di del dello della dei degli delle dell un uno una e o è sono in nel"
    " nella nei nelle nell per con su sul sulla al allo alla ai agli alle all da dal dalla"
    " dall che quale quali qual quanto quanta quanti quante come dove quando chi cosa si suo"
    " sua più non fino entro secondo tra deve devono prevede piano anno ha l energia"
    " obiettivo obiettivi grazie",
}
# Letters that mark a language; each counts as much as a word of it alone.
_LETTERS = {
    "fr": "çêëîïôœûùâàéè",
    "de": "äöüß",
    "es": "ñáéíóúü",
    "pt": "ãõçáâàéêíóôú",
    "it": "àèéìòù",
}


def detect_language(text: str) -> str:
    """One of LANGUAGES, by the first 20,000 characters; "" for a text without a letter.

    A language of another alphabet gives "", one in Latin letters whichever listed is nearest;
    without any known word or accent, English.
    """
    sample = normalize("NFC", text[:_SAMPLE_CHARS])
    known = [word for word in _words(sample) if word in _languages_of_words()]
    counts = {name: len(pattern.findall(sample)) for name, pattern in _patterns().items()}
    kana, han = counts.pop("kana"), counts["zh"]
    counts["ko"] *= _LETTERS_PER_HAN
    counts["zh"] = (han + kana) * _LETTERS_PER_HAN
    counts["latin"] += len(known) * _LETTERS_PER_KNOWN_WORD
    script = max(counts, key=lambda name: counts[name])
    if not counts[script]:
        return ""
    if script == "zh":
        return "ja" if kana > _KANA_SHARE * (han + kana) else "zh"
    return _latin_language(sample, known) if script == "latin" else script


def _words(text: str) -> list[str]:
    """Words in Latin letters, in lower case, without acronyms (IT is no pronoun)."""
    return [w.lower() for w in _WORD.findall(text) if len(w) == 1 or not w.isupper()]


def _latin_language(text: str, known: list[str]) -> str:
    scores: Counter[str] = Counter({"en": 0})
    for word in known:
        _add(scores, _languages_of_words()[word])
    for char in text.lower():
        if char > "\x7f":
            _add(scores, _languages_of_letters().get(char, ()))
    return scores.most_common(1)[0][0]


def _add(scores: Counter[str], languages: tuple[str, ...]) -> None:
    """One point, in sixtieths, shared among the languages."""
    for language in languages:
        scores[language] += 60 // len(languages)


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    return {name: re.compile(pattern) for name, pattern in _SCRIPTS.items()}


@cache
def _languages_of_words() -> dict[str, tuple[str, ...]]:
    return _inverted({language: tuple(words.split()) for language, words in _WORDS.items()})


@cache
def _languages_of_letters() -> dict[str, tuple[str, ...]]:
    return _inverted({language: tuple(letters) for language, letters in _LETTERS.items()})


def _inverted(table: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    entries = {entry for row in table.values() for entry in row}
    return {e: tuple(lang for lang, row in table.items() if e in row) for e in entries}
