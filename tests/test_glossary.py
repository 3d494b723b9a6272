import csv

import pytest

from rag import glossary
from rag.glossary import expand, find_terms, name_term, stem_words
from rag.settings import data_file


def named(text, language=""):
    return [(term.zh, text[term.start : term.end]) for term in find_terms(text, language)]


def test_the_longest_name_wins_and_gives_all_its_chinese_names():
    (term,) = find_terms("浙江的非化石能源占比", "zh")
    assert term.zh == "非化石能源消费比重"
    assert "非化石能源占能源消费" in term.names
    assert (term.start, term.end) == (3, 10)


@pytest.mark.parametrize(
    ("language", "text", "zh"),
    [
        ("en", "share of non-fossil energy", "非化石能源消费比重"),
        ("en", "how many forests", "森林"),
        ("fr", "la part de l'énergie non fossile", "非化石能源消费比重"),
        ("fr", "des bâtiments préfabriqués", "装配式建筑"),
        ("de", "mit erneuerbaren Energien", "可再生能源"),
        ("es", "las energías renovables", "可再生能源"),
        ("ru", "о возобновляемой энергии", "可再生能源"),
        ("pt", "pelas energias renováveis", "可再生能源"),
        ("en", "energy-saving retrofits of existing buildings", "节能改造"),
        ("en", "the peaking of emissions", "碳达峰"),
        ("fr", "de nouvelles énergies renouvelables", "可再生能源"),
        ("de", "des Anteils nichtfossiler Energien", "非化石能源消费比重"),
        ("de", "in grünen Gebäuden", "绿色建筑"),
        ("de", "grüner Fabriken", "绿色工厂"),
        ("es", "de edificios prefabricados", "装配式建筑"),
        ("es", "los puntos de recarga", "充电桩"),
        ("ru", "неископаемых источников энергии", "非化石能源"),
        ("ru", "лесистости", "森林覆盖率"),
        ("pt", "dos edifícios verdes", "绿色建筑"),
        ("ja", "森林被覆率は", "森林覆盖率"),
        ("ja", "森林被覆率を高め", "森林覆盖率"),
        ("ko", "산림피복률을", "森林覆盖率"),
        ("ar", "بالطاقة المتجددة", "可再生能源"),
        ("ar", "للطاقة المتجددة", "可再生能源"),
        ("it", "delle energie non fossili", "非化石能源"),
        ("ar", "والطاقة المتجددة", "可再生能源"),
        ("ko", "재생에너지의 비중", "可再生能源"),
        ("ko", "탄소 중립", "碳中和"),
        ("ja", "再生可能エネルギーを", "可再生能源"),
    ],
)
def test_inflected_words_still_name_a_term(language, text, zh):
    assert zh in [term.zh for term in find_terms(text, language)]


def test_a_name_inside_a_longer_word_is_none():
    assert named("carboniferous rocks", "en") == []
    assert named("PUEBLO", "en") == []


def test_width_case_and_accents_do_not_count():
    assert [zh for zh, _ in named("ＰＵＥ", "zh")] == ["PUE"]
    assert [zh for zh, _ in named("ENERGIE EOLIENNE", "fr")] == ["风电"]
    assert [zh for zh, _ in named("CO₂", "en")] == ["二氧化碳"]


def test_a_mark_parts_words_but_a_hyphen_does_not():
    assert ("低碳", "low-carbon") in named("low-carbon", "en")
    assert "低碳" not in [zh for zh, _ in named("low; carbon", "en")]


def test_a_name_of_two_terms_gives_both():
    assert named("emissions trading", "en") == [
        ("碳排放权交易", "emissions trading"),
        ("碳排放权", "emissions trading"),
    ]


def test_chinese_and_english_terms_stand_beside_another_language():
    assert ("碳达峰", "碳达峰") in named("What is 碳达峰?", "en")
    assert ("加氢站", "hydrogen station") in named("武汉的hydrogen station有几座", "zh")


def test_expand_gives_main_names_in_order_each_once_and_none_for_chinese():
    text = "forest coverage and wind power; wind power"
    assert expand(text, "en") == ("森林覆盖率", "风电")
    assert expand(text) == expand(text, "en")
    assert expand("森林覆盖率") == ()


def test_a_language_without_names_finds_only_chinese_ones():
    assert named("พลังงาน 碳达峰", "th") == [("碳达峰", "碳达峰")]
    assert find_terms("", "") == ()


def test_stem_words_drops_links_and_keeps_han_characters_apart():
    assert stem_words("the shares of forests", "en") == ("share", "forest")
    assert stem_words("森林率", "zh") == ("森", "林", "率")


def test_every_name_of_the_table_finds_its_own_row():
    with data_file("glossary.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))[::40]
    for language in ("zh", "en", "fr", "de", "es", "ru", "pt", "ar", "ko", "ja"):
        for row in rows:
            for name in row[language].split("|"):
                mains = [term.zh for term in find_terms(name, language)]
                assert row["zh"].split("|")[0] in mains, (language, name, mains)


def test_italian_names_belong_to_rows_of_the_table():
    mains = {names[0] for names in glossary._chinese_names()}
    assert set(glossary._italian()) <= mains


@pytest.mark.parametrize(
    ("like", "language", "name"),
    [
        ("风电制造", "en", "wind equipment manufacturing"),
        ("wind equipment manufacturing", "zh", "风电制造"),
        ("光伏制造", "en", "solar manufacturing"),
        ("", "en", "solar manufacturing"),
        ("no name of it", "en", "solar manufacturing"),
    ],
)
def test_a_term_is_named_in_another_language_as_it_was_said(like, language, name):
    assert name_term("光伏制造", language, like=like) == name


def test_the_share_of_letters_that_terms_cover_is_known():
    assert glossary.known_share("hydrogen", "en") == 1.0
    assert glossary.known_share("bread and hydrogen", "en") == 8 / 16
    assert glossary.known_share("2030?", "en") == 0.0
