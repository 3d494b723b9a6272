import numpy as np

from rag.evidence.keeping import KeptVectors


def counting():
    """An embed whose vectors are the lengths of the texts, and the texts it was given."""
    given = []

    def embed(texts):
        given.extend(texts)
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)

    return embed, given


def test_each_text_is_worked_out_once_and_rows_keep_the_order():
    embed, given = counting()
    kept = KeptVectors(embed)
    np.testing.assert_array_equal(kept(["甲乙", "丙", "甲乙"]), [[2, 1], [1, 1], [2, 1]])
    np.testing.assert_array_equal(kept(["丙", "丁戊己"]), [[1, 1], [3, 1]])
    assert given == ["甲乙", "丙", "丁戊己"]


def test_what_was_asked_for_longest_ago_goes_first():
    embed, given = counting()
    kept = KeptVectors(embed, most=2)
    for texts in (["a"], ["bb"], ["a"], ["ccc"], ["a"], ["bb"]):
        kept(texts)
    assert given == ["a", "bb", "ccc", "bb"]


def test_more_texts_at_once_than_are_kept_are_all_given():
    embed, _ = counting()
    assert KeptVectors(embed, most=1)(["a", "bb", "ccc"])[:, 0].tolist() == [1, 2, 3]
