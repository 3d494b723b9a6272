import numpy as np
import pytest
from generators.making import PLAN, ask, equal_rarity, make_document, make_hit, make_ranker
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.embedders import load_embedder
from rag.evidence.units import cut_units
from rag.settings import Settings
from rag.types import Chunk, Hit

FACT = "2030年非化石能源消费比重达到多少?"


def units(question, document, rarity=equal_rarity):
    return make_ranker(rarity).rank(ask(question), [make_hit(document)])


def texts(question, text, **fields):
    return [unit.text for unit in units(question, make_document(text, **fields))]


def best(question, text, **fields):
    return texts(question, text, **fields)[0]


OUTLINES = st.lists(
    st.sampled_from(["一、", "二、", "(一)", "(二)", "目标。", "推进风电", "到2030年", "25%", "。"])
).map("".join)


@settings(deadline=None)  # the first example loads the embedded model
@given(OUTLINES, st.sampled_from([FACT, "有哪些任务?", "2025年比重?"]), st.data())
def test_units_are_slices_of_one_section_each_without_its_heading(text, question, data):
    document = make_document(text)
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    for unit in make_ranker().rank(ask(question), [Hit(Chunk(document, start, end), 1.0)]):
        assert 0 <= unit.start < unit.end <= end
        assert unit.text == text[unit.start : unit.end]
        assert unit.text.strip()
        for section in document.sections:
            assert section.body <= unit.start or unit.end <= section.start


def test_units_are_sorted_best_first():
    scores = [unit.score for unit in units(FACT, make_document())]
    assert scores == sorted(scores, reverse=True)


def test_ties_keep_the_order_of_hits_and_text():
    assert texts("会议?", "甲。乙。丙。") == ["甲。", "乙。", "丙。"]


def test_headings_are_no_units_but_count_for_what_stands_below():
    found = texts("怎样发展风电?", "一、发展风电。推进建设。二、发展光伏。推进建设。")
    assert "一、发展风电。" not in found
    first, second = units("怎样发展风电?", make_document("一、发展风电。推进。二、光伏。推进。"))
    assert (first.start, first.score > second.score) == (7, True)


def test_the_unit_with_more_of_the_questions_words_is_better():
    assert best("海上风电基地", "推进海上风电基地建设。推进风电建设。") == "推进海上风电基地建设。"


def test_rare_words_weigh_more():
    text = "推进风电项目工程。推进项目工程建设。"
    rare = {"风": 9.0, "电": 9.0, "风电": 9.0}
    found = units("风电项目工程建设?", make_document(text), lambda word: rare.get(word, 0.1))
    assert found[0].text == "推进风电项目工程。"


def test_the_clause_with_the_asked_year_is_better():
    text = "到2025年比重达到18%。到2030年比重达到25%。"
    assert best("2030年比重达到多少?", text) == "到2030年比重达到25%。"
    assert best("2025年比重达到多少?", text) == "到2025年比重达到18%。"


def test_the_year_of_an_earlier_clause_governs_and_is_quoted_with_it():
    early = "到2025年," + "推进项目建设" * 12 + ";"
    late = "到2030年," + "推进项目建设" * 12 + ";"
    text = f"一、目标。{early}森林覆盖率达到24%;{late}森林覆盖率达到25%。"
    found = best("2030年森林覆盖率达到多少?", text)
    assert found == f"{late}森林覆盖率达到25%。"
    assert best("2025年森林覆盖率达到多少?", text) == f"{early}森林覆盖率达到24%;"


def test_a_year_too_far_before_governs_but_is_not_quoted_and_none_across_a_heading():
    far = "到2030年," + "推进项目建设" * 40 + ";"
    assert best("2030年森林覆盖率?", f"一、目标。{far}森林覆盖率达到25%。") == "森林覆盖率达到25%。"
    text = "一、目标。到2030年推进。二、任务。森林覆盖率达到25%。"
    assert "森林覆盖率达到25%。" in texts("2030年森林覆盖率?", text)


@pytest.mark.parametrize(
    ("question", "text", "wanted"),
    [
        ("2030年装机达到多少?", "到2030年装机2000万千瓦。到2025年装机900万千瓦。", "2000万"),
        ("2025年能耗下降多少?", "到2025年,比2020年能耗下降14%。2020年能耗下降9%。", "14%"),
        ("2030年装机多少?", "装机2060万千瓦。装机稳步提升。", "2060"),
    ],
)
def test_a_figure_like_a_year_and_a_base_year_are_no_years(question, text, wanted):
    assert wanted in best(question, text)


def test_a_base_year_leaves_a_clause_its_governing_year():
    early = "到2025年," + "推进项目建设" * 20 + ";"
    text = f"一、背景。单位能耗下降9%。二、目标。{early}单位能耗比2020年下降14%。"
    assert "14%" in best("2025年单位能耗下降多少?", text)


def test_a_figure_that_looks_like_a_year_does_not_contradict_the_year_before():
    text = "到2030年," + "推进项目" * 30 + ";装机达到2050万千瓦;到2025年,装机达到900万千瓦。"
    assert "2050" in best("2030年装机达到多少?", text)


def test_a_unit_with_a_figure_is_better_where_one_is_asked():
    text = "提高非化石能源消费比重。非化石能源消费25%。"
    assert best("非化石能源消费比重多少?", text) == "非化石能源消费25%。"
    assert best("怎样提高非化石能源消费?", text) == "提高非化石能源消费比重。"


def test_a_year_alone_is_no_figure():
    text = "2030年非化石能源消费比重提高。非化石能源消费25%。"
    assert best("非化石能源消费比重多少?", text) == "非化石能源消费25%。"


def test_long_sentences_are_cut_to_clauses_for_facts_and_whole_for_lists():
    text = "推进" * 40 + "甲;" + "推进" * 40 + "乙。"
    assert len(texts("比重多少?", text)) == 2
    assert texts("有哪些任务?", text) == [text]
    assert texts("比重多少?", "甲;乙。") == ["甲;乙。"]


def test_a_better_hit_lifts_its_units():
    low, high = make_document("推进风电。", "low"), make_document("推进风电。", "high")
    hits = [make_hit(low, 0.2), make_hit(high, 0.8)]
    assert make_ranker().rank(ask("风电?"), hits)[0].document.id == "high"


def test_a_plan_of_another_place_counts_less():
    plan = make_document("推进风电。")
    hunan = make_document("推进风电。", region="湖南省")
    (own,), (other,) = (units("江苏风电?", d) for d in (plan, hunan))
    assert own.score > other.score


@pytest.mark.parametrize(
    ("bullet", "unit"),
    [
        ("- 比重达到25%(第259页)\n", "比重达到25%"),
        ("- 比重达到25%。(第259、260页)\n", "比重达到25%。"),
        ("* 比重达到25%（第259页）\n", "比重达到25%"),
        ("- Share of 25%. (pp. 259-260)\n", "Share of 25%."),
        ("- Share of 25% (p. 259)\n", "Share of 25%"),
    ],
)
def test_a_bullet_of_a_brief_is_quoted_without_mark_and_page_reference(bullet, unit):
    assert texts(FACT, bullet, kind="brief") == [unit]


def test_a_page_reference_in_an_original_is_part_of_it():
    assert texts(FACT, "比重达到25%(第259页)") == ["比重达到25%(第259页)"]


def test_no_hits_no_units():
    assert make_ranker().rank(ask(FACT), []) == []


def test_hits_without_a_score_are_still_ranked():
    found = make_ranker().rank(ask(FACT), [make_hit(make_document(PLAN), 0.0)])
    assert "到2030年" in found[0].text


def test_the_cosine_is_of_the_units_own_words_and_the_question_without_its_places():
    embed = load_embedder(Settings()).embed_passages
    document = make_document("到2025年推进海上风电基地建设。推广屋顶光伏。")
    found = cut_units(ask("江苏怎样建设海上风电基地?"), [make_hit(document)], embed)
    question, *texts = embed([" 怎样建设海上风电基地?", *(unit.own_text for unit in found)])
    np.testing.assert_allclose([u.cosine for u in found], [t @ question for t in texts], atol=1e-6)
    assert found[0].cosine > found[1].cosine
    (alone,) = cut_units(ask("江苏?"), [make_hit(make_document("江苏。"))], embed)
    assert alone.cosine == pytest.approx(embed(["江苏?"])[0] @ embed(["江苏。"])[0], abs=1e-6)


def test_words_that_stand_with_another_figure_count_less():
    apart = "到2025年:非化石能源装机比重50%以上,煤炭占能源消费的59.7%。"
    together = "到2025年:非化石能源消费比重17.7%,能耗强度完成国家任务。"
    question = "2025年非化石能源消费比重是多少?"
    for text in (f"{apart}{together}", f"{together}{apart}"):
        assert best(question, text).endswith(together)


def test_the_plans_of_the_place_asked_for_speak_alone():
    text = "到2030年非化石能源消费比重达到25%。"
    hits = [
        make_hit(make_document(text, "hunan", region="湖南省")),
        make_hit(make_document("提高非化石能源消费比重。", "jiangsu"), 0.5),
    ]
    question = "2030年非化石能源消费比重达到多少?"
    found = make_ranker().rank(ask(f"江苏{question}"), hits)
    assert [unit.document.id for unit in found] == ["jiangsu"]
    assert {unit.document.id for unit in make_ranker().rank(ask(question), hits)} == {
        "hunan",
        "jiangsu",
    }


def test_a_city_without_a_plan_is_spoken_for_by_who_names_it_then_by_its_province():
    wuxi = make_document("支持无锡先行。推进风电。", "js")
    other = make_document("推进海上风电建设。", "zj", region="浙江省")
    hits = [make_hit(other), make_hit(wuxi)]
    assert [u.text for u in make_ranker().rank(ask("无锡怎样推进风电?"), hits)] == [
        "支持无锡先行。"
    ]
    hits = [make_hit(other), make_hit(make_document("推进风电。", "js"))]
    assert [u.document.id for u in make_ranker().rank(ask("无锡怎样推进风电?"), hits)] == ["js"]


def test_a_note_of_who_is_responsible_is_said_only_where_that_is_asked():
    text = "推进海上风电基地建设。(省能源局、省发展改革委按职责分工负责)推广光伏。"
    assert texts("怎样推进海上风电?", text) == ["推进海上风电基地建设。", "推广光伏。"]
    who = best("海上风电基地建设由谁负责?", text)
    assert who == "推进海上风电基地建设。(省能源局、省发展改革委按职责分工负责)"


def test_a_line_of_a_brief_is_quoted_from_its_own_beginning():
    text = "- 到2030年能耗下降(第343页)\n- 森林覆盖率25%(第343页)\n"
    assert "森林覆盖率25%" in texts("2030年森林覆盖率?", text, kind="brief")
