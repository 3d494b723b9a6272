import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.language import LANGUAGES, detect_language

QUESTIONS = Path(__file__).parents[1] / "../shared/questions"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "湖南省2025年非化石能源消费比重是多少?"),
        ("zh", "CCER 是什么?"),
        ("zh", "Hunan 的 non-fossil 比重目标是多少?"),
        ("en", "What is 碳达峰?"),
        ("en", "Hunan 2025 targets"),
        ("ja", "湖南省の2025年の目標は?"),
        ("ja", "カーボンピーク"),
        ("ko", "후난성 GDP 목표"),
        ("ru", "Какова цель Хунани?"),
        ("ar", "ما هدف هونان؟"),
        ("fr", "Quelle part d'énergie non fossile le Hunan vise-t-il pour 2025 ?"),
        ("fr", "Et pour 2030 ?"),
        ("de", "Wie viele Ladesäulen will Hunan bis 2025 haben?"),
        ("es", "¿Y para 2030?"),
        ("es", "Objetivos de Shanghai 2025"),
        ("pt", "E para 2030?"),
        ("pt", "Quais são as metas?"),
        ("it", "Qual è la quota di energia non fossile?"),
        ("it", "E per il 2030?"),
    ],
)
def test_short_questions(language, text):
    assert detect_language(text) == language


def test_decomposed_accents_count_as_accents():
    assert detect_language("Où e\u0301olien ?") == "fr"


def test_acronyms_are_no_words():
    assert detect_language("IT设备") == "zh"


@pytest.mark.parametrize("text", ["", " ", "2030?", "ไทย"])
def test_a_text_without_a_known_letter_has_no_language(text):
    assert detect_language(text) == ""


@given(st.text())
def test_any_text_gives_a_listed_language_or_none(text):
    assert detect_language(text) in ("", *LANGUAGES)


@pytest.mark.skipif(not QUESTIONS.is_dir(), reason="the shared question sets are not here")
def test_at_least_99_in_100_of_the_questions_are_told_right():
    lines = [
        line
        for name in ("train.jsonl", "dev.jsonl")
        for line in (QUESTIONS / name).read_text(encoding="utf-8").splitlines()
    ]
    questions = [json.loads(line) for line in lines]
    wrong = [q["question"] for q in questions if detect_language(q["question"]) != q["lang"]]
    assert len(wrong) <= 0.01 * len(questions), wrong
