import pytest

from rag.generators.embedded import _MOST, LONGEST_CHARS, EmbeddedGenerator
from rag.places import find_places

from .making import PLAN, ask, make_document, make_hit, make_ranker


def draft(question, *documents, scores=()):
    scores = scores or [1.0 - 0.01 * i for i in range(len(documents))]
    hits = [make_hit(d, score) for d, score in zip(documents, scores, strict=True)]
    return EmbeddedGenerator(make_ranker()).generate(ask(question), hits)


def quotes(question, *documents, scores=()):
    return [s.evidence[0].quote for s in draft(question, *documents, scores=scores).statements]


def ids(question, *documents):
    return [s.evidence[0].document.id for s in draft(question, *documents).statements]


def test_a_fact_is_quoted_first_with_its_plan_and_page():
    (first, *_) = draft("江苏2030年非化石能源消费比重达到多少?", make_document()).statements
    quote = "到2030年,非化石能源消费比重达到25%左右。"
    assert first.evidence[0].quote == quote
    assert first.text == f"江苏省《碳达峰方案》(第343页):{quote}"


@pytest.mark.parametrize(("year", "share"), [(2025, "18%"), (2030, "25%")])
def test_of_two_clauses_that_differ_by_year_the_one_asked_for_comes_first(year, share):
    assert share in quotes(f"{year}年非化石能源消费比重达到多少?", make_document())[0]


def test_two_plans_of_one_region_both_speak():
    twice = "到2030年,非化石能源消费比重达到25%。一、能源。2030年非化石能源消费比重达到25%左右。"
    other = make_document("到2030年,非化石能源占消费比重27%。", "other")
    found = quotes("江苏2030年非化石能源消费比重达到多少?", make_document(twice), other)
    assert ["25%" in found[0], "27%" in found[1]] == [True, True]


def test_two_files_of_no_known_work_are_two_plans():
    one = make_document("到2030年,非化石能源消费比重达到25%。", "a.txt", work="")
    other = make_document("到2030年,全省非化石能源消费比重25%。", "b.txt", work="")
    assert ids("江苏2030年非化石能源消费比重达到多少?", one, other) == ["a.txt", "b.txt"]
    compared = ids("两份方案2030年非化石能源消费比重哪个更高?", one, other)
    assert sorted(compared) == ["a.txt", "b.txt"]


def test_the_region_asked_for_speaks_alone_where_it_is_the_best():
    sentence = "到2030年,非化石能源消费比重达到25%。"
    hunan = make_document(sentence.replace("25%", "27%"), "hunan", region="湖南省")
    question = "江苏2030年非化石能源消费比重达到多少?"
    assert ids(question, make_document(sentence), hunan) == ["d"]
    assert ids(question.removeprefix("江苏"), make_document(sentence), hunan) == ["d", "hunan"]


def test_a_comparison_quotes_each_place_in_the_questions_order():
    hunan = make_document(PLAN.replace("25%", "27%"), "hunan", region="湖南省")
    question = "湖南和江苏2030年非化石能源消费比重分别是多少?"
    found = ids(question, make_document(), make_document(PLAN, "second"), hunan)
    assert list(dict.fromkeys(found)) == ["hunan", "d"]
    assert "27%" in quotes(question, make_document(), hunan)[0]


def test_a_comparison_of_many_places_still_quotes_each():
    names = ["湖南", "江苏", "浙江", "安徽", "广东", "海南"]
    plans = [make_document(PLAN, n, region=find_places(n)[0].name) for n in reversed(names)]
    question = "、".join(names) + "2030年非化石能源消费比重分别是多少?"
    assert ids(question, *plans) == names


def test_a_comparison_of_two_plans_of_one_region_has_a_quote_of_each():
    other = make_document(PLAN.replace("25%", "27%"), "other")
    question = "江苏碳达峰方案和能源规划哪个更高,2030年非化石能源消费比重?"
    assert set(ids(question, make_document(), other)) == {"d", "other"}


def test_a_comparison_with_one_place_in_the_documents_answers_for_that_one():
    question = "江苏和新疆2030年非化石能源消费比重分别是多少?"
    assert set(ids(question, make_document())) == {"d"}


@pytest.mark.parametrize(
    "question", ["非化石能源是多少?", "列举非化石能源任务", "怎样推进非化石能源?"]
)
def test_quotes_keep_to_the_budget_of_the_kind(question):
    text = "".join(f"推进非化石能源项目{i}建设{'并网' * 110}。" for i in range(30))
    query, document = ask(question), make_document(text)
    found = draft(question, document).statements
    assert 1 <= len(found) <= _MOST[query.kind]
    assert sum(len(statement.text) for statement in found) <= LONGEST_CHARS[query.kind]


def test_a_first_quote_over_the_budget_is_given_whole():
    text = "推进非化石能源项目" + "并网" * 400 + "。"
    assert quotes("怎样推进非化石能源?", make_document(text)) == [text]


def test_the_same_words_are_quoted_once():
    twice = make_document(PLAN, "twice")
    found = quotes("江苏2030年非化石能源消费比重达到多少?", make_document(), twice)
    assert len(found) == len(set(found))


def test_a_brief_repeats_no_figure_of_its_plan():
    brief = make_document(
        "- 到2030年:非化石能源消费比重25%左右(第259页)\n", "d-zh", work="d", kind="brief"
    )
    fact, every = "江苏2030年非化石能源消费比重达到多少?", "列举江苏2030年非化石能源消费比重"
    assert ids(fact, make_document(), brief) == ["d"]
    news = make_document("- 到2030年:非化石能源消费比重26%(第259页)\n", "n", work="d", kind="brief")
    assert "n" in ids(every, make_document(), news)


def test_weak_units_are_left_out():
    fact = "到2030年,非化石能源消费比重达到25%左右。"
    text = f"一、目标。{fact}二、其他。会议听取汇报。"
    assert quotes("2030年非化石能源消费比重达到多少?", make_document(text)) == [fact]


def test_the_outline_of_the_plan_answers_where_its_brief_was_found():
    text = "一、重点任务。(一)能源转型行动。发展风电。(二)绿色交通行动。推广公交。"
    plan = make_document(text, "p1", work="p1")
    brief = make_document("- 两大行动是能源和交通(第343页)", "p1-zh", work="p1", kind="brief")
    query, generator = ask("江苏碳达峰方案的两大行动有哪些?"), EmbeddedGenerator(make_ranker())
    (items,) = generator.generate(query, [make_hit(brief)], [plan, brief]).statements
    assert items.text == "江苏省《碳达峰方案》(第343页):能源转型行动；绿色交通行动"
    assert all(e.document is plan for e in items.evidence)
    (alone,) = generator.generate(query, [make_hit(brief)]).statements
    assert alone.evidence[0].document is brief


def test_what_a_brief_says_in_the_askers_language_is_quoted_in_it():
    chinese = "- 2030年非化石能源消费比重25%(第343页)"
    english = "- 2030: non-fossil share of energy consumption 25% (p. 343)"
    fields = {"work": "p1", "kind": "brief"}
    zh = make_document(chinese, "p1-zh", **fields)
    en = make_document(english, "p1-en", language="en", title="Peaking Plan", **fields)
    asked = "What share of non-fossil energy does Jiangsu aim for in 2030?"
    assert quotes(asked, zh, en)[0] == "2030: non-fossil share of energy consumption 25%"
    other = make_document(english.replace("25%", "27%"), "p1-en", language="en", **fields)
    assert any("25%" in quote for quote in quotes(asked, zh, other))


def test_a_comparison_says_more_than_one_thing_of_each_plan():
    text = "完善绿色金融体系,发展绿色贷款。将绿色贷款纳入考核。"
    other = make_document(text.replace("绿色", "低碳"), "other", region="浙江省")
    found = ids("江苏和浙江对贷款各有什么要求?", make_document(text), other)
    assert (found.count("d"), found.count("other")) == (2, 2)
