import json
import math
from collections import Counter

import numpy as np
import pytest

from rag import lexical
from rag.lexical import LexicalIndex, building, spilling
from rag.words import tokenize

TEXTS = [
    "到2025年非化石能源消费比重达到22%",
    "到2030年非化石能源消费比重达到25%左右",
    "",
    "wind power targets",
    "能源能源能源",
]
K1, B = 1.2, 0.5


@pytest.fixture(scope="module")
def index():
    return LexicalIndex.build(TEXTS)


def bm25(tokens):
    """BM25 in the Lucene form, written out; a text without a token counts as one token long."""
    documents = [Counter(tokenize(text) or [""]) for text in TEXTS]
    lengths = [sum(document.values()) for document in documents]
    mean = sum(lengths) / len(lengths)
    scores = []
    for document, length in zip(documents, lengths, strict=True):
        score = 0.0
        for token in tokens:
            found = sum(token in d for d in documents)
            idf = math.log(1 + (len(TEXTS) - found + 0.5) / (found + 0.5))
            frequency = document[token]
            score += idf * frequency / (frequency + K1 * (1 - B + B * length / mean))
        scores.append(score)
    return scores


@pytest.mark.parametrize("question", ["2025年非化石能源", "能源", "wind", "TARGET 2030"])
def test_scores_are_those_of_bm25_written_out(index, question):
    tokens = tokenize(question)
    np.testing.assert_allclose(index.scores(tokens), bm25(tokens), rtol=1e-5, atol=1e-6)


def test_scores_are_float32_one_a_row_and_never_negative(index):
    scores = index.scores(tokenize("能源2025年"))
    assert scores.shape == (len(TEXTS),)
    assert scores.dtype == np.float32
    assert (scores >= 0).all()


def test_a_token_given_twice_counts_twice(index):
    np.testing.assert_allclose(index.scores(["能源"] * 2), 2 * index.scores(["能源"]), rtol=1e-6)


def test_unknown_tokens_change_nothing(index):
    np.testing.assert_array_equal(index.scores(["能源", "zebra"]), index.scores(["能源"]))
    assert index.scores(["zebra"]).tolist() == [0.0] * len(TEXTS)
    assert index.scores([]).tolist() == [0.0] * len(TEXTS)


@pytest.mark.parametrize(("token", "rows"), [("能源", 3), ("wind", 1), ("2025", 1)])
def test_rarity_is_the_weight_that_bm25_gives_a_word(index, token, rows):
    idf = math.log(1 + (len(TEXTS) - rows + 0.5) / (rows + 0.5))
    assert index.rarity(token) == pytest.approx(idf)


def test_an_unknown_word_tells_as_much_as_the_rarest_known_one(index):
    assert index.rarity("zebra") == index.rarity("wind")


def test_a_word_of_every_text_still_tells_something():
    assert LexicalIndex.build(["能源", "能源"]).rarity("能源") > 0


def test_a_text_without_words_has_a_row_that_scores_nothing():
    index = LexicalIndex.build(["", "能源", "。"])
    assert index.rows == 3
    assert (index.scores(["能源"]) > 0).tolist() == [False, True, False]


def test_an_index_of_one_text_works():
    index = LexicalIndex.build(["能源"])
    assert index.scores(["能源"])[0] > 0


def test_a_loaded_index_equals_the_built_one(index, tmp_path):
    LexicalIndex.write(TEXTS, tmp_path / "new" / "lexical")
    loaded = LexicalIndex.load(tmp_path / "new" / "lexical")
    assert loaded.rows == index.rows
    for tokens in (["能源", "2025年"], ["wind"], ["zebra"]):
        np.testing.assert_array_equal(loaded.scores(tokens), index.scores(tokens))
        assert loaded.rarity(tokens[0]) == index.rarity(tokens[0])


def test_it_is_saved_without_pickle(tmp_path):
    LexicalIndex.write(TEXTS, tmp_path)
    files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert {path.suffix for path in files} == {".npy", ".json"}
    for path in files:
        if path.suffix == ".npy":
            np.load(path, allow_pickle=False)


def test_every_missing_or_cut_file_raises_what_is_promised(tmp_path):
    LexicalIndex.write(TEXTS, tmp_path)
    for path in sorted(tmp_path.iterdir()):
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises((OSError, ValueError, KeyError)):
            LexicalIndex.load(tmp_path)
        path.unlink()
        with pytest.raises((OSError, ValueError, KeyError)):
            LexicalIndex.load(tmp_path)
        path.write_bytes(whole)
    assert LexicalIndex.load(tmp_path).rows == len(TEXTS)


def made_up(count, seed=0):
    """Texts of words that are as unequal in frequency as those of a language."""
    chance = np.random.default_rng(seed)
    lengths = chance.integers(0, 30, size=count)
    return [" ".join(f"w{n}x" for n in chance.zipf(1.3, size=size) % 300) for size in lengths]


@pytest.mark.parametrize("block", [1, 50, 10**6])
def test_the_numbers_are_those_that_bm25s_works_out(monkeypatch, block):
    import bm25s

    texts = [*made_up(200), *TEXTS]
    monkeypatch.setattr(spilling, "_BLOCK", block)
    own = LexicalIndex.build(texts)
    theirs = bm25s.BM25(method="lucene", k1=K1, b=B)
    theirs.index([tokenize(text) or [""] for text in texts], show_progress=False)
    for token in theirs.vocab_dict:
        np.testing.assert_array_equal(own.scores([token]), theirs.get_scores([token]))


def test_a_vocabulary_written_in_parts_is_one_object(monkeypatch, tmp_path):
    monkeypatch.setattr(building, "_WORDS", 2)
    LexicalIndex.write(["能源 wind", '"quoted" é solar', "wind 2030"], tmp_path)
    text = (tmp_path / "vocab.index.json").read_text(encoding="utf-8")
    vocabulary = json.loads(text)
    assert list(vocabulary.values()) == list(range(len(vocabulary)))
    assert text == json.dumps(vocabulary, ensure_ascii=False, separators=(",", ":"))


def test_bm25s_reads_the_files_and_scores_whole_questions_alike(tmp_path):
    import bm25s

    LexicalIndex.write(TEXTS, tmp_path)
    theirs, own = bm25s.BM25.load(str(tmp_path), mmap=True), LexicalIndex.load(tmp_path)
    for question in ("2025年非化石能源", "能源能源", "wind power"):
        tokens = tokenize(question)
        known = [token for token in tokens if token in theirs.vocab_dict]
        np.testing.assert_array_equal(own.scores(tokens), theirs.get_scores(known))


def highest(scores, count, among):
    """Rows by definition: above 0, and no less than the `count`th highest of those searched."""
    searched = scores[among]
    last = np.sort(searched)[::-1][:count].min(initial=np.inf)
    return [row for row in among.tolist() if scores[row] > 0 and scores[row] >= last]


@pytest.mark.parametrize("count", [1, 7, 60, 5000])
@pytest.mark.parametrize("share", [None, 0.9, 0.3, 0.02])
def test_the_best_rows_are_found_without_scoring_all(monkeypatch, count, share):
    """By pruning as of a million rows; and by scores of all, as of a few."""
    texts = made_up(2000, seed=1)
    index, chance = LexicalIndex.build(texts), np.random.default_rng(2)
    among = None
    if share:
        among = np.sort(chance.choice(2000, int(2000 * share), replace=False))
    for postings in (0, 10**9):
        monkeypatch.setattr(lexical, "_POSTINGS", postings)
        for size in (1, 3, 8, 20):
            tokens = [*(f"w{n}x" for n in chance.zipf(1.3, size=size) % 300), "zebra"]
            scores = index.scores(tokens)
            found = index.best(tokens, count, among)
            assert (np.diff(found) > 0).all()
            expected = highest(scores, count, np.arange(2000) if among is None else among)
            assert set(expected) <= set(found.tolist())
            near = [row for row in found if scores[row] < scores[expected].min(initial=9) * 0.9999]
            assert not near  # nothing but ties beside them
            np.testing.assert_array_equal(index.scores_of(tokens, found), scores[found])


@pytest.mark.parametrize("tokens", [[], ["zebra"]])
def test_no_known_word_finds_no_row(index, tokens):
    assert index.best(tokens, 3).tolist() == []
    assert index.scores_of(tokens, np.array([0, 2])).tolist() == [0.0, 0.0]
