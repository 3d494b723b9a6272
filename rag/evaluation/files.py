"""What a finished run leaves in its folder beside its rows: summary.json and .md, report.html."""

import json
from pathlib import Path

from rag.errors import WriteError
from rag.evaluation.folders import Run
from rag.evaluation.html import render_html
from rag.evaluation.reports import Summary, render_markdown


def write_reports(run: Run, summary: Summary, folder: Path) -> None:
    """Write all three; raises WriteError if the disk refuses."""
    texts = {
        "summary.json": json.dumps(summary, ensure_ascii=False, indent=1) + "\n",
        "summary.md": render_markdown(run, summary),
        "report.html": render_html(run, summary),
    }
    for name, text in texts.items():
        try:
            (folder / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise WriteError(
                f"{folder / name} can't be written ({error.strerror}); make room, and run the "
                "same command again: what was asked is kept."
            ) from error
