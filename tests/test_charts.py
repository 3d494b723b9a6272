import pytest

from rag import charts
from rag.charts import draw_targets
from rag.errors import BadRequest, RagError
from rag.types import Target

ROWS = (
    Target("p1", 1, "x", year="2030", value="1.2", unit="亿千瓦", qualifier="以上"),
    Target("p2", 1, "x", scope="城区", year="2025", value="5400", unit="万千瓦"),
    Target("p3", 1, "x", year="2025", value="2000-3000", unit="万千瓦", qualifier="力争"),
    Target("p4", 1, "x", year="2025", unit="万千瓦", note="只写了方向"),
)
LABELS = {"p1": "全国", "p2": "浙江省", "p3": "江苏省"}


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """Draw and give back the axes that were drawn on, with the picture's path."""

    def draw(rows, **more):
        seen = []

        def keep(axes, *rest):
            seen.append(axes)
            dress(axes, *rest)

        monkeypatch.setattr(charts, "_dress", keep)
        out = tmp_path / "chart.png"
        draw_targets(rows, LABELS, out=out, title="装机目标", **more)
        return seen[0], out

    dress = charts._dress
    return draw


def test_the_picture_is_a_png(drawn):
    _, out = drawn(ROWS)
    assert out.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_bars_are_in_the_commonest_unit_from_the_top_and_ranges_are_spans(drawn):
    axes, _ = drawn(ROWS)
    assert [(bar.get_x(), bar.get_width()) for bar in axes.patches] == [
        (0, pytest.approx(12000)),
        (0, 5400),
        (2000, 1000),
        (0, 0),
    ]
    assert axes.yaxis_inverted()
    assert axes.get_xlabel() == "单位:万千瓦"


def test_rows_are_labelled_by_plan_and_scope_and_values_as_printed(drawn):
    axes, _ = drawn(ROWS)
    labels = [tick.get_text() for tick in axes.get_yticklabels()]
    assert labels == ["全国", "浙江省 · 城区", "江苏省", "p4"]
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["1.2亿千瓦以上", "5400万千瓦", "力争2000–3000万千瓦", "只写了方向"]


def test_years_are_told_apart_and_drafts_hatched(drawn):
    axes, _ = drawn(ROWS, drafts={"p2"})
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend == ["2025年", "2030年", "征求意见稿"]
    assert [bool(bar.get_hatch()) for bar in axes.patches] == [False, True, False, False]
    assert axes.patches[0].get_facecolor() != axes.patches[1].get_facecolor()


def test_the_words_around_the_plans_own_are_english_for_english_readers(drawn):
    row = Target("p1", 1, "x", year="2030", value="9", unit="%", qualifier="以上")
    axes, _ = drawn([row], drafts={"p1"}, language="en")
    assert [text.get_text() for text in axes.texts] == ["9% or more"]
    assert axes.get_xlabel() == "Unit: % · 2030"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["draft for comment"]


def test_years_to_reach_are_points_not_bars(drawn):
    axes, _ = drawn([Target("p1", 1, "碳达峰", year="2030", value="2030", unit="年")])
    assert len(axes.patches) == 0
    assert axes.lines[0].get_xdata() == [2030.0]
    assert axes.get_xlim() == (2029, 2031)


def test_a_value_below_zero_reaches_to_the_left(drawn):
    axes, _ = drawn([Target("p1", 1, "x", value="-26", unit="千克标准煤/吨")])
    assert (axes.patches[0].get_x(), axes.patches[0].get_width()) == (-26, 26)
    assert [text.get_text() for text in axes.texts] == ["-26千克标准煤/吨"]


def test_units_that_do_not_compare_are_refused(tmp_path):
    rows = [Target("p1", 1, "x", value="1", unit="%"), Target("p2", 1, "x", value="2", unit="吨")]
    with pytest.raises(BadRequest, match=r"rows in %, 吨 don't compare; draw rows of one"):
        draw_targets(rows, {}, out=tmp_path / "chart.png", title="")


@pytest.mark.parametrize("count", [0, 81])
def test_too_few_or_many_rows_are_refused(tmp_path, count):
    with pytest.raises(BadRequest, match=rf"{count} rows to draw; a chart holds 1 to 80.*Narrow"):
        draw_targets(ROWS[:1] * count, {}, out=tmp_path / "chart.png", title="")


def test_without_a_chinese_font_the_package_to_install_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(charts, "_FONTS", ("No Such Font",))
    charts._chinese_font.cache_clear()
    with pytest.raises(RagError, match="apt-get install fonts-noto-cjk"):
        draw_targets(ROWS, LABELS, out=tmp_path / "chart.png", title="")
    charts._chinese_font.cache_clear()
