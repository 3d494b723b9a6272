"""Sources -> a text file a page, as every side but Tanwen reads them.

    prepare.py FOLDER SOURCE...

prints the number of characters written.
"""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rag import Assistant


def write_pages(sources: Sequence[Path], folder: Path) -> int:
    """Write each page of each document as a file, named by both; returns the characters written.

    Replaces the folder: an index that was there would bring the documents of an earlier run.
    """
    shutil.rmtree(folder, ignore_errors=True)
    pages = folder / "pages"
    pages.mkdir(parents=True)
    (folder / "sources.txt").write_text("\n".join(map(str, sources)), encoding="utf-8")
    written = 0
    for number, document in enumerate(Assistant.build(sources, index=folder / "index").documents):
        texts: dict[int, str] = {}
        for span in document.page_spans:
            texts[span.page] = texts.get(span.page, "") + document.text[span.start : span.end]
        for page, text in texts.items():
            name = f"document-{number:03}-page-{page:04}.txt"
            (pages / name).write_text(text, encoding="utf-8")
            written += len(text)
    return written


if __name__ == "__main__":
    print(write_pages([Path(name) for name in sys.argv[2:]], Path(sys.argv[1])))
