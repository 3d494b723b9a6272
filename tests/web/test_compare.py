"""What a visitor is told who saves the picture of a comparison that can't be drawn."""

import pytest

from rag import charts
from rag.web.compare import draw_picture
from rag.web.comparison import compare
from rag.web.labels import load_labels
from rag.web.shelf import Shelf
from rag.web.talk import Talk

from .serving import SLOW

pytestmark = SLOW


@pytest.fixture
def save_picture(assistant, monkeypatch):
    """Saves the targets of a year; gives the labels of what the visitor is told."""
    told, labels = [], load_labels()["en"]
    monkeypatch.setattr("gradio.Warning", told.append)

    def save(year):
        shelf, held = Shelf(assistant), Talk(language="en")
        compared = compare(assistant, "非化石能源消费比重", years=[year], regions=[], language="en")
        assert draw_picture(shelf, compared, held) is None
        return [name for name, text in labels.items() if text in told]

    return save


def test_a_missing_font_is_the_servers_fault_and_logged(save_picture, monkeypatch, caplog):
    monkeypatch.setattr(charts, "_chinese_font", charts._chinese_font.__wrapped__)  # not kept
    monkeypatch.setattr(charts, "_FONTS", ())
    assert save_picture("2025") == ["compare_undrawn"]
    (record,) = caplog.records
    assert "no picture of targets: RagError at rag/charts.py" in record.getMessage()


def test_nothing_to_draw_is_the_visitors_to_choose_otherwise(save_picture, caplog):
    assert save_picture("1999") == ["compare_none"]
    assert not caplog.records
