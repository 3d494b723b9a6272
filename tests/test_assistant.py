import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from making_index import build_index

from rag import Answer, Assistant, Document, RagError, Settings
from rag.errors import BadRequest, IndexMissing, ReadError

QUESTIONS = (
    "江苏2025年风电装机目标是多少?",
    "湖南抽水蓄能装机规模?",
    "江苏和湖南2025年非化石能源消费比重各是多少?",
    "甘肃2030年森林覆盖率目标是多少?",
    "How many beehives does the co-operative keep?",
    "上海有哪些海上风电基地?",
    "火星上的天气",
)


def markers(text):
    return [int(number) for number in re.findall(r"\[(\d+)\]", text)]


def check(answer):
    """Every marker has its citation and the reverse, and every citation is verbatim."""
    assert [citation.marker for citation in answer.citations] == list(
        range(1, len(answer.citations) + 1)
    )
    assert set(markers(answer.text)) == {citation.marker for citation in answer.citations}
    for citation in answer.citations:
        text, start, end = citation.document.text, citation.start, citation.end
        assert citation.quote
        assert text[start:end] == citation.quote
        assert citation.pages == citation.document.pages_of(start, end)
        assert citation.section == citation.document.section_path(start)


def without_times(answer):
    return (answer.text, answer.refused, answer.citations, answer.language)


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_citation_of_every_answer_holds(assistant, question):
    answer = assistant.ask(question)
    check(answer)
    assert answer.citations
    assert answer.question == question


def test_a_fact_is_answered_in_short_with_its_plan_its_page_and_a_marker(assistant):
    answer = assistant.ask("江苏2025年风电装机目标是多少?")
    assert not answer.refused
    assert "2800万千瓦" in answer.text
    assert "江苏省碳达峰实施方案" in answer.text
    assert "第1页" in answer.text
    assert len(answer.text) < 200
    assert markers(answer.text)[0] == 1
    first = answer.citations[0]
    assert "2800万千瓦" in first.quote
    assert (first.document.region, first.pages) == ("江苏省", (1,))
    assert first.section == ("一、主要目标",)
    assert (answer.language, answer.generator) == ("zh", "embedded")


def test_a_quote_across_a_page_break_is_cited_with_both_pages(assistant):
    answer = assistant.ask("江苏2030年森林覆盖率目标?")
    assert "24.1%" in answer.citations[0].quote
    assert answer.citations[0].pages == (1, 2)
    assert "第1、2页" in answer.text


def test_a_comparison_quotes_each_place(assistant):
    answer = assistant.ask("江苏和湖南2025年非化石能源消费比重各是多少?")
    figures = {c.document.region: c.quote for c in answer.citations}
    assert "18%" in figures["江苏省"]
    assert "22%" in figures["湖南省"]


def test_an_answer_from_a_draft_says_so(assistant):
    answer = assistant.ask("上海近海风电装机达到多少?")
    assert "260万千瓦" in answer.text
    assert "征求意见稿" in answer.text.replace("实施方案(征求意见稿)", "")


def test_an_english_question_is_answered_in_english_words(assistant):
    answer = assistant.ask("How many beehives does the co-operative keep?")
    assert answer.language == "en"
    assert answer.text.startswith("Rooftops of Harbour Street")
    assert "37 beehives" in answer.citations[0].quote
    assert answer.citations[0].pages == ()


def test_a_region_without_a_plan_is_refused_by_name_with_the_nearest_documents(assistant):
    answer = assistant.ask("甘肃2025年非化石能源消费比重目标是多少?")
    check(answer)
    assert answer.refused
    assert "甘肃省" in answer.text
    assert 1 <= len(answer.citations) <= 2
    for citation in answer.citations:
        assert f"《{citation.document.title}》" in answer.text


@pytest.mark.parametrize(
    ("said", "reply"), [("你好!", "请就已收录的文件提问"), ("Hello", "Ask about")]
)
def test_a_greeting_is_returned_and_cites_nothing(assistant, said, reply):
    answer = assistant.ask(said)
    assert reply in answer.text
    assert not answer.citations


def test_what_no_document_tells_is_refused(assistant):
    answer = assistant.ask("火星上的天气")
    check(answer)
    assert answer.refused
    assert answer.text.startswith("文档没有回答这个问题")


@pytest.mark.parametrize(
    ("question", "said"),
    [("风电目标?", "没有符合筛选条件的"), ("Wind power?", "No document in the index fits")],
)
def test_a_filter_that_nothing_fits_is_refused_without_citations(assistant, question, said):
    answer = assistant.ask(question, region="火星")
    assert answer.refused
    assert answer.citations == ()
    assert said in answer.text
    assert assistant.search(question, region="火星") == ()


@pytest.mark.parametrize(
    ("only", "found"),
    [
        ({"region": "Hunan"}, {"p002"}),
        ({"level": "province"}, {"p001", "p002", "p003"}),
        ({"status": "draft"}, {"p003"}),
        ({"document": "p001"}, {"p001"}),
    ],
)
def test_filters_hold_for_search_and_for_answers(assistant, only, found):
    question = "2025年非化石能源消费比重?"
    assert {hit.chunk.document.id for hit in assistant.search(question, **only)} == found
    answer = assistant.ask(question, **only)
    assert answer.citations
    assert {citation.document.id for citation in answer.citations} <= found


def test_a_filter_holds_for_a_comparison_of_other_places_too(assistant):
    answer = assistant.ask("江苏和湖南2025年非化石能源消费比重各是多少?", region="湖南")
    assert {citation.document.id for citation in answer.citations} == {"p002"}


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_pieces_of_a_stream_join_to_the_text_of_the_answer(assistant, question):
    *pieces, answer = assistant.stream(question)
    assert isinstance(answer, Answer)
    assert all(isinstance(piece, str) and piece for piece in pieces)
    assert "".join(pieces) == answer.text
    assert without_times(answer) == without_times(assistant.ask(question))


def test_a_stream_of_several_statements_comes_in_pieces(assistant):
    *pieces, answer = assistant.stream("江苏和湖南2025年非化石能源消费比重各是多少?")
    assert len(pieces) == len(answer.text.split("\n\n")) > 1


def test_times_are_told_a_step_and_add_up(assistant):
    times = assistant.ask(QUESTIONS[0]).timings_s
    assert times.keys() == {"total", "understand", "retrieve", "rank", "generate"}
    assert all(seconds > 0 for seconds in times.values())
    assert times["total"] == pytest.approx(sum(times.values()) / 2)


def test_the_same_question_has_the_same_answer(assistant, built):
    again = Assistant.load(built)
    for question in QUESTIONS:
        answer = assistant.ask(question)
        assert assistant.ask(question) == answer
        assert again.ask(question) == answer
        assert again.search(question) == assistant.search(question)


def test_threads_that_share_an_assistant_get_the_answers_of_one(assistant):
    asked = QUESTIONS * 8
    expected = [assistant.ask(question) for question in asked]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(assistant.ask, asked)) == expected


def test_hits_are_slices_of_their_documents_best_first(assistant):
    hits = assistant.search("2025年非化石能源消费比重?", top_k=3)
    assert isinstance(hits, tuple)
    assert len(hits) == 3
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    for hit in hits:
        chunk = hit.chunk
        assert chunk.document.text[chunk.start : chunk.end] == chunk.text
        assert isinstance(chunk.pages, tuple)


@pytest.mark.parametrize("question", ["", " \n", "?!", "长" * 100_000])
def test_what_cannot_be_asked_is_a_bad_request(assistant, question):
    for use in (assistant.ask, assistant.search, lambda q: list(assistant.stream(q))):
        with pytest.raises(BadRequest, match="rag "):
            use(question)


def test_half_a_character_in_a_question_is_no_matter(assistant):
    answer = assistant.ask("江苏2025年风电装机目标是多少?\udcff")
    assert "2800万千瓦" in answer.text
    answer.question.encode("utf-8")


@pytest.mark.parametrize("top_k", [0, 201])
def test_top_k_out_of_bounds_is_a_bad_request(assistant, top_k):
    with pytest.raises(BadRequest, match="top_k"):
        assistant.search("风电", top_k=top_k)


def test_building_gives_an_assistant_and_an_index_that_loads_alike(corpus, tmp_path):
    steps = []
    fresh = Assistant.build(
        [str(corpus)], index=str(tmp_path / "index"), progress=lambda *step: steps.append(step)
    )
    loaded = Assistant.load(str(tmp_path / "index"))
    assert steps
    assert [document.id for document in loaded.documents] == ["p001", "p002", "p003", "rooftops"]
    assert loaded.documents == fresh.documents
    assert loaded.ask(QUESTIONS[0]) == fresh.ask(QUESTIONS[0])


def test_building_from_nothing_and_loading_nothing_fail_with_the_remedy(tmp_path):
    with pytest.raises(ReadError, match="name files or folders"):
        Assistant.build([tmp_path], index=tmp_path / "index")
    with pytest.raises(IndexMissing, match="rag index"):
        Assistant.load(tmp_path / "index")


def test_an_unknown_generator_is_refused_with_those_there_are(built):
    with pytest.raises(RagError, match=r"'oracle'.*embedded"):
        Assistant.load(built, settings=Settings(generator="oracle"))


def test_a_report_without_a_region_is_asked_about_any_place_it_tells_of(tmp_path):
    text = "Report\n\nThe plant in Gansu has 41 turbines. The office has 9 desks.\n"
    (tmp_path / "report.txt").write_text(text)
    own = Assistant.build([tmp_path / "report.txt"], index=tmp_path / "index")
    answer = own.ask("How many turbines has the Gansu plant?")
    assert not answer.refused
    assert "41 turbines" in answer.citations[0].quote
    assert own.ask("How many turbines has the Hunan plant?").refused


# What is added and removed; another generation of the index


@pytest.fixture
def own(index_folder):
    return Assistant.load(index_folder)


def test_what_is_added_is_found_and_what_is_removed_is_not(own, tmp_path):
    (tmp_path / "boats.md").write_text("# Boats\n\nSeven boats carry lanterns.", encoding="utf-8")
    steps = []
    outcome = own.add([tmp_path / "boats.md"], progress=lambda *step: steps.append(step))
    assert [Path(path).name for path in outcome.added] == ["boats.md"]
    assert len(outcome.unchanged) == 2
    assert ("reading", 1, 1) in steps
    assert own.search("lanterns", top_k=1)[0].chunk.document.id == "boats"
    outcome = own.remove(["boats"])
    assert [Path(path).name for path in outcome.removed] == ["boats.md"]
    assert "boats" not in {document.id for document in own.documents}


def test_a_generation_that_another_wrote_is_answered_from_at_once(own, index_folder, tmp_path):
    (tmp_path / "boats.md").write_text("# Boats\n\nSeven boats carry lanterns.", encoding="utf-8")
    Assistant.build([tmp_path / "boats.md"], index=index_folder)
    assert own.search("lanterns", top_k=1)[0].chunk.document.id == "boats"
    assert "boats" in {document.id for document in own.documents}


def test_an_answer_begun_ends_with_the_generation_it_began_with(own, index_folder):
    pieces = own.stream("江苏2025年风电装机目标是多少?")
    begun = next(pieces)
    Assistant.load(index_folder).remove(["p001"])
    answer = list(pieces)[-1]
    assert answer.text.startswith(begun)
    assert {c.document.id for c in answer.citations} == {"p001"}
    again = own.ask("江苏2025年风电装机目标是多少?")
    assert "p001" not in {c.document.id for c in again.citations}


def test_a_generation_that_is_damaged_leaves_the_last_one_in_use(
    own, index_folder, tmp_path, caplog
):
    (tmp_path / "boats.md").write_text("# Boats\n\nSeven boats carry lanterns.", encoding="utf-8")
    Assistant.build([tmp_path / "boats.md"], index=index_folder)
    (index_folder / "generations/000002/documents.jsonl").write_text("{")
    for _ in range(2):
        assert not own.ask("江苏2025年风电装机目标是多少?").refused
    assert caplog.text.count("the new generation can't be opened") == 1
    outcome = own.add([tmp_path / "boats.md"])
    assert "the generation before was taken over" in outcome.lost
    assert {document.id for document in own.documents} >= {"boats", "p001"}


def test_an_index_in_memory_alone_cannot_be_added_to(corpus):
    built = Assistant(
        build_index([Document("a", "A", "One text.", "/a.txt")], Settings()), Settings()
    )
    with pytest.raises(BadRequest, match="lies in no folder"):
        built.add([corpus])


WIND = "江苏2025年风电装机目标是多少?"


def test_a_follow_up_is_answered_as_what_it_stands_for(assistant):
    first = assistant.ask(WIND)
    assert first.resolved == ""
    second = assistant.ask("那上海呢?", history=[first])
    assert (second.question, second.resolved) == ("那上海呢?", "上海2025年风电装机目标是多少?")
    assert second.text == assistant.ask("上海2025年风电装机目标是多少?").text
    third = assistant.ask("和湖南比呢?", history=[first, second])
    assert {c.document.region for c in third.citations} == {"上海市", "湖南省"}


def test_history_changes_nothing_for_a_question_of_its_own(assistant):
    history = [assistant.ask(question) for question in QUESTIONS]
    for question in QUESTIONS:
        assert assistant.ask(question, history=history) == assistant.ask(question)


def test_the_assistant_remembers_nothing(assistant):
    assistant.ask(WIND)
    assert assistant.ask("那上海呢?").resolved == ""


def test_a_follow_up_streams_as_it_answers(assistant):
    history = [assistant.ask(WIND)]
    *pieces, answer = assistant.stream("2030年的森林覆盖率呢?", history=history)
    assert "".join(pieces) == answer.text
    assert answer == assistant.ask("2030年的森林覆盖率呢?", history=history)
    assert "24.1%" in answer.text


ROOFS = (
    "新建厂房屋顶光伏覆盖率达到50%,屋顶光伏与建筑同步设计、同步施工、同步验收。",
    "推进学校、医院等公共机构的屋顶光伏建设,到2025年公共机构屋顶光伏覆盖率力争达到50%。",
    "推进农村屋顶光伏建设,整县开发屋顶分布式光伏,由企业统一建设、统一运维。",
    "完善屋顶光伏建设的并网服务,电网企业为屋顶光伏并网提供一站式服务。",
    "加强屋顶光伏建设的安全监管,建设单位定期检查屋顶荷载与防火。",
    "落实屋顶光伏建设的价格政策,余电上网电价按国家规定执行。",
    "鼓励金融机构为屋顶光伏建设提供优惠贷款,支持开发绿色信贷产品。",
    "建立屋顶光伏建设的统计制度,每季度公布屋顶光伏装机和发电量。",
)


def test_more_quotes_what_was_not_quoted_until_nothing_is_left(tmp_path):
    text = "\n\n".join(ROOFS)
    head = "---\ntitle: 屋顶光伏方案\nregion: 江苏省\n---\n"
    (tmp_path / "roofs.md").write_text(f"{head}## 屋顶光伏建设\n\n{text}\n", encoding="utf-8")
    assistant = Assistant.build([tmp_path / "roofs.md"], index=tmp_path / "index")
    answers = [assistant.ask("江苏怎么推进屋顶光伏建设?")]
    while not answers[-1].refused:
        assert len(answers) <= len(ROOFS)
        answers.append(assistant.ask("再详细一点", history=answers))
        check(answers[-1])
    spans = [(c.start, c.end) for a in answers[:-1] for c in a.citations]
    assert len(answers) > 2
    assert len(spans) == len(set(spans))
    assert answers[-1].text == "没有更多相关内容。"


def test_the_source_may_be_quoted_again(assistant):
    first = assistant.ask(WIND)
    again = assistant.ask("来源是什么?", history=[first])
    assert again.resolved == WIND
    assert first.citations[0].quote in [c.quote for c in again.citations]


def test_that_plan_narrows_the_answer_to_the_plan_quoted(assistant):
    first = assistant.ask(WIND)
    second = assistant.ask("刚才那个方案的森林覆盖率目标?", history=[first])
    assert "《江苏省碳达峰实施方案》" in second.resolved
    assert {c.document.id for c in second.citations} == {"p001"}
    assert "24.1%" in second.text


def test_a_follow_up_in_another_language_is_answered_in_it(assistant):
    answer = assistant.ask("And for Shanghai?", history=[assistant.ask(WIND)])
    assert answer.language == "en"
    assert "Shanghai" in answer.resolved
    assert "260万千瓦" in answer.text
