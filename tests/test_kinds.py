import json
from pathlib import Path

import pytest

from rag import kinds
from rag.kinds import find_kinds, kinds_of
from rag.language import LANGUAGES
from rag.types import Document

TABLE = json.loads(Path(kinds.__file__).with_name("document_kinds.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("湖南省碳达峰实施方案规定的目标", "zh", ("实施方案",)),
        ("江苏双碳实施意见提出什么", "zh", ("意见",)),
        ("贵州工业方案的征求意见稿", "zh", ("草案",)),
        ("国务院碳达峰行动方案", "zh", ("行动方案",)),
        ("江苏省人大常委会的决定", "zh", ("决定",)),
        ("由市政府决定于何时", "zh", ()),
        ("河南现代能源规划", "zh", ("规划",)),
        ("Zhejiang's implementation plan", "en", ("实施方案",)),
        ("Jilin's dual-carbon opinions", "en", ("意见",)),
        ("the action plan of the State Council", "en", ("行动方案",)),
        ("a planned opinionated decisiveness", "en", ()),
        ("福建省の双炭実施意見では", "ja", ("意见",)),
        ("후난성 탄소피크 이행방안에서", "ko", ("实施方案",)),
        ("selon l'avis central", "fr", ("意见",)),
        ("laut den Umsetzungsmeinungen der Provinz", "de", ("意见",)),
        ("según la decisión de la Asamblea", "es", ("决定",)),
        ("согласно решению собрания", "ru", ("决定",)),
        ("حسب خطة العمل", "ar", ("行动方案",)),
        ("segundo o parecer de Xangai", "pt", ("意见",)),
        ("secondo il parere del Jiangsu", "it", ("意见",)),
    ],
)
def test_kinds_are_found_in_every_language_as_whole_words(text, language, found):
    assert find_kinds(text, language) == found


def test_a_language_the_table_lacks_names_no_kind():
    assert find_kinds("实施方案", "xx") == ()
    assert {lang for words in TABLE.values() for lang in words} == set(LANGUAGES)


def test_a_document_is_of_the_kinds_in_its_title_and_a_draft_by_its_status():
    plan = Document("p", "湖南省碳达峰实施方案", "x", "f", language="zh", status="draft")
    assert kinds_of(plan) == {"实施方案", "草案"}
    assert kinds_of(Document("q", "Rooftops", "x", "f", language="en")) == frozenset()
