"""What every reader promises; a new reader joins SAMPLES."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rag.errors import ReadError
from rag.readers import READERS, find_files, read_file
from rag.types import Document

from .checks import check_sections
from .making import SENTENCE, make_docx, make_pdf

HEADING = "一、主要目标"
TITLE = "湖南省碳达峰实施方案"


def write(name: str, content: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_text(content, encoding="utf-8")
        return path

    return make


BOOK = (
    f"目录\n湖南省《{TITLE}》https://a.cn/1.html{HEADING}。{SENTENCE}第1页新型储能装机容第2页"
    f"量达到3000万千瓦。第3页湖北省《湖北省碳达峰实施方案》https://a.cn/2.html{HEADING}。推进。第4页"
)
SAMPLES: dict[str, Callable[[Path], Path]] = {
    "text": write("a.txt", f"{TITLE}\n{HEADING}\n{SENTENCE}\n二、任务\n推进抽水蓄能。"),
    "markdown": write("a.md", f"---\nid: a\n---\n# {TITLE}\n## {HEADING}\n{SENTENCE}\n## 任务\n"),
    "html": write("a.html", f"<h1>{TITLE}</h1><h2>{HEADING}</h2><p>{SENTENCE}<h2>任务</h2>"),
    "pdf": lambda folder: make_pdf(
        folder / "a.pdf", [[TITLE, HEADING, SENTENCE], ["二、任务", "推进抽水蓄能。"]]
    ),
    "word": lambda folder: make_docx(folder / "a.docx"),
    "compilation": write("book.txt", BOOK),
}
PAGES = {"pdf": (1, 2), "compilation": (1, 2, 3)}


@pytest.fixture(params=SAMPLES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sample(kind: str, tmp_path: Path) -> Path:
    return SAMPLES[kind](tmp_path)


@pytest.fixture
def document(sample: Path) -> Document:
    return read_file(sample)[0]


def head(path: Path) -> bytes:
    return path.read_bytes()[: 64 * 1024]


def test_every_reader_has_a_sample():
    assert set(SAMPLES) == set(READERS)


def test_only_its_own_reader_recognises_a_sample_first(kind, sample):
    recognising = [name for name, r in READERS.items() if r.recognises(sample, head(sample))]
    assert recognising[0] == kind
    assert set(recognising) <= {kind, "text"}


def test_the_document_has_id_title_text_source_and_language(document, sample):
    assert document.id
    assert "/" not in document.id
    assert document.title == TITLE
    assert document.source == sample.as_posix()
    assert document.language == "zh"
    assert SENTENCE in document.text


def test_the_region_that_the_title_names_is_the_documents(document):
    assert (document.region, document.level) == ("湖南省", "province")


def test_sections_nest_inside_the_text(document):
    assert any(section.title == HEADING for section in document.sections)
    check_sections(document)


def test_the_sentence_stands_in_its_section(document):
    at = document.text.index(SENTENCE)
    assert document.section_path(at)[-1] == HEADING


def test_page_spans_are_sorted_and_inside_the_text(document, kind):
    spans = document.page_spans
    assert list(spans) == sorted(spans, key=lambda span: (span.start, span.page))
    assert all(0 <= span.start < span.end <= len(document.text) for span in spans)
    assert document.pages == PAGES.get(kind, ())
    if spans:
        at = document.text.index(SENTENCE)
        assert document.pages_of(at, at + len(SENTENCE)) == (1,)


def test_reading_twice_gives_equal_documents(document, sample):
    assert read_file(sample)[0] == document


def test_a_folder_yields_the_sample_and_no_hidden_file(sample):
    (sample.parent / ".hidden.txt").write_text("x", encoding="utf-8")
    assert find_files([sample.parent]) == ({sample.resolve().as_posix(): sample}, ())


def test_files_of_a_folder_come_in_the_order_of_their_paths(tmp_path):
    names = ("b.txt", "a/z.txt", "a.txt", "a-b/c.md", "a/b/d.TXT")
    for name in (*names, "a/README.md", "a/.b/e.txt", "f.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    found = list(find_files([tmp_path]).files.values())
    assert found == sorted(tmp_path / name for name in names)
    assert list(find_files([tmp_path]).files) == [file.resolve().as_posix() for file in found]


@pytest.mark.parametrize(
    "content", [b"", b" \n\t ", b"\x00\x01\x02\x03" * 50, b"PK\x03\x04\x00\x00"]
)
def test_what_holds_no_text_is_refused_with_path_and_remedy(kind, content, tmp_path):
    path = (tmp_path / SAMPLES[kind](tmp_path).name).with_stem("broken")
    path.write_bytes(content)
    if kind == "compilation":
        with pytest.raises(ReadError) as caught:
            read_file(path)
    else:
        with pytest.raises(ReadError) as caught:
            READERS[kind].read(path, str(path))
        with pytest.raises(ReadError):
            read_file(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    assert any(word in message for word in ("save", "name", "convert", "export", "mend"))
