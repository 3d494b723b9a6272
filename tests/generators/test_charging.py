import pytest

from rag.evidence.units import Unit
from rag.generators.charging import find_charged

from .making import ask, make_document

TEXT = (
    "(一)水泥。严禁新增产能。推进错峰生产。(省工信厅牵头,省发展改革委配合)"
    "(二)钢铁。压减粗钢产量。由省发展改革委负责核查。"
)


def unit(words, document, score=0.5):
    start = document.text.index(words)
    return Unit(document, start, start + len(words), start, 0.0, 0, score=score)


def charged(question, words):
    document = make_document(TEXT)
    found = find_charged(ask(question), [unit(words, document)])
    return found and found[1]


def test_the_note_that_closes_the_paragraph_is_quoted_with_the_sentence_asked_about():
    statement = charged("水泥产能由谁负责?", "严禁新增产能。")
    assert statement.text.endswith("严禁新增产能。……(省工信厅牵头,省发展改革委配合)")
    quotes = [evidence.quote for evidence in statement.evidence]
    assert quotes == ["严禁新增产能。", "(省工信厅牵头,省发展改革委配合)"]


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("水泥产能怎么控制?", "严禁新增产能。"),  # not asked who
        ("钢铁由谁核查?", "由省发展改革委负责核查。"),  # says it itself
        ("钢铁由谁负责?", "压减粗钢产量。"),  # no note in its section
    ],
)
def test_without_need_or_note_there_is_none(question, words):
    assert charged(question, words) is None
