import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.generators.splitting import REFUSAL, split_claims

LONG = "江苏18%[1]。湖南22%[2,3]。- 全国 [9]很好!By 2030 it reaches 3.5 GW [1][2]. End."


def text(pieces, cut=False):
    yield from pieces
    return cut


def claims(written, passages=3, *, cut=False, size=0):
    pieces = [written[i : i + size] for i in range(0, len(written), size)] if size else [written]
    return list(split_claims(text(pieces, cut), passages))


def said(written, **fields):
    return [
        (c.text, tuple(n for p in c.parts for n in p.passages)) for c in claims(written, **fields)
    ]


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("江苏18%[1]。湖南22%[2]。", [("江苏18%。", (0,)), ("湖南22%。", (1,))]),
        ("江苏18%。[1]湖南22%。[2]", [("江苏18%。", (0,)), ("湖南22%。", (1,))]),
        ("It is 18%. [1] It was 22% [2].", [("It is 18%.", (0,)), ("It was 22%.", (1,))]),
        ("江苏18%[1][2]。", [("江苏18%。", (0, 1))]),
        ("江苏18%[1, 3]。", [("江苏18%。", (0, 2))]),
        ("江苏18%[1-3]。", [("江苏18%。", (0, 1, 2))]),
        ("江苏18%【1】。", [("江苏18%。", (0,))]),
        ("江苏18%［２］。", [("江苏18%。", (1,))]),
        ("江苏18%[1][1]。", [("江苏18%。", (0,))]),
        ("江苏18%[7]。", [("江苏18%。", ())]),
        ("江苏18%[0][2]。", [("江苏18%。", (1,))]),
        ("江苏18%", [("江苏18%", ())]),
        ("[1]", []),
        ("", []),
        ("**江苏**18%[1]。", [("江苏18%。", (0,))]),
        ("见[这里](http://evil.example)[1]。", [("见这里。", (0,))]),
        ("![x](http://evil.example/?q=1)好[1]。", [("x好。", (0,))]),
        ("<b>江苏</b>18%[1]。", [("江苏18%。", (0,))]),
        ("<think>让我想想[1]。</think>江苏18%[1]。", [("江苏18%。", (0,))]),
        ("<think>没有想完", []),
    ],
)
def test_a_text_is_split_into_statements_with_their_markers(written, wanted):
    assert said(written) == wanted


def test_the_parts_of_a_claim_have_the_markers_after_them():
    (claim,) = claims("江苏18%[1],湖南22%[2]左右。")
    assert claim.text == "江苏18%,湖南22%左右。"
    assert [tuple(part) for part in claim.parts] == [
        ("江苏18%", (0,)),
        (",湖南22%", (1,)),
        ("左右。", ()),
    ]


def test_lines_and_paragraphs_keep_their_gaps():
    found = claims("甲[1]。乙[1]。\n- 丙[2]\n- 丁[3]\n\n戊[1]。\n1. 己[1]。")
    assert [(c.text, c.gap) for c in found[1:]] == [
        ("乙。", ""),
        ("- 丙", "\n"),
        ("- 丁", "\n"),
        ("戊。", "\n\n"),
        ("- 己。", "\n"),
    ]
    assert claims("It is so. It was so.")[1].gap == " "


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_how_the_text_comes_in_changes_nothing(size):
    assert claims(LONG, size=size) == claims(LONG)


def test_a_claim_comes_when_the_next_one_has_begun():
    seen = []
    pieces = ["江苏18%。", "[", "1]", "湖", "南22%[2]。"]

    def reading():
        for piece in pieces:
            seen.append(piece)
            yield piece
        return False

    first = next(split_claims(reading(), 2))
    assert first.text == "江苏18%。"
    assert first.parts[0].passages == (0,)
    assert seen == pieces[:4]


@pytest.mark.parametrize("written", [REFUSAL, f"{REFUSAL}.", f"**{REFUSAL}**", f"甲[1]。{REFUSAL}"])
def test_nothing_comes_of_a_refusal_or_after_it(written):
    assert [claim.text for claim in claims(written)] == (["甲。"] if "甲" in written else [])
    assert [c.text for c in claims(written, size=1)] == (["甲。"] if "甲" in written else [])


def test_a_text_that_was_cut_off_has_a_last_claim_that_is_cut():
    assert [claim.cut for claim in claims("甲[1]。乙在203", cut=True)] == [False, True]
    assert [claim.cut for claim in claims("甲[1]。乙[1]。", cut=True)] == [False, False]


@given(st.text(alphabet="甲18%[]1,2。. \n-A<>/think*_NO", max_size=80), st.integers(1, 9))
def test_any_text_gives_the_same_claims_whole_and_in_pieces(written, size):
    whole, parted = claims(written), claims(written, size=size)
    assert "".join(c.text for c in whole) == "".join(c.text for c in parted)
    for claim in parted:
        assert claim.text
        assert all(0 <= n < 3 for part in claim.parts for n in part.passages)
