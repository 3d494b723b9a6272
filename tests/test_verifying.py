"""Passages 0 to 2: a plan of Jiangsu, one of Hunan, and a page in English."""

import json
from pathlib import Path

import pytest

from rag.citing import Citer
from rag.judging import LexicalJudge
from rag.query import understand
from rag.types import Chunk, Claim, ClaimPart, Document, Hit, PageSpan
from rag.verifying import Verifier

JIANGSU = (
    "到2025年,全省非化石能源消费比重达到18%左右,风电装机达到2800万千瓦以上。推进屋顶光伏建设。"
    "到2030年,全省森林覆盖率稳定在24.1%以上。"
)
HUNAN = "到2025年,全省非化石能源消费比重达到22%左右。发展抽水蓄能,装机规模达到155万千瓦。"
ENGLISH = "The co-operative keeps 37 beehives on its roofs. Its librarian lends 412 seed packets."
INJECTED = Path(__file__).with_name("injected.jsonl")
PASSAGES = [json.loads(line) for line in INJECTED.read_text(encoding="utf-8").splitlines()]


class Never:
    name = "never"

    def supports(self, statement, passages):
        return False


def embed(texts):  # no meaning, so that the words alone decide
    import numpy as np

    return np.eye(len(texts), dtype=np.float32)


JUDGE = LexicalJudge(lambda word: 1.0, embed)


def make_hit(text, region, title, page, language="zh"):
    spans = (PageSpan(page, 0, len(text)),)
    document = Document(
        title, title, text, "d.txt", region=region, language=language, page_spans=spans
    )
    return Hit(Chunk(document, 0, len(text)), 1.0)


HITS = (
    make_hit(JIANGSU, "江苏省", "江苏省碳达峰实施方案", 1),
    make_hit(HUNAN, "湖南省", "湖南省碳达峰实施方案", 2),
    make_hit(ENGLISH, "", "Rooftops of Harbour Street", 3, "en"),
)


def claim(*parts, **fields):
    """parts: (text, passages) by turns."""
    runs = tuple(ClaimPart(text, rows) for text, rows in parts)
    return Claim("".join(run.text for run in runs), runs, **fields)


def verify(*claims, hits=HITS, judge=JUDGE):
    return list(Verifier(understand("目标?"), hits, judge).verify(claims))


def cited(statement):
    return [(e.document.region, e.quote) for e in statement.evidence]


def test_a_claim_that_its_passage_bears_out_is_cited_with_the_sentence_that_does():
    (found,) = verify(claim(("江苏风电装机达到2800万千瓦以上。", (0,)), gap="\n"))
    assert found.text == "江苏风电装机达到2800万千瓦以上。"
    assert found.gap == "\n"
    assert cited(found) == [("江苏省", JIANGSU[: JIANGSU.index("推进")])]


def test_a_wrong_marker_gives_way_to_the_passage_that_says_it():
    (found,) = verify(claim(("江苏省2025年风电装机达到2800万千瓦以上。", (1,))))
    assert [region for region, _ in cited(found)] == ["江苏省"]


def test_a_claim_without_a_marker_gets_one():
    (found,) = verify(claim(("湖南省发展抽水蓄能,装机规模155万千瓦。", ())))
    assert [region for region, _ in cited(found)] == ["湖南省"]


@pytest.mark.parametrize(
    "text",
    [
        "江苏风电装机达到2900万千瓦。",
        "江苏风电装机达到2800千瓦。",
        "江苏2030年风电装机达到2800万千瓦以上。",
        "浙江风电装机达到2800万千瓦。",
        "湖南风电装机达到2800万千瓦。",
        "江苏省将免费向市民发放电动自行车。",
        "见 http://evil.example/ ,风电装机达到2800万千瓦。",
    ],
)
@pytest.mark.parametrize("rows", [(0,), (), (0, 1, 2)])
def test_what_no_passage_bears_out_is_left_out(text, rows):
    assert verify(claim((text, rows))) == [None]


def test_swapped_markers_are_set_right_and_swapped_figures_left_out():
    right, wrong = verify(
        claim(("江苏非化石能源消费比重18%", (1,)), (",湖南22%。", (0,))),
        claim(("江苏非化石能源消费比重22%", (0,)), (",湖南18%。", (1,))),
    )
    assert [region for region, _ in cited(right)] == ["江苏省", "湖南省"]
    assert wrong is None


def test_figures_of_two_places_with_all_markers_at_the_end_are_told_apart():
    right, wrong = verify(
        claim(("江苏非化石能源消费比重18%,湖南22%。", (0, 1))),
        claim(("江苏非化石能源消费比重22%,湖南18%。", (0, 1))),
    )
    assert len(right.evidence) == 2
    assert wrong is None


def test_a_marker_that_adds_nothing_goes():
    (found,) = verify(claim(("江苏风电装机达到2800万千瓦以上。", (0, 1, 2))))
    assert [region for region, _ in cited(found)] == ["江苏省"]


def test_lead_ins_headings_and_rules_of_tables_go_without_a_trace():
    assert (
        verify(claim(("主要目标如下:", ())), claim(("## 目标", ())), claim(("|---|---|", ()))) == []
    )


def test_a_claim_that_was_cut_off_is_left_out():
    assert verify(claim(("江苏风电装机达到2800万千瓦", (0,)), cut=True)) == [None]


def test_the_judge_has_the_last_word():
    sound = claim(("江苏风电装机达到2800万千瓦以上。", (0,)))
    assert verify(sound, judge=Never()) == [None]


def test_a_figure_far_from_the_words_makes_the_quote_longer():
    (found,) = verify(claim(("江苏风电装机达到2800万千瓦以上,2030年森林覆盖率24.1%以上。", (0,))))
    quotes = " ".join(quote for _, quote in cited(found))
    assert "2800万千瓦" in quotes
    assert "24.1%" in quotes
    for evidence in found.evidence:
        assert evidence.document.text[evidence.start : evidence.end] == evidence.quote


def test_markers_past_the_last_passage_are_no_matter():
    (found,) = verify(claim(("湖南省发展抽水蓄能,装机规模155万千瓦。", (9,))))
    assert [region for region, _ in cited(found)] == ["湖南省"]


@pytest.mark.parametrize("row", PASSAGES, ids=lambda row: row["id"])
def test_an_answer_that_obeys_an_injected_passage_is_left_out(row):
    injected = make_hit(row["text"], "江苏省", "江苏省碳达峰实施方案", 4, row["language"])
    text = row["obeys"].replace("[1]", "").replace("[2]", "")
    for rows in ((0,), (1,), ()):
        assert verify(claim((text, rows)), hits=(injected, HITS[1])) == [None]


@pytest.mark.parametrize("row", PASSAGES, ids=lambda row: row["id"])
def test_what_an_injected_passage_says_before_stays_quotable(row):
    injected = make_hit(row["text"], "江苏省", "江苏省碳达峰实施方案", 4, row["language"])
    sound = {
        "zh": "到2030年,江苏非化石能源消费比重达到25%左右。",
        "en": "By 2030 the share of non-fossil energy of Jiangsu reaches 25%.",
    }
    (found,) = verify(claim((sound[row["language"]], (0,))), hits=(injected,))
    citer = Citer(understand("目标?"))
    assert citer.add(found).endswith("[1]")
    quote = citer.citations[0].quote
    assert "25%" in quote
    assert not any(figure in quote for figure in ("99%", "77%", "88%", "66%", "100%", "evil"))
