import pytest

from rag.citing import Citer
from rag.query import understand
from rag.refusal import MIN_SUPPORT, decline, find_reason
from rag.types import Chunk, Document, Hit, PageSpan


def hit(document="d", score=1.0, text="甲乙丙", **fields):
    fields = {"region": "江苏省", "page_spans": (PageSpan(7, 0, len(text)),)} | fields
    return Hit(
        Chunk(Document(document, f"{document}方案", text, "d.txt", **fields), 0, len(text)), score
    )


JIANGSU = frozenset({"江苏省"})


def reason(question, hits=None, known=JIANGSU):
    return find_reason(understand(question), [hit()] if hits is None else hits, known)


@pytest.mark.parametrize(
    "question",
    [
        "江苏2030年的目标?",
        "比重是多少?",
        "江苏和新疆谁更高?",
        "全国的目标?",
    ],
)
def test_a_question_that_the_documents_may_answer_has_no_reason(question):
    assert reason(question) == ""


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("新疆的目标?", "新疆"),
        ("新疆和西藏谁更高?", "新疆、西藏"),
        ("绵阳的目标?", "绵阳市"),
        ("教育部的措施?", "教育部"),
        ("What is Tibet's target?", "Tibet"),
    ],
)
def test_regions_without_a_document_are_named(question, named):
    assert named in reason(question)


def test_the_plan_of_a_province_answers_for_a_city_only_where_it_tells_of_it():
    assert "无锡市" in reason("无锡的目标?", [hit(text="支持苏州先行")])
    assert reason("无锡的目标?", [hit(text="支持无锡先行")]) == ""
    assert "江苏省" in reason("江苏的目标?", [hit(text="对接江苏")], known=frozenset({"无锡市"}))


def test_a_plan_named_in_full_that_is_not_there_is_named_unless_a_passage_tells_of_it():
    query = understand("《长江保护规划》提出什么?")
    assert find_reason(query, [hit()], JIANGSU, ("长江保护规划",)) == "文档中没有《长江保护规划》。"
    told = hit(text="落实《长江保护规划》")
    assert find_reason(query, [told], JIANGSU, ("长江保护规划",)) == ""


def test_a_plan_of_the_nation_does_not_stand_for_a_province():
    assert "新疆" in reason("新疆的目标?", known=frozenset({"全国", "中国"}))


def test_a_place_told_of_in_a_document_of_no_region_is_not_absent():
    report = hit("report", text="新疆基地投产", region="")
    assert reason("新疆的目标?", [report]) == ""
    assert "新疆" in reason("新疆的目标?", [hit("plan", text="新疆基地投产")])


def test_without_hits_no_document_fits_the_filters():
    assert reason("江苏的目标?", []) == "索引里没有符合筛选条件的文件。"


def test_a_best_hit_under_the_threshold_supports_nothing():
    below, at = MIN_SUPPORT - 0.001, MIN_SUPPORT
    assert reason("比重?", [hit(score=below)]) == "文档没有回答这个问题。"
    assert reason("比重?", [hit(score=at), hit(score=below)]) == ""


def test_the_reason_is_in_the_language_of_the_question():
    assert reason("Quel objectif pour Pékin ?", []).startswith("Aucun document")


def test_a_refusal_cites_the_nearest_passages_of_two_documents_best_first():
    hits = [hit("a", 0.9), hit("a", 0.8), hit("b", 0.8), hit("c", 0.8)]
    (statement,) = decline(understand("目标?"), "没有。", hits).statements
    assert [e.document.id for e in statement.evidence] == ["a", "b"]
    assert [e.score for e in statement.evidence] == [0.9, 0.8]
    named = "江苏省《a方案》(第7页)、江苏省《b方案》(第7页)"
    assert statement.text == f"没有。 最接近的内容见:{named}。"


def test_a_refusal_without_hits_is_the_reason_alone():
    (statement,) = decline(understand("目标?"), "没有。", []).statements
    assert (statement.text, statement.evidence) == ("没有。", ())


@pytest.mark.parametrize("language_of", ["目标?", "What is it?", "Quoi ?", "ما الهدف؟", "何ですか"])
def test_a_refusal_passes_the_check_of_its_figures(language_of):
    query = understand(language_of)
    hits = [hit("2030", region="8号"), hit("b", region="", status="draft")]
    citer = Citer(query)
    assert all(map(citer.add, decline(query, "-", hits).statements))
    assert len(citer.citations) == 2
