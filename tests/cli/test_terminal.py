import argparse
import io
import json

import pytest

from rag.cli.terminal import Bars, show


class Watched(io.StringIO):
    """Standard error that a person watches."""

    def isatty(self):
        return True


def test_a_result_is_shown_as_text_or_as_a_row(capsys):
    row = {"region": "江苏省"}
    show(argparse.Namespace(json=False), row, "Jiangsu")
    assert capsys.readouterr().out == "Jiangsu\n"
    show(argparse.Namespace(json=True), row, "Jiangsu", indent=None)
    shown = capsys.readouterr().out
    assert (json.loads(shown), shown.count("\n")) == (row, 1)
    assert "江苏省" in shown


def test_each_stage_has_a_bar_that_is_gone_at_the_end(monkeypatch):
    screen = Watched()
    monkeypatch.setattr("sys.stderr", screen)
    with Bars(hidden=False) as bars:
        for done in (0, 1, 2):
            bars("reading", done, 2)
        bars("embedding", 3, 3)
    shown = screen.getvalue()
    assert shown.index("reading") < shown.index("embedding")
    assert not shown.endswith("\n")
    assert not shown.split("\r")[-1].strip()


@pytest.mark.parametrize(("screen", "hidden"), [(Watched(), True), (io.StringIO(), False)])
def test_no_bar_where_it_is_hidden_or_nobody_watches(monkeypatch, screen, hidden):
    monkeypatch.setattr("sys.stderr", screen)
    with Bars(hidden=hidden) as bars:
        bars("reading", 1, 2)
    assert not screen.getvalue()
