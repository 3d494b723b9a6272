from rag.types import Answer, Citation, Document, PageSpan
from rag.web.export import to_markdown
from rag.web.labels import load_labels
from rag.web.talk import Turn

TEXT = "森林覆盖率达到24.1%。"
PLAN = Document(
    "p1", "甲省方案 <b>*", TEXT, "p1.md", region="甲省", status="draft",
    url="https://example.cn/a", page_spans=(PageSpan(7, 0, len(TEXT)),),
)  # fmt: skip


def exported(*turns):
    return to_markdown(turns, load_labels()["zh"], time="2030-01-02 03:04")


def test_an_answer_comes_with_its_markers_and_their_sources():
    citation = Citation(1, TEXT, PLAN, ("一、目标",), (7,), 0, len(TEXT), 1.0)
    answer = Answer("森林?", "覆盖率24.1%[1]\n\n- 另一行", False, (citation,), "zh", "embedded")
    text = exported(Turn("t", "森林?", answer=answer))
    assert "## 森林?\n\n覆盖率24.1%[1]\n\n- 另一行\n\n**出处**\n\n1. " in text
    assert "甲省 · 征求意见稿 · 一、目标 · 第 7 页 · <https://example.cn/a>" in text
    assert f"   > {TEXT}" in text


def test_words_of_strangers_stay_words():
    citation = Citation(1, TEXT, PLAN, (), (), 0, len(TEXT), 1.0)
    hostile = "<script>x</script>\n# head\n[a](javascript:b) ![i](http://e.com/i.png)"
    answer = Answer(hostile, hostile, True, (citation,), "zh", "embedded")
    text = exported(Turn("t", hostile, answer=answer))
    assert "<script" not in text.replace("\\<script", "")
    assert "\n# head" not in text
    assert "](" not in text.replace("\\](", "")
    assert "甲省方案 \\<b\\>\\*" in text


def test_what_failed_is_told():
    assert "*这个问题无法处理：名称不明*" in exported(
        Turn("t", "问", fault="unusable", detail="名称不明")
    )
