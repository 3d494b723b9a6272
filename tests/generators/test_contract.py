"""What every generator promises; a new generator joins GENERATORS and with it this test."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.citing import Citer
from rag.errors import BadRequest
from rag.generators import GENERATORS, load_generator
from rag.settings import Settings
from rag.types import Draft

from .making import PLAN, ask, make_document, make_hit, make_ranker

QUESTIONS = [
    "江苏2030年非化石能源消费比重达到多少?",
    "江苏有哪些重点任务?",
    "江苏怎样发展风电?",
    "江苏和湖南的非化石能源消费比重分别是多少?",
    "What share of non-fossil energy does Jiangsu aim at?",
]


@pytest.fixture(params=sorted(GENERATORS))
def generator(request):
    return load_generator(Settings(generator=request.param), ranker=make_ranker())


@pytest.fixture
def hits():
    hunan = PLAN.replace("18%", "22%")
    return [
        make_hit(make_document(), 0.9),
        make_hit(make_document(hunan, "hunan", region="湖南省"), 0.8),
        make_hit(make_document(PLAN.replace("25%", "27%"), "draft", status="draft"), 0.7),
    ]


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_statement_rests_on_slices_of_the_hits_documents(generator, hits, question):
    draft = generator.generate(ask(question), hits)
    documents = [hit.chunk.document for hit in hits]
    assert draft.statements
    for statement in draft.statements:
        assert statement.evidence
        for evidence in statement.evidence:
            assert evidence.document in documents
            assert evidence.quote.strip()
            assert evidence.quote == evidence.document.text[evidence.start : evidence.end]


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_it_writes_passes_the_check_of_its_figures(generator, hits, question):
    query = ask(question)
    citer = Citer(query)
    assert all(map(citer.add, generator.generate(query, hits).statements))
    assert citer.citations


@pytest.mark.parametrize("question", QUESTIONS)
def test_without_hits_there_is_nothing_to_say(generator, question):
    assert generator.generate(ask(question), []) == Draft(())


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_same_question_gives_the_same_draft(generator, hits, question):
    query = ask(question)
    assert generator.generate(query, hits) == generator.generate(query, hits)


@given(st.lists(st.text(), min_size=1, max_size=3), st.sampled_from(QUESTIONS))
@pytest.mark.parametrize("name", sorted(GENERATORS))
def test_any_text_can_be_asked(name, texts, question):
    generator = load_generator(Settings(generator=name), ranker=make_ranker())
    hits = [make_hit(make_document(text, str(i))) for i, text in enumerate(texts) if text]
    for statement in generator.generate(ask(question), hits).statements:
        assert all(evidence.quote.strip() for evidence in statement.evidence)


def test_it_says_its_name(generator):
    assert GENERATORS[generator.name]


def test_an_unknown_name_lists_those_there_are():
    with pytest.raises(BadRequest, match=r"'nobody'.*'embedded'"):
        load_generator(Settings(generator="nobody"), ranker=make_ranker())
