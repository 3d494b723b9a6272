"""Bytes that a fuzzer makes up, given to one reader and to what follows it, as fast as they go.

    pip install atheris
    python -m evals.fuzz.readers html --runs 100000 --seconds 120

Each file must give documents whose sections, pages and chunks lie where they should, or a
ReadError; anything else stops the run and shows the input. libFuzzer prints how many were tried.
`word` makes up the XML of a Word file's body, `archive` the bytes of the file. PDFium and libxml2
run in this process here, so that a crash of theirs is seen.
source: Atheris, README; libFuzzer, "Options".
"""

import argparse
import io
import os
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

try:
    import atheris
except ImportError:
    sys.exit("atheris is not installed; it has wheels for Linux: pip install atheris")

with atheris.instrument_imports(include=["rag"]):
    from rag import Document, RagError
    from rag.chunking import split_document
    from rag.extraction import extract_targets
    from rag.readers import READERS, apart, read_file

TEXT = (
    "目录\n江苏省《江苏省碳达峰实施方案》https://a.cn/1.html一、主要目标。到2025年,非化石能源消费比重达到18%左右,"
    "风电装机达到2800万千瓦以上。第1页(一)推进。By 2030 it reaches 25 %.第2页"
)
MARKDOWN = (
    f"---\nid: p001\ntitle: 方案\nregion: Jiangsu\n---\n# 目标\n\n{TEXT} (第1、3-4页)\n\n## 任务\n"
)
HTML = (
    "<!doctype html><meta charset=utf-8><title>方案</title><h1>目标</h1><p hidden>x</p>"
    f"<table><tr><td>指标<td>18%</table><pre>a\nb</pre><p>{TEXT}<script>x</script>"
)
BODY = (
    '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
    '<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>目标</w:t><w:br/></w:r></w:p>'
    "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>18%</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    "</w:body></w:document>"
)
DRAWN = b"BT /F1 12 Tf 50 700 Td (By 2030 it reaches 25 %.) Tj 0 -14 Td (Second line.) Tj ET\n"


def pdf_seed() -> bytes:
    """One page with a packed stream, as libraries write it."""
    packed = zlib.compress(DRAWN)
    objects = (
        b"<</Type/Catalog/Pages 2 0 R/PageLabels<</Nums[0<</S/D>>]>>>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources"
        b"<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%b\nendstream" % (len(packed), packed),
        b"<</Title(A plan)>>",
    )
    numbered = (b"%d 0 obj\n%b\nendobj\n" % pair for pair in enumerate(objects, 1))
    return b"%PDF-1.4\n" + b"".join(numbered) + b"trailer<</Size 6/Root 1 0 R/Info 5 0 R>>\n%%EOF"


@cache
def parts_of_a_docx() -> dict[str, bytes]:
    import docx

    whole = io.BytesIO()
    docx.Document().save(whole)
    with zipfile.ZipFile(whole) as archive:
        return {part.filename: archive.read(part) for part in archive.infolist()}


def pack(body: bytes) -> bytes:
    """A Word file with this XML as its body."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in parts_of_a_docx().items():
            archive.writestr(name, body if name == "word/document.xml" else data)
    return packed.getvalue()


def as_it_is(data: bytes) -> bytes:
    return data


# kind -> suffix, a sound file to begin with, what the fuzzer's bytes become
KINDS: dict[str, tuple[str, bytes, Callable[[bytes], bytes]]] = {
    "text": (".txt", TEXT.encode(), as_it_is),
    "compilation": (".txt", TEXT.encode(), as_it_is),
    "markdown": (".md", MARKDOWN.encode(), as_it_is),
    "html": (".html", HTML.encode(), as_it_is),
    "pdf": (".pdf", pdf_seed(), as_it_is),
    "word": (".docx", BODY.encode(), pack),
    "archive": (".docx", pack(BODY.encode()), as_it_is),
}


def check(document: Document) -> None:
    text, end = document.text, len(document.text)
    assert text.strip(), "a document without text"
    assert document.id, "a document without an id"
    assert not set(document.id) & set("/\\\0\n "), document.id
    text.encode("utf-8")  # no half characters
    starts = [section.start for section in document.sections]
    assert starts == sorted(set(starts)), "sections out of order"
    assert all(0 <= s.start < s.body <= s.end <= end for s in document.sections)
    assert all(0 <= s.start < s.end <= end for s in document.page_spans)
    chunks = split_document(document, chunk_chars=400)
    cuts = [0, *(chunk.end for chunk in chunks)]
    assert cuts == [*(chunk.start for chunk in chunks), end], "chunks don't tile the text"
    for target in extract_targets(document):
        assert target.value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=120)
    args = parser.parse_args()
    suffix, seed, wrap = KINDS[args.kind]
    apart.read_apart = lambda read, path: read(str(path))
    place = Path(tempfile.mkdtemp(prefix="fuzz-"))
    (place / "seeds").mkdir()
    (place / "seeds" / "sound").write_bytes(seed)
    path = place / f"made-up{suffix}"
    path.write_bytes(wrap(seed))
    documents = READERS[args.kind].read(path, "x") if args.kind in READERS else read_file(path)
    assert documents, "the sound file must be read"

    def test(data: bytes) -> None:
        path.write_bytes(wrap(data))
        try:
            found = read_file(path)
        except RagError:
            return
        for document in found:
            check(document)

    limits = [f"-runs={args.runs}", f"-max_total_time={args.seconds}", "-max_len=16384"]
    atheris.Setup([sys.argv[0], *limits, "-timeout=20", str(place / "seeds")], test)
    os.chdir(place)  # where libFuzzer leaves an input that broke something
    atheris.Fuzz()


if __name__ == "__main__":
    main()
