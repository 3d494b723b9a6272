from dataclasses import replace
from math import log2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.evaluation import metrics
from rag.evaluation.questions import Question
from rag.types import Chunk, Hit

from .fakes import make_answer, make_citation, make_document, make_hit

PLAN = make_document("north", "Energy use falls 15%. ", "Solar reaches 1,290 GW.", first=31)
OTHER = make_document("south", "Energy use falls 13.5%.", first=71)


def ask(type="fact", must=(("15%",),), pages=(31,)):
    return Question("q", type, "en", "How much?", pages, must)


# norm


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("１５ ％", "15%"),
        ("1,290\u3000万\n千瓦", "1290万千瓦"),
        ("1，290", "1290"),
        ("CO₂ Ⅱ", "co2ii"),
        ("煤电、钢铁", "煤电、钢铁"),  # the enumeration comma stays
        ("", ""),
    ],
)
def test_norm_folds_width_case_white_space_and_commas(text, expected):
    assert metrics.norm(text) == expected


# Without combining marks, and symbols that unfold into one: white space removed from before a
# mark lets it combine, so that a second NFKC finds more to do.
UNMARKED = st.text(st.characters(exclude_categories=["M", "Sk", "Cs", "Lo", "Lm"])) | st.text(
    "碳达峰，,、。％%１2.５ ３\u3000\t\nABcé½①"
)


@settings(deadline=None)
@given(UNMARKED)
def test_norm_is_idempotent(text):
    once = metrics.norm(text)
    assert metrics.norm(once) == once


@settings(deadline=None)
@given(st.text())
def test_norm_leaves_no_white_space_and_no_comma(text):
    assert not any(char.isspace() or char == "," for char in metrics.norm(text))


# ranks


def test_ranks_of_a_first_right_hit_at_three():
    hits = [make_hit(OTHER, 71), make_hit(PLAN, 32), make_hit(PLAN, 31), make_hit(PLAN, 31)]
    assert metrics.rank_hits(hits, (31,)) == {
        "recall@1": 0.0,
        "recall@5": 1.0,
        "recall@10": 1.0,
        "MRR": pytest.approx(1 / 3),
        "nDCG@10": pytest.approx(0.5),  # 1 / log2(4), of the 1 of a page that stands first
    }


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (0, [1, 1, 1, 1]),
        (1, [0, 1, 1, 1 / 2]),
        (4, [0, 1, 1, 1 / 5]),
        (5, [0, 0, 1, 1 / 6]),
        (9, [0, 0, 1, 1 / 10]),
        (10, [0, 0, 0, 0]),  # the eleventh hit counts nowhere
    ],
)
def test_ranks_after_so_many_wrong_hits(before, expected):
    hits = [make_hit(OTHER, 71)] * before + [make_hit(PLAN, 31)]
    scores = metrics.rank_hits(hits, (31, 99))
    assert [scores[name] for name in metrics.RANK_NAMES[:4]] == pytest.approx(expected)


def test_ranks_without_hits_are_zero():
    assert set(metrics.rank_hits((), (31,)).values()) == {0.0}


SECOND = 1 / log2(3)  # what a page gains at the second rank
THIRD = 1 / log2(4)


@pytest.mark.parametrize(
    ("pages", "found"),
    [
        ([31, 32], 1.0),
        ([71, 31, 32], (SECOND + THIRD) / (1 + SECOND)),
        ([31, 31, 32], (1 + THIRD) / (1 + SECOND)),  # a page gains the first time alone
        ([31], 1 / (1 + SECOND)),
        ([71], 0.0),
        ([71] * 9 + [31, 32], (1 / log2(11)) / (1 + SECOND)),  # the eleventh counts nowhere
    ],
)
def test_gain_of_the_pages_in_the_order_found(pages, found):
    hits = [make_hit(OTHER if page == 71 else PLAN, page) for page in pages]
    assert metrics.rank_hits(hits, (31, 32))["nDCG@10"] == pytest.approx(found)


def test_one_hit_on_two_right_pages_gains_both():
    across = Hit(Chunk(PLAN, 20, 30), 1.0)
    assert across.chunk.pages == (31, 32)
    assert metrics.rank_hits([across], (31, 32))["nDCG@10"] == 1.0


def test_order_counts_and_not_the_score():
    hits = [make_hit(OTHER, 71, score=0.1), make_hit(PLAN, 31, score=0.9)]
    assert metrics.rank_hits(hits, (31,))["MRR"] == 0.5


# all plans

WORKS = metrics.pages_by_work([PLAN, OTHER])


def test_all_plans_need_a_hit_in_each():
    hits = [make_hit(PLAN, 31), make_hit(PLAN, 32), make_hit(OTHER, 71)]
    assert metrics.rank_plans(hits, (31, 71), WORKS) == {
        "plans@1": 0.0,
        "plans@5": 1.0,
        "plans@10": 1.0,
    }


def test_one_hit_does_for_two_pages_of_one_plan():
    hits = [make_hit(PLAN, 32), make_hit(OTHER, 71)]
    assert metrics.rank_plans(hits, (31, 32, 71), WORKS)["plans@5"] == 1.0


def test_a_page_of_the_plan_that_is_not_asked_for_is_no_hit():
    hits = [make_hit(PLAN, 32), make_hit(OTHER, 71)]
    assert metrics.rank_plans(hits, (31, 71), WORKS)["plans@10"] == 0.0


def test_without_works_each_page_needs_its_own_hit():
    hits = [make_hit(PLAN, 32), make_hit(OTHER, 71)]
    assert metrics.rank_plans(hits, (31, 32, 71), {})["plans@10"] == 0.0


def test_versions_of_one_work_share_their_pages():
    full = make_document("full", "a", "b", first=5, work="w")
    brief = make_document("brief", "c", first=5, work="w")
    works = metrics.pages_by_work([full, brief, OTHER])
    assert works == {"w": {5, 6}, "south": {71}}
    assert metrics.rank_plans([make_hit(brief, 5)], (5, 6), works)["plans@1"] == 1.0


# facts


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("It falls by １５ ％[1] to 2,025.", ()),
        ("It falls by fifteen per cent, to 2025.", ()),
        ("It falls by 15%.", (("2025",),)),
        ("It falls to 20[1]25 by 1[2]5%.", ()),  # markers are taken out
        ("[15%] (2025)", ()),  # only digits make a marker
        ("See [2025].", (("15%", "fifteen"), ("2025",))),  # a marker is no figure
        ("", (("15%", "fifteen"), ("2025",))),
    ],
)
def test_facts_missing_from_a_text(text, missing):
    must = (("15%", "fifteen"), ("2025",))
    assert metrics.missing_facts(text, must) == missing


def test_a_stated_fact_counts():
    assert metrics.facts_in_answer(make_answer("Falls 15%[1]."), ask()) == 1.0


def test_a_refused_answer_states_no_fact():
    assert metrics.facts_in_answer(make_answer("Falls 15%.", refused=True), ask()) == 0.0


def test_one_missing_group_is_enough_to_fail():
    assert metrics.facts_in_answer(make_answer("15%"), ask(must=(("15%",), ("2025",)))) == 0.0


@pytest.mark.parametrize(
    ("type", "longest"),
    [("fact", 500), ("paraphrase", 500), ("compare", 500), ("list", 900), ("scope", 900)],
)
def test_an_answer_one_character_too_long_fails_and_markers_count(type, longest):
    exact = "15%[1]".ljust(longest, "x")
    assert metrics.facts_in_answer(make_answer(exact), ask(type)) == 1.0
    assert metrics.facts_in_answer(make_answer(exact + "x"), ask(type)) == 0.0


# language


@pytest.mark.parametrize(
    ("text", "right"),
    [("Energy use falls by 15%[1].", 1.0), ("能耗下降15%[1]。", 0.0), ("15%[1]", 1.0)],
)
def test_an_answer_is_in_the_language_of_its_question(text, right):
    assert metrics.in_language(make_answer(text), ask()) == right


# citation integrity


def test_a_sound_answer_has_no_violation():
    first = make_citation(PLAN, "falls 15%")
    across = make_citation(PLAN, "15%. Solar", marker=2)
    assert across.pages == (31, 32)
    assert metrics.citation_violations(make_answer("A[1], b[2][1].", first, across)) == ()


@pytest.mark.parametrize(
    ("text", "changes", "violation"),
    [
        ("A[1].", {"start": 12}, "[1] is not what north says at 12:20"),
        ("A[1].", {"end": 21}, "[1] is not what north says at 11:21"),
        ("A[1].", {"quote": "falls 16%"}, "[1] is not what north says at 11:20"),
        ("A[1].", {"quote": "", "end": 11}, "[1] is not what north says at 11:11"),
        ("A[1].", {"pages": (32,)}, "[1] names pages (32,), its quote stands on (31,)"),
        ("A[1].", {"pages": (31, 32)}, "[1] names pages (31, 32), its quote stands on (31,)"),
        ("A[1].", {"pages": ()}, "[1] names pages (), its quote stands on (31,)"),
        ("A[1][2].", {}, "[2] has no citation"),
        ("A.", {}, "citation [1] is not in the text"),
        ("A［1］.", {}, "citation [1] is not in the text"),
    ],
)
def test_one_fault_gives_one_violation(text, changes, violation):
    answer = make_answer(text, replace(make_citation(PLAN, "falls 15%"), **changes))
    assert metrics.citation_violations(answer) == (violation,)


def test_a_wrong_marker_is_two_violations():
    answer = make_answer("A[2].", make_citation(PLAN, "falls 15%"))
    assert metrics.citation_violations(answer) == (
        "[2] has no citation",
        "citation [1] is not in the text",
    )


def test_two_citations_of_one_marker_are_a_violation():
    citation = make_citation(PLAN, "falls 15%")
    answer = make_answer("A[1].", citation, citation)
    assert metrics.citation_violations(answer) == ("[1] has 2 citations",)


# stray figures


@pytest.mark.parametrize(
    ("text", "stray"),
    [
        ("Falls 15%[1].", ()),
        ("Falls １５％[1].", ()),
        ("1290 GW[2], 1，290 GW[2]", ()),
        ("1,290.0 GW[2]", ("1290.0",)),  # another precision
        ("Falls 16%[1], yes 16.", ("16",)),
        ("Falls １６％[1].", ("16",)),
        ("Falls 5%[1].", ("5",)),  # not the 5 of 15
        ("1,291 GW[2]", ("1291",)),
        ("290 GW[2]", ("290",)),
        ("13.5%", ("13.5",)),  # in a document that isn't cited
        ("By 2030, not 2031.", ("2031",)),  # 2030 is in the question
        ("On pages 31 and 32[1][2].", ()),
        ("On page 33.", ("33",)),
        ("[7]", ()),  # a marker is no figure, sound or not
        ("15[1]1,290[2]", ()),  # and keeps its neighbours apart
        ("十五", ()),
    ],
)
def test_figures_that_no_source_has(text, stray):
    citations = make_citation(PLAN, "15%"), make_citation(PLAN, "1,290 GW", marker=2)
    answer = make_answer(text, *citations, question="By 2030?")
    assert metrics.stray_figures(answer) == stray


def test_a_cited_title_is_a_source():
    titled = make_document("2030", "No figures here.")
    assert metrics.stray_figures(make_answer("2030[1]", make_citation(titled, "No"))) == ()


def test_a_comma_between_years_makes_no_thousands():
    document = make_document("d", "in 2025,2030 and 2035,100 and 5,2040")
    citation = make_citation(document, document.text)
    assert metrics.stray_figures(make_answer("2025 2030 2035 100 5 2040[1]", citation)) == ()


def test_a_source_may_break_a_figure_by_white_space():
    document = make_document("d", "falls 1 3.\n5 %")
    citation = make_citation(document, document.text)
    assert metrics.stray_figures(make_answer("13.5%[1]", citation)) == ()


QUOTES = st.lists(st.text(min_size=1) | st.text("12０,.5%[] 年", min_size=1), min_size=1)


@settings(deadline=None)
@given(QUOTES)
def test_an_answer_of_its_quotes_alone_has_no_stray_figure(quotes):
    citations = [make_citation(make_document("d", q), q, n) for n, q in enumerate(quotes, 1)]
    text = "".join(f"{quote}[{n}]" for n, quote in enumerate(quotes, 1))
    assert metrics.stray_figures(make_answer(text, *citations)) == ()


# citation on page


def test_a_citation_across_a_page_break_is_on_either_page():
    citation = make_citation(PLAN, "15%. Solar")
    assert metrics.cites_page(citation, (32, 40))
    assert not metrics.cites_page(citation, (33,))
    assert not metrics.cites_page(citation, ())


def scored(text, *citations, holds, **fields):
    """holds: (statement, the quotes that together bear it out), any superset does too."""

    def supports(statement, passages):
        read = {quote for passage in passages for quote in [passage.split("\n", 1)[1]]}
        return any(statement == said and set(needed) <= read for said, needed in holds)

    return metrics.citation_scores(make_answer(text, *citations, **fields), supports)


def quoted(*quotes):
    document = make_document("a", "".join(quotes))
    return [make_citation(document, quote, marker) for marker, quote in enumerate(quotes, 1)]


def test_a_statement_borne_out_by_its_one_citation_has_full_recall_and_precision():
    found = scored("A.[1] B.[2]", *quoted("a", "b"), holds=[("A.", "a"), ("B.", "b")])
    assert found == {"citation recall": 1.0, "citation precision": 1.0}


def test_a_statement_without_a_citation_or_with_a_wrong_one_is_not_recalled():
    found = scored("A.[1] B.[2]\n\nC.", *quoted("a", "b"), holds=[("A.", "a"), ("C.", "")])
    assert found == {"citation recall": pytest.approx(1 / 3), "citation precision": 0.5}


def test_a_citation_that_neither_bears_out_alone_nor_is_needed_is_not_precise():
    needed_together = scored("A.[1][2]", *quoted("a", "b"), holds=[("A.", "ab")])
    assert needed_together == {"citation recall": 1.0, "citation precision": 1.0}
    idle = scored("A.[1][2]", *quoted("a", "b"), holds=[("A.", "a")])
    assert idle == {"citation recall": 1.0, "citation precision": 0.5}
    either = scored("A.[1][2]", *quoted("a", "b"), holds=[("A.", "a"), ("A.", "b")])
    assert either == {"citation recall": 1.0, "citation precision": 1.0}


def test_headings_and_notes_in_brackets_are_no_statements():
    found = scored("Targets:\n\nA.[1]\n\n(Left out.)", *quoted("a"), holds=[("A.", "a")])
    assert found == {"citation recall": 1.0, "citation precision": 1.0}


def test_citations_of_a_refusal_and_of_an_empty_text_are_not_scored():
    assert scored("No.[1]", *quoted("a"), holds=[("No.", "a")], refused=True) == {}
    assert scored("", holds=[]) == {}
    assert scored("A.", holds=[]) == {"citation recall": 0.0}
