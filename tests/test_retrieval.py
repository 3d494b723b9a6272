import re
from dataclasses import replace

import numpy as np
import pytest
from making_index import build_index

from rag.errors import BadRequest
from rag.query import understand
from rag.retrieval import (
    MAX_TOP_K,
    Filter,
    Retriever,
    Weights,
)
from rag.settings import Settings
from rag.types import Document

PLAIN = Weights()
GOALS = "到2025年,非化石能源消费比重达到{}左右。加快发展风电、光伏发电,建设清洁低碳的能源体系。"
PASSAGE = (
    "加强城市公园绿地和郊野公园建设,提升城市绿化覆盖率,开展国土绿化行动,巩固生态系统碳汇能力,"
    "推进山水林田湖草沙一体化保护和修复。科学划定生态保护红线,严格保护湿地和草原,稳定现有森林、"
    "土壤的固碳作用,提高林业经营水平。到2030年,森林覆盖率达到{}。"
)
SHORT, LONG = "推进港口岸电改造", "提高清洁能源船舶比例,"


def make_document(name, text, **labels):
    defaults = {"title": f"{name}规划", "source": f"/docs/{name}", "language": "zh"}
    return Document(id=name, text=text, **(defaults | labels))


def make_retriever(*documents, chunk_chars=400):
    """Without a reranker, so that a score can be reckoned by hand."""
    return Retriever(build_index(documents, Settings(chunk_chars=chunk_chars)), weights=PLAIN)


def find(retriever, question, *, top_k=10, **only):
    return retriever.search(understand(question), top_k=top_k, only=Filter(**only))


def ids(hits):
    return [hit.chunk.document.id for hit in hits]


PLANS = (
    make_document("js", GOALS.format("18%"), region="江苏省", level="province", status="final"),
    make_document("hn", GOALS.format("22%"), region="湖南省", level="province", status="draft"),
    make_document("sz", GOALS.format("16%"), region="苏州市", level="city", work="suzhou"),
    make_document("cn", GOALS.format("20%"), title="中国规划", region="全国", level="national"),
    make_document("en", "Librarians lend seeds and tools.", title="Seeds", language="en"),
)


@pytest.fixture(scope="module")
def plans():
    return make_retriever(*PLANS)


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("江苏2025年非化石能源消费比重?", "js"),
        ("湖南2025年非化石能源消费比重?", "hn"),
        ("Hunan: 非化石能源消费比重?", "hn"),
        ("苏州的非化石能源消费比重?", "sz"),
        ("Who lends seeds?", "en"),
    ],
)
def test_the_plan_of_the_region_that_is_named_comes_first(plans, question, first):
    assert ids(find(plans, question))[0] == first


def scores_of(plans, query):
    return {hit.chunk.document.id: hit.score for hit in plans.search(query, top_k=10)}


def test_a_named_place_adds_its_weight_and_nothing_else(plans):
    named = understand("湖南非化石能源消费比重?")
    scores = scores_of(plans, named)
    unnamed = scores_of(plans, replace(named, places=(), everywhere=True))
    for document, score in unnamed.items():
        bonus = PLAIN.place if document == "hn" else 0
        assert scores[document] == pytest.approx(score + bonus, abs=1e-6)


def test_the_documents_of_the_places_named_are_found(plans):
    of = {
        question: plans.documents_of(understand(question)) for question in ("湖南与江苏", "目标?")
    }
    assert [document.id for document in of["湖南与江苏"]] == ["hn", "js"]
    assert of["目标?"] == ()


@pytest.mark.parametrize("question", ["非化石能源消费比重?", "国务院的非化石能源消费比重?"])
def test_what_names_no_lesser_place_is_asked_of_the_nation(plans, question):
    query = understand(question)
    scores = scores_of(plans, query)
    everywhere = scores_of(plans, replace(query, everywhere=True))
    for document, score in everywhere.items():
        bonus = PLAIN.central if document == "cn" else 0
        assert scores[document] == pytest.approx(score + bonus, abs=1e-6)


def test_a_title_names_a_place_as_well_as_the_region_does():
    text = GOALS.format("18%")
    titled = make_document("titled", text, title="湖南省规划")
    other = make_document("other", text, title="江苏省规划")
    assert ids(find(make_retriever(other, titled), "湖南省的能源体系?"))[0] == "titled"


def test_the_score_is_the_share_of_the_words_and_the_weighted_cosine(plans):
    index = plans._index
    query = replace(understand("非化石能源 seeds"), language="zh", chinese="", everywhere=True)
    (vector,) = index.embedder.embed_queries([query.question])
    words = ["非", "化", "石", "能", "源", "非化", "化石", "石能", "能源", "seed"]
    whole = sum(index.lexical.rarity(word) for word in words)
    bm25 = index.lexical.scores(words)
    hits = plans.search(query, top_k=10)
    assert len(hits) == len(PLANS)
    for hit in hits:
        row = index.chunks.index(replace(hit.chunk))
        (passage,) = index.embedder.embed_passages([f"{hit.chunk.context} {hit.chunk.text}"])
        expected = bm25[row] / whole + PLAIN.dense * float(np.dot(vector, passage))
        assert hit.score == pytest.approx(expected, abs=1e-5)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_a_filter_leaves_the_vectors_of_what_fits_in_the_search():
    near = [make_document(f"n{n}", "seeds and tools", title="tools") for n in range(250)]
    far = make_document("far", GOALS.format("22%"), region="湖南省")
    retriever = make_retriever(*near, far)
    query = replace(understand("seeds and tools"), chinese="")
    (hit,) = retriever.search(query, top_k=1, only=Filter(region="湖南省"))
    assert hit.score != 0  # no word is shared, so the score is the cosine's alone


def test_words_that_every_chunk_has_keep_the_score_a_share():
    (hit,) = find(make_retriever(make_document("a", "风电")), "风电")
    assert 0 < hit.score < 1 + PLAIN.dense + 1e-6


@pytest.mark.parametrize(
    "region", ["湖南省", "湖南", "Hunan", "hunan", "Хунань", "후난성", "هونان"]
)
def test_a_region_filter_is_read_in_any_language(plans, region):
    assert ids(find(plans, "能源", region=region)) == ["hn"]


@pytest.mark.parametrize(
    ("only", "found"),
    [
        ({"region": "全国"}, {"cn"}),
        ({"region": "China"}, {"cn"}),
        ({"level": "province"}, {"js", "hn"}),
        ({"level": "city"}, {"sz"}),
        ({"status": "draft"}, {"hn"}),
        ({"status": "final"}, {"js"}),
        ({"document": "sz"}, {"sz"}),
        ({"document": "suzhou"}, {"sz"}),
        ({"level": "province", "status": "final"}, {"js"}),
        ({}, {"js", "hn", "sz", "cn", "en"}),
        ({"region": "", "level": "", "status": "", "document": ""}, {"js", "hn", "sz", "cn", "en"}),
    ],
)
def test_filters_leave_only_what_fits(plans, only, found):
    assert set(ids(find(plans, "能源比重", **only))) == found


@pytest.mark.parametrize(
    "only",
    [{"region": "甘肃"}, {"region": "Atlantis"}, {"level": "ministry"}, {"document": "nosuch"}],
)
def test_a_filter_that_nothing_fits_gives_no_hits(plans, only):
    assert find(plans, "能源", **only) == ()


def test_hits_are_at_most_top_k_and_the_best_of_more(plans):
    whole = find(plans, "能源比重", top_k=5)
    assert [len(find(plans, "能源比重", top_k=k)) for k in (1, 2, 5, MAX_TOP_K)] == [1, 2, 5, 5]
    assert find(plans, "能源比重", top_k=2) == whole[:2]


@pytest.mark.parametrize("top_k", [0, -1, MAX_TOP_K + 1, 2.5, "5", None])
def test_top_k_out_of_bounds_is_refused_with_the_bounds(plans, top_k):
    with pytest.raises(BadRequest, match=rf"top_k is {top_k}; .* 1 to {MAX_TOP_K}"):
        find(plans, "能源", top_k=top_k)


def test_ties_keep_the_order_of_the_documents():
    same = [make_document(f"d{n}", "风电装机。", title="规划") for n in range(4)]
    (hit,) = find(make_retriever(*same), "风电")
    assert hit.chunk.document.id == "d0"
    assert [chunk.document.id for chunk in hit.also] == ["d1", "d2", "d3"]


def test_a_passage_that_repeats_a_better_one_of_its_region_joins_it():
    first = make_document("first", PASSAGE.format("23%"), region="湖南省")
    again = make_document("again", PASSAGE.format("23%").replace("巩固", "稳固"), region="湖南省")
    hits = find(make_retriever(first, again), "湖南省森林覆盖率,巩固碳汇")
    assert ids(hits) == ["first"]
    assert [chunk.document.id for chunk in hits[0].also] == ["again"]


def test_folding_leaves_room_for_other_passages():
    copies = [make_document(f"c{n}", PASSAGE.format("23%"), region="湖南省") for n in range(3)]
    other = make_document("other", "森林覆盖率另见附件。", region="湖南省")
    hits = find(make_retriever(*copies, other), "湖南省森林覆盖率", top_k=2)
    assert len(hits) == 2
    assert "other" in ids(hits)
    assert sum(len(hit.also) for hit in hits) == 2


def test_passages_that_share_half_their_words_are_not_folded():
    head, tail = PASSAGE.format("23%").split("科学划定")
    other = (
        head + "发展海洋渔业,建设牧场,养护渔业资源,保护珊瑚礁和红树林,清理海岸垃圾,整治近海污染。"
    )
    both = [make_document("a", head + tail), make_document("b", other)]
    assert sorted(ids(find(make_retriever(*both), "城市公园绿地"))) == ["a", "b"]


def test_plans_of_two_regions_are_never_folded():
    both = [make_document(r, PASSAGE.format("23%"), region=r) for r in ("湖南省", "江苏省")]
    hits = find(make_retriever(*both), "森林覆盖率")
    assert sorted(ids(hits)) == ["江苏省", "湖南省"]
    assert not any(hit.also for hit in hits)


def test_a_repeat_joins_the_passage_of_its_own_region_behind_that_of_another():
    regions = {"a1": "湖南省", "b1": "江苏省", "a2": "湖南省", "b2": "江苏省"}
    copies = [make_document(n, PASSAGE.format("23%"), region=r) for n, r in regions.items()]
    hits = find(make_retriever(*copies), "森林覆盖率")
    folded = {hit.chunk.document.region: len(hit.also) for hit in hits}
    assert len(hits) == 2
    assert folded == {"湖南省": 1, "江苏省": 1}


def test_a_passage_with_another_figure_answers_for_itself():
    two = [make_document(n, PASSAGE.format(n), region="湖南省") for n in ("23.5%", "24.1%")]
    assert sorted(ids(find(make_retriever(*two), "森林覆盖率"))) == ["23.5%", "24.1%"]


def test_a_sentence_that_the_boundary_cuts_is_run_on_to_its_end():
    text = f"{SHORT}{LONG * 7}。另起一句。"
    hits = find(make_retriever(make_document("a", text), chunk_chars=60), "港口岸电")
    chunk = hits[0].chunk
    assert chunk.text == text.removesuffix("另起一句。")
    assert chunk.text == text[chunk.start : chunk.end]


@pytest.mark.parametrize(
    "text",
    [
        "# 港口\n\n港口岸电改造\n\n另一段话没有句号,很长很长很长",  # a line's end is an end
        "港口岸电改造完成。另一段话没有句号,很长很长很长很长很长很长",
        "港口岸电改造"
        + "港" * 14
        + "\n"
        + "另一段话写得很长很长" * 3
        + "。",  # cut right before the line's end
    ],
)
def test_a_chunk_that_ends_with_a_sentence_or_a_line_is_left_as_it_is(text):
    retriever = make_retriever(make_document("a", text), chunk_chars=20)
    chunks = {chunk.start: chunk for chunk in retriever._index.chunks}
    hits = find(retriever, "港口岸电改造")
    assert len(chunks) > 1
    assert hits[0].chunk == chunks[hits[0].chunk.start]


def test_a_sentence_whose_rest_is_far_too_long_is_not_run_on():
    text = SHORT + LONG * 100
    retriever = make_retriever(make_document("a", text), chunk_chars=60)
    hit = find(retriever, "港口岸电改造")[0]
    assert len(hit.chunk.text) <= 60


def test_an_english_question_finds_the_chinese_passage_by_its_vector_alone():
    texts = {
        "solar": "建设屋顶光伏,推广太阳能发电。",
        "steel": "钢铁企业淘汰落后高炉,压减粗钢产量。",
        "forest": "植树造林,提高森林蓄积量。",
        "school": "中小学开设节约课程,培养学生。",
    }
    retriever = make_retriever(*(make_document(n, t, title="规划") for n, t in texts.items()))
    for question, wanted in {
        "solar power on rooftops": "solar",
        "old blast furnaces and crude steel output": "steel",
        "planting trees": "forest",
        "courses for primary schools": "school",
    }.items():
        query = replace(understand(question), chinese="")  # without the glossary's help
        assert ids(retriever.search(query, top_k=1)) == [wanted], question


def test_a_document_of_the_kind_named_comes_before_its_like():
    opinions = make_document("op", GOALS.format("18%"), title="双碳实施意见", region="江苏省")
    scheme = make_document("sc", GOALS.format("19%"), title="碳达峰实施方案", region="江苏省")
    retriever = make_retriever(opinions, scheme)
    for kind, wanted in (("实施意见", "op"), ("实施方案", "sc")):
        query = understand(f"{kind}里2025年非化石能源消费比重?")
        plain = replace(query, document_kinds=())
        with_kind, without = (
            {h.chunk.document.id: h.score for h in retriever.search(q, top_k=2)}
            for q in (query, plain)
        )
        assert next(iter(with_kind)) == wanted
        gained = {name: with_kind[name] - without[name] for name in with_kind}
        assert gained[wanted] == pytest.approx(PLAIN.kind, abs=1e-6)
        assert sum(gained.values()) == pytest.approx(PLAIN.kind, abs=1e-6)


def test_the_places_are_those_of_regions_and_titles(plans):
    assert {"江苏省", "湖南省", "苏州市", "全国", "中国"} <= plans.places
    assert "甘肃省" not in plans.places


def test_every_hit_is_a_slice_of_its_document(plans):
    for hit in find(plans, "非化石能源消费比重"):
        chunk = hit.chunk
        assert chunk.text == chunk.document.text[chunk.start : chunk.end]
        assert re.search("%|seeds", chunk.text)
