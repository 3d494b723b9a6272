"""A tokenizer of words and pieces of words for all ten languages, made by counting.

Chinese words come from a segmenter, words of other scripts from their letters, pieces of rare words
from byte-pair merges over the counted words; each token's score is the log of its frequency, and a
text is cut where the scores' sum is highest. Nothing is fitted to unsegmented lines, so it takes a
minute. source: Kudo 2018, "Subword Regularization", section 3.2, for the cutting.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import rjieba
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

SIZE = 64_000
_CJK = r"\u3400-\u9fff"
_RUNS = re.compile(rf"[{_CJK}]+|[^\W\d_{_CJK}]+|\d+")
_MAX_CHARS = {True: 6, False: 18}  # of a word, Chinese or not
_PIECES = 12_000  # of the vocabulary, for words too rare to have a token of their own
_MIN_COUNT = 3
_SINGLE = 20  # a character's frequency is divided by it, so that words are cut apart last
_SIGNS = ".,;:!?()[]%\u3002\u3001"
_BATCH = 1_000


def train_tokenizer(sources: Mapping[str, Iterable[str]]) -> Tokenizer:
    """A Unigram tokenizer of at most SIZE tokens; the same for the same texts."""
    normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    counts = {
        name: _count(normalizer.normalize_str(text) for text in dict.fromkeys(texts))
        for name, texts in sources.items()
    }
    scored = _vocabulary(counts)
    total = sum(scored.values())
    vocabulary = [("[UNK]", math.log(1 / total) - 10)]
    vocabulary += [(token, math.log(count / total)) for token, count in scored.items()]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=0))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Whitespace(),
            pre_tokenizers.Split(Regex(rf"[{_CJK}]+|\d+"), "isolated"),
        ]
    )
    return tokenizer


def _count(texts: Iterable[str]) -> Counter[str]:
    """Words and figures by frequency; a run of Chinese characters is segmented."""
    counts: Counter[str] = Counter()
    for text in texts:
        for run in _RUNS.findall(text):
            counts.update(rjieba.cut(run) if _is_chinese(run) else (run,))
    return counts


def _vocabulary(counts: Mapping[str, Counter[str]]) -> dict[str, float]:
    """Token -> frequency: characters, pieces of words, then the words most spread over sources."""
    together: Counter[str] = Counter()
    spread: defaultdict[str, float] = defaultdict(float)
    for own in counts.values():
        together.update(own)
        for word, count in own.items():
            spread[word] += math.log1p(count)
    chosen = _characters(together) | _pieces(together)
    words = [
        word
        for word, count in together.items()
        if count >= _MIN_COUNT and len(word) <= _MAX_CHARS[_is_chinese(word)]
    ]
    for word in sorted(words, key=lambda word: (-spread[word], word)):
        if len(chosen) >= SIZE - 1:
            break
        chosen[word] = together[word]
    return chosen


def _characters(counts: Counter[str]) -> dict[str, float]:
    found: Counter[str] = Counter(dict.fromkeys(_SIGNS, _MIN_COUNT))
    for word, count in counts.items():
        for character in word:
            found[character] += count
    return {c: n / _SINGLE for c, n in sorted(found.items()) if n >= _MIN_COUNT}


def _pieces(counts: Counter[str]) -> dict[str, float]:
    """Byte-pair merges over the words of alphabets -> in how many words each is found."""
    words = sorted(word for word in counts if not _is_chinese(word))
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(
        vocab_size=_PIECES, min_frequency=3, max_token_length=8, show_progress=False
    )
    batches = [" ".join(words[at : at + _BATCH]) for at in range(0, len(words), _BATCH)]
    tokenizer.train_from_iterator(batches, trainer)
    found = Counter(t for batch in batches for t in tokenizer.encode(batch).tokens)
    return {piece: float(n) for piece, n in sorted(found.items()) if len(piece) > 1}


def _is_chinese(word: str) -> bool:
    return "\u3400" <= word[0] <= "\u9fff"
