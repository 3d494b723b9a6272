"""Small PDF and Word files for the tests of the readers."""

from collections.abc import Sequence
from pathlib import Path

import docx
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

SENTENCE = "到2025年,非化石能源消费比重达到22%左右。"


def make_pdf(
    path: Path, pages: Sequence[Sequence[str]], *, title: str = "", labels: Sequence[str] = ()
) -> Path:
    """One page for each list of lines; labels: a prefix for each page's label, else none."""
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    canvas = Canvas(str(path))
    canvas.setTitle(title)
    for index, lines in enumerate(pages):
        canvas.setFont("STSong-Light", 11)
        if labels:
            canvas.addPageLabel(index, prefix=labels[index])
        for row, line in enumerate(lines):
            canvas.drawString(60, 790 - 18 * row, line)
        canvas.showPage()
    canvas.save()
    return path


def make_docx(path: Path, *, title: str = "") -> Path:
    """A title, two headings with their paragraphs, and between them a table of two rows."""
    document = docx.Document()
    document.core_properties.title = title
    document.add_heading("湖南省碳达峰实施方案", 0)
    document.add_heading("一、主要目标", 1)
    document.add_paragraph(SENTENCE)
    table = document.add_table(rows=2, cols=2)
    for at, cell in enumerate(["指标", "2025年", "非化石能源", "22%"]):
        table.cell(at // 2, at % 2).text = cell
    document.add_heading("(一)能源", 2)
    document.add_paragraph("推进抽水蓄能。")
    document.save(str(path))
    return path
