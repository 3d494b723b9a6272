"""The compilation of plans itself: its index, and the development questions over it."""

import re
from pathlib import Path

import pytest

from rag import Assistant
from rag.evaluation import questions, reports, runs

ROOT = Path(__file__).parents[1]
COMPILATION = ROOT / "../shared/corpus/000_a895838ed2e4cd84.txt"
QUESTIONS = ROOT / "evals/questions/dev.jsonl"

pytestmark = [
    pytest.mark.slow,  # 5 seconds to index and 8 to ask
    pytest.mark.skipif(not COMPILATION.is_file(), reason="the compilation is not on this machine"),
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An assistant over the compilation, loaded from disk."""
    folder = tmp_path_factory.mktemp("real") / "index"
    Assistant.build([COMPILATION], index=folder)
    return Assistant.load(folder)


@pytest.fixture(scope="module")
def rows(whole):
    return runs.run(whole, questions.read_questions(QUESTIONS), documents=whole.documents)


@pytest.fixture(scope="module")
def summary(rows):
    return reports.summarise(rows)


def test_every_plan_is_a_document_with_its_pages(whole):
    assert len(whole.documents) == 114
    assert whole.documents[0].pages[0] == 3  # page 2 is missing from the source
    assert all(document.pages and document.title for document in whole.documents)


def test_every_citation_is_verbatim_and_every_marker_has_its_own(rows):
    assert {row.id: row.citation_violations for row in rows if row.citation_violations} == {}
    assert sum(len(row.citations) for row in rows) > len(rows) / 2


def test_no_figure_strays_into_an_answer(rows):
    assert {row.id: row.stray_figures for row in rows if row.stray_figures} == {}


def test_chinese_questions_find_their_page_among_the_first_five(summary):
    assert summary["zh"]["recall@5"] >= 0.82


def test_chinese_facts_stand_in_short_answers(summary):
    assert summary["zh fact"]["facts"] >= 0.70  # at most 500 characters, by its definition


def test_the_answers_are_the_same_each_time(whole, rows):
    for row in rows[:40]:
        assert whole.ask(row.question).text == row.answer


def test_a_region_without_a_plan_is_refused_with_the_nearest_documents(whole):
    answer = whole.ask("新疆2025年非化石能源消费比重是多少?")
    assert answer.refused
    assert "新疆" in answer.text
    assert re.search(r"\[1\]", answer.text)
    assert answer.citations
