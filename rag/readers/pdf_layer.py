"""The text layer of a PDF, read in a process of its own that prints JSON:
`python pdf_layer.py FILE MOST_BYTES MOST_SECONDS`.

PDFium is native code and takes what a file asks for: one of 100 KB can ask for 8 GB, and a damaged
one can crash it. Apart, and with limits of memory and time, it costs that file alone. Nothing of
`rag` is imported here, so that the process begins in 0.1 s.
"""

import json
import sys
from contextlib import closing, suppress
from typing import Any

MAX_CHARS = 20_000_000  # a compilation of 1,068 pages has a million
_WRONG_PASSWORD = 4  # FPDF_ERR_PASSWORD in fpdfview.h

Layer = dict[str, Any]


def read_layer(path: str) -> Layer:
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


def _limit(memory_bytes: int, cpu_s: int) -> None:
    """Let the kernel refuse memory and end this process, rather than the machine suffer."""
    with suppress(ImportError):  # Windows has no such limits
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    _limit(int(sys.argv[2]), int(sys.argv[3]))
    sys.stdout.buffer.write(json.dumps(read_layer(sys.argv[1])).encode())
