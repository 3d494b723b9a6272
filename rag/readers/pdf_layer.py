"""The text layer of a PDF, read in a process of its own: `rag/readers/apart.py`."""

from contextlib import closing
from typing import Any

MAX_CHARS = 20_000_000  # a compilation of 1,068 pages has a million
_WRONG_PASSWORD = 4  # FPDF_ERR_PASSWORD in fpdfview.h


def read_layer(path: str) -> dict[str, Any]:
    """{"title", "labels", "texts"}, a label and a text for each page; or {"fault"}: why there is
    none, "locked", "damaged" or "large".
    """
    import pypdfium2  # a native library, loaded when there is a PDF

    labels, texts, held = [], [], 0
    try:
        with closing(pypdfium2.PdfDocument(path)) as pdf:
            title = str(pdf.get_metadata_value("Title"))
            for index in range(len(pdf)):
                labels.append(str(pdf.get_page_label(index)))
                with closing(pdf[index]) as page, closing(page.get_textpage()) as layer:
                    texts.append(str(layer.get_text_bounded()))
                held += len(texts[-1])
                if held > MAX_CHARS:
                    return {"fault": "large"}
    except pypdfium2.PdfiumError as error:
        locked = getattr(error, "err_code", None) == _WRONG_PASSWORD
        return {"fault": "locked" if locked else "damaged"}
    except MemoryError:
        return {"fault": "large"}
    return {"title": title, "labels": labels, "texts": texts}
