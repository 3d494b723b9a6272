from itertools import pairwise, product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag import glossary, words
from rag.words import find_numerals, normalize, split_clauses, split_sentences, to_number, tokenize

# Text with marks that end sentences, so that there is something to split.
MARKED = st.text(st.sampled_from("甲乙aB3 \n。;；!?！.”)(，、,%")) | st.text()


def pieces(split, text):
    return [text[start:end] for start, end in split(text)]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("碳达峰", ["碳", "达", "峰", "碳达", "达峰"]),
        ("碳", ["碳"]),
        ("2030年", ["2030", "2030年", "年"]),
        ("25%", ["25", "25%"]),
        ("1.5亿", ["1.5", "1.5亿", "亿"]),
        ("4,000万千瓦", ["4000", "4000万", "万", "千", "瓦", "千瓦"]),
        ("300MW", ["300", "300mw"]),
        ("3500", ["3500"]),
        ("皖发〔2022〕4号", ["皖", "发", "皖发", "2022", "4", "4号", "号"]),
        ("targets", ["target"]),
        ("Ziele für Wälder", ["ziel", "fur", "walder"]),
        ("CO₂", ["co", "2"]),
        ("非化石energy", ["非", "化", "石", "非化", "化石", "energi"]),
        ("再エネ", ["再", "エ", "ネ", "再エ", "エネ"]),
        ("목표", ["목", "표", "목표"]),
        ("доля энергии", ["доля", "энергии"]),
        ("نسبة الطاقة", ["نسبة", "الطاقة"]),
        ("", []),
        ("。、!—“” ", []),
    ],
)
def test_text_is_cut_into_figures_pairs_and_stems(text, tokens):
    assert tokenize(text) == tokens


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("２０３０年,ＰＵＥ", "2030年,PUE"),
        ("٢٠٣٠", "2030"),
        ("4,000", "4000"),
        ("énergie", "energie"),
        ("e\u0301nergie", "énergie"),
        ("Target", "TARGETS"),
        ("목표", "\u1106\u1169\u11a8\u1111\u116d"),  # one by one letter, as macOS stores names
    ],
)
def test_width_digits_case_accents_and_plurals_make_no_difference(one, other):
    assert tokenize(one) == tokenize(other)


def test_a_figure_shares_its_number_across_units():
    assert set(tokenize("2030年")) & set(tokenize("by 2030")) == {"2030"}
    assert set(tokenize("25%")) & set(tokenize("25 per cent")) == {"25"}


@given(st.text())
def test_tokens_are_never_empty(text):
    assert all(tokenize(text))


@given(st.text())
def test_normalizing_twice_changes_nothing_more(text):
    assert normalize(normalize(text)) == normalize(text)


@given(MARKED)
@example("a. B")
@pytest.mark.parametrize("split", [split_sentences, split_clauses])
def test_spans_are_ordered_disjoint_inside_and_cover_all_but_white_space(split, text):
    spans = split(text)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(one.end <= other.start for one, other in pairwise(spans))
    covered = {i for start, end in spans for i in range(start, end)}
    assert all(i in covered or char.isspace() for i, char in enumerate(text))
    assert all(text[start:end].strip() == text[start:end] for start, end in spans)


@given(MARKED)
def test_clauses_cut_sentences_further_and_never_join_them(text):
    ends = {end for _, end in split_clauses(text)}
    assert {end for _, end in split_sentences(text)} <= ends


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("甲。乙!丙?丁", ["甲。", "乙!", "丙?", "丁"]),
        ("甲！）乙？丙", ["甲！）", "乙？", "丙"]),
        ("他说:“甲。”乙。", ["他说:“甲。”", "乙。"]),
        ("(甲。)乙", ["(甲。)", "乙"]),
        ("甲\n\n乙", ["甲", "乙"]),
        ("达到2.5亿吨,约1.3。共计", ["达到2.5亿吨,约1.3。", "共计"]),
        ("甲;乙;丙。", ["甲;乙;丙。"]),
        ("It falls. Then it grows.", ["It falls.", "Then it grows."]),
        ("By 2030. The share is 25%. Then more.", ["By 2030.", "The share is 25%.", "Then more."]),
        ("The U.S. plan, e.g. China's, No. 5 (p. 3).", None),
        ("Der Anteil steigt. Über 20 %", ["Der Anteil steigt.", "Über 20 %"]),
        ("Доля растёт. В 2030 г. Москва", ["Доля растёт.", "В 2030 г. Москва"]),
        ("목표입니다. 다음은", ["목표입니다.", "다음은"]),
        ("ما النسبة؟ الهدف.", ["ما النسبة؟", "الهدف."]),
        ("¿Qué meta? Es así. ¿Y luego?", ["¿Qué meta?", "Es así.", "¿Y luego?"]),
        ("第1. 条", None),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text, sentences):
    assert pieces(split_sentences, text) == (sentences if sentences is not None else [text])


def test_clauses_end_at_semicolons_too():
    assert pieces(split_clauses, "甲;乙；丙。丁؛戊") == ["甲;", "乙；", "丙。", "丁؛", "戊"]


@pytest.mark.parametrize(
    ("text", "numerals"),
    [
        ("2030年达到25%", {"2030", "25"}),
        ("４,０００万", {"4000"}),
        ("1,234,567", {"1234567"}),
        ("1.5和2,5", {"1.5", "2,5"}),
        ("2025,2030年", {"2025,2030"}),
        ("٢٠٣٠", {"2030"}),
        ("十四五", set()),
        ("", set()),
    ],
)
def test_numerals_are_found_whole_without_thousands_commas(text, numerals):
    assert find_numerals(text) == numerals


def test_of_the_words_of_many_documents_few_are_kept():
    tokenize(
        " ".join(f"word{letters}" for letters in map("".join, product("bcdfgklmnp", repeat=5)))
    )
    assert words._stem.cache_info().currsize == words._STEMS_KEPT
    assert glossary._key("en").cache_info().maxsize == glossary._KEYS_KEPT


@pytest.mark.parametrize(
    ("numeral", "number"),
    [("4000", 4000), ("27.40", 27.4), ("0", 0), ("1.2.3", None), ("45,44", None)],
)
def test_a_numeral_is_worth_what_it_says_where_that_is_plain(numeral, number):
    assert to_number(numeral) == number
