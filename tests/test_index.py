import errno
import json
import os
import stat
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from making_index import build_index

from rag import generations
from rag import index as index_module
from rag.embedders import EMBEDDERS
from rag.errors import BadRequest, IndexDamaged, IndexMismatch, IndexMissing, RagError, WriteError
from rag.generations import (
    Current,
    Generation,
    check_writable,
    checksum_of,
    path_of,
    read_current,
)
from rag.index import load_index, read_documents
from rag.manifest import NAME, Manifest
from rag.query import understand
from rag.retrieval import Retriever
from rag.settings import Settings
from rag.stores import STORES
from rag.types import Document, PageSpan, Section

QUESTIONS = ("江苏2025年风电装机目标?", "how many beehives?", "湖南的公交车", "屋顶", "甘肃2030年")


def make_document(name, text="风电装机达到2800万千瓦。", **labels):
    return Document(id=name, title=f"{name}规划", text=text, source=f"/docs/{name}.txt", **labels)


class WordLengths:
    """An embedder whose vector is the lengths of the first two words."""

    identity = "fake:word-lengths"
    dim = 2

    def embed_queries(self, texts):
        lengths = [[len(word) for word in [*text.split(), "", ""][:2]] for text in texts]
        return np.array(lengths, dtype=np.float32).reshape(len(texts), 2)

    embed_passages = embed_queries


class FailingStore:
    """A store that fails once half of it is written."""

    def __init__(self, failure):
        self.failure = failure

    def build(self, vectors):
        return self

    def save(self, path):
        path.write_bytes(b"half of the vec")
        raise self.failure


@pytest.fixture
def word_lengths(monkeypatch):
    monkeypatch.setitem(EMBEDDERS, "word-lengths", lambda settings: WordLengths())
    return Settings(embedder="word-lengths")


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def inside(folder):
    """Where the files of the generation in use lie."""
    return path_of(folder, read_current(folder).now)


def names_around(folder):
    return sorted(path.name for path in folder.parent.iterdir())


def search_all(index):
    retriever = Retriever(index)
    return [retriever.search(understand(question), top_k=20) for question in QUESTIONS]


def test_a_loaded_index_finds_what_the_built_one_finds_number_for_number(corpus, tmp_path):
    from rag.readers import find_files, read_file

    documents = [
        document for file in find_files([corpus]).files.values() for document in read_file(file)
    ]
    index = build_index(documents, Settings())
    build_index(documents, Settings(), folder=tmp_path / "index")
    loaded = load_index(tmp_path / "index", Settings())
    assert loaded.documents == index.documents == tuple(documents)
    assert loaded.chunks == index.chunks
    hits = search_all(index)
    assert all(hits)
    assert search_all(loaded) == hits  # scores are compared too, without tolerance


def test_every_field_of_a_document_survives(tmp_path):
    document = make_document(
        "p1",
        "一、目标。\n达峰\x00\u2028。",
        region="江苏省",
        level="province",
        status="draft",
        url="https://example.cn",
        language="zh",
        kind="brief",
        work="p0",
        aliases=("简称",),
        page_spans=(PageSpan(7, 0, 4), PageSpan(9, 4, 8)),
        sections=(Section("一、目标", 1, 0, 5, 8),),
    )
    build_index([document], Settings(), folder=tmp_path / "index")
    (loaded,) = read_documents(tmp_path / "index")
    assert loaded == document
    assert isinstance(loaded.page_spans[0], PageSpan)
    assert isinstance(loaded.sections[0], Section)
    assert loaded.section_path(6) == ("一、目标",)


def test_a_file_name_that_is_no_unicode_survives(tmp_path):
    document = replace(make_document("p1"), source="/docs/\udcd6\udcd0.txt")
    build_index([document], Settings(), folder=tmp_path / "index")
    assert read_documents(tmp_path / "index") == (document,)


def test_sources_hold_from_any_working_folder_and_move_with_the_index(tmp_path, monkeypatch):
    document = replace(make_document("p1"), source=str(tmp_path / "old" / "docs" / "p1.txt"))
    build_index([document], Settings(), folder=tmp_path / "old" / "index")
    monkeypatch.chdir(tmp_path / "old")
    assert read_documents(Path("index"))[0].source == document.source
    (tmp_path / "old").rename(tmp_path / "new")
    moved = read_documents(tmp_path / "new" / "index")[0].source
    assert moved == str(tmp_path / "new" / "docs" / "p1.txt")


def test_the_manifest_counts_and_names_the_embedder(index_folder):
    loaded = load_index(index_folder, Settings())
    manifest = loaded.manifest
    assert (manifest.documents, manifest.chunks) == (len(loaded.documents), len(loaded.chunks))
    assert (manifest.embedder_name, manifest.chunk_chars) == ("embedded", 400)
    assert (manifest.embedder, manifest.dim) == (loaded.embedder.identity, loaded.embedder.dim)
    assert set(manifest.files) == set(files_of(inside(index_folder))) - {NAME}


def test_ids_that_clash_are_numbered_and_every_chunk_keeps_its_document(tmp_path):
    texts = ["甲方案。", "乙方案。", "丙方案。", "丁方案。"]
    names = ["a", "a-2", "a", "a"]  # the number that comes next may be taken
    documents = [make_document(name, text) for name, text in zip(names, texts, strict=True)]
    index = build_index(documents, Settings())
    assert [document.id for document in index.documents] == ["a", "a-2", "a-3", "a-4"]
    loaded = build_index(documents, Settings(), folder=tmp_path / "index")
    assert [chunk.text for chunk in loaded.chunks] == texts
    assert [chunk.document.id for chunk in loaded.chunks] == ["a", "a-2", "a-3", "a-4"]


def test_an_original_is_a_work_of_its_own_and_a_brief_belongs_to_the_first():
    documents = [
        make_document("p1", "摘要。", kind="brief", region="甲"),
        make_document("p1", "甲方案。", region="甲"),
        make_document("p1", "乙方案。", region="乙"),  # of another book
        make_document("p1", "再述。", kind="brief", region="甲"),
    ]
    index = build_index(documents, Settings())
    works = [(document.id, document.work) for document in index.documents]
    assert works == [("p1", "p1"), ("p1-2", "p1"), ("p1-3", "p1-3"), ("p1-4", "p1")]
    assert index.targets.regions == {"p1": "甲", "p1-3": "乙"}


def test_the_embedder_of_the_settings_is_used_and_remembered(tmp_path, word_lengths):
    build_index([make_document("a", "one three")], word_lengths, folder=tmp_path / "index")
    loaded = load_index(tmp_path / "index", Settings())
    assert isinstance(loaded.embedder, WordLengths)
    assert loaded.store.size == (1, 2)


def test_an_embedder_folder_is_remembered_by_its_whole_path(tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    monkeypatch.setattr(index_module, "load_embedder", lambda settings: WordLengths())
    monkeypatch.chdir(tmp_path)
    index = build_index([make_document("a")], Settings(embedder="model"))
    assert index.manifest.embedder_name == str(tmp_path / "model")


def test_another_embedder_is_a_mismatch_that_names_both_and_the_remedy(index_folder, word_lengths):
    with pytest.raises(IndexMismatch, match=rf"static:.*fake:word-lengths.*--index {index_folder}"):
        load_index(index_folder, word_lengths)


@pytest.mark.parametrize("chunk_chars", [-1, 0, 19])
def test_a_chunk_shorter_than_a_sentence_is_refused(chunk_chars):
    with pytest.raises(BadRequest, match=rf"chunk_chars is {chunk_chars};.*20 or more.*400"):
        build_index([make_document("a")], Settings(chunk_chars=chunk_chars))


def test_no_index_names_the_command_that_builds_one(tmp_path):
    for open_index in (lambda place: load_index(place, Settings()), read_documents):
        with pytest.raises(IndexMissing, match=f"rag index corpus/ --index {tmp_path}"):
            open_index(tmp_path)


FOR_WRITERS = {"sources.jsonl", "tables.jsonl", "vectors.npy", "keys.npy"}


def test_a_flipped_bit_of_any_file_that_is_read_is_noticed_and_the_remedy_named(index_folder):
    whole = files_of(index_folder)
    read = {name: data for name, data in whole.items() if Path(name).name not in FOR_WRITERS}
    assert len(whole) == len(read) + len(FOR_WRITERS) >= 12
    for name, data in read.items():
        for at in {0, len(data) // 3, len(data) // 2, len(data) - 2} if data else ():
            flipped = bytes([*data[:at], data[at] ^ 1, *data[at + 1 :]])
            (index_folder / name).write_bytes(flipped)
            with pytest.raises(IndexDamaged, match=f"`rag index corpus/ --index {index_folder}`"):
                load_index(index_folder, Settings())
        (index_folder / name).write_bytes(data)
    load_index(index_folder, Settings())


def test_a_missing_or_truncated_file_is_noticed(index_folder):
    for name, data in files_of(index_folder).items():
        if not data:
            continue
        (index_folder / name).write_bytes(data[: len(data) // 2])
        with pytest.raises(IndexDamaged, match=r"rag index corpus/"):
            read_documents(index_folder)
        (index_folder / name).unlink()
        with pytest.raises(IndexMissing if name == "current" else IndexDamaged, match="rag index"):
            read_documents(index_folder)
        (index_folder / name).write_bytes(data)


def reseal(folder):
    """Make checksums fit, as for files written by a faulty program."""
    path = inside(folder)
    Manifest.load(path).sealed(path).save(path)
    now = Generation(path.name, checksum_of(path / NAME))
    generations._switch(folder, Current(now, None))


def test_a_pickle_is_never_opened(index_folder, tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    trapped = inside(index_folder) / "chunks.npy"
    np.save(trapped, np.array([[Trap()]]), allow_pickle=True)
    reseal(index_folder)
    with pytest.raises(IndexDamaged, match="pickle"):
        load_index(index_folder, Settings())
    assert not (tmp_path / "sprung").exists()


def test_an_index_is_written_without_pickles(index_folder):
    names = set(files_of(inside(index_folder)))
    assert {Path(name).suffix for name in names} == {".json", ".jsonl", ".npy", ".faiss", ".csv"}
    for name in names:
        if name.endswith(".npy"):
            np.load(inside(index_folder) / name, allow_pickle=False)


def test_rows_that_disagree_are_noticed(index_folder):
    table = np.load(inside(index_folder) / "chunks.npy")
    np.save(inside(index_folder) / "chunks.npy", table[:-1])
    reseal(index_folder)
    count = len(table)
    with pytest.raises(IndexDamaged, match=rf"{count - 1} chunks, {count} lexical rows.*{count},"):
        load_index(index_folder, Settings())


@pytest.mark.parametrize(
    "row", ['{"id": "p1"}', '{"id": "p1", "colour": "red"}', "[]", "{", "\ud800"]
)
def test_documents_that_make_no_sense_are_noticed(index_folder, row):
    (inside(index_folder) / "documents.jsonl").write_text(
        row, encoding="utf-8", errors="surrogatepass"
    )
    reseal(index_folder)
    for open_index in (lambda place: load_index(place, Settings()), read_documents):
        with pytest.raises(IndexDamaged, match=f"rag index corpus/ --index {index_folder}"):
            open_index(index_folder)


def test_a_chunk_of_a_document_that_is_not_there_is_noticed(index_folder):
    table = np.load(inside(index_folder) / "chunks.npy")
    table[0, 0] = 99
    np.save(inside(index_folder) / "chunks.npy", table)
    reseal(index_folder)
    with pytest.raises(IndexDamaged, match="rag index"):
        load_index(index_folder, Settings())


@pytest.mark.parametrize(
    ("failure", "raised"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), WriteError),
        (KeyboardInterrupt(), KeyboardInterrupt),
        (MemoryError(), MemoryError),
    ],
)
def test_a_build_that_fails_leaves_the_old_index_and_nothing_else(
    index_folder, monkeypatch, failure, raised
):
    before, around = files_of(index_folder), names_around(index_folder)
    monkeypatch.setitem(STORES, "flat", FailingStore(failure))
    with pytest.raises(raised):
        build_index([make_document("only")], Settings(), folder=index_folder)
    monkeypatch.undo()
    assert files_of(index_folder) == before
    assert names_around(index_folder) == around
    load_index(index_folder, Settings())


def test_a_full_disk_says_so_and_what_to_do(index_folder, monkeypatch):
    full = FailingStore(OSError(errno.ENOSPC, "No space left on device"))
    monkeypatch.setitem(STORES, "flat", full)
    with pytest.raises(WriteError, match=rf"{index_folder} \(No space left on device\).*--index"):
        build_index([make_document("only")], Settings(), folder=index_folder)


def test_saving_again_replaces_the_index_and_leaves_nothing_beside_it(index_folder):
    build_index([make_document("only")], Settings(), folder=index_folder)
    assert [document.id for document in read_documents(index_folder)] == ["only"]
    assert names_around(index_folder) == [index_folder.name]


def test_an_index_is_as_open_to_others_as_any_folder(tmp_path):
    (tmp_path / "plain").mkdir()
    build_index([make_document("a")], Settings(), folder=tmp_path / "new" / "index")
    mode = stat.S_IMODE((tmp_path / "new" / "index").stat().st_mode)
    assert mode == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_an_index_behind_a_link_is_replaced_where_it_lies(index_folder, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(index_folder)
    build_index([make_document("only")], Settings(), folder=link)
    assert link.is_symlink()
    assert [document.id for document in read_documents(index_folder)] == ["only"]


def test_an_empty_folder_may_become_an_index(tmp_path):
    build_index([make_document("only")], Settings(), folder=tmp_path)
    assert len(read_documents(tmp_path)) == 1


@pytest.mark.parametrize("stranger", ["thesis.docx", "lexical.txt", ".git"])
def test_a_folder_with_anything_else_in_it_is_never_replaced(index_folder, stranger):
    (index_folder / stranger).write_text("years of work")
    before = files_of(index_folder)
    save = partial(build_index, [make_document("only")], Settings(), folder=index_folder)
    for refuse in (lambda: check_writable(index_folder), save):
        with pytest.raises(WriteError, match=f"holds {stranger}, .*`rag index corpus/ --index"):
            refuse()
    assert files_of(index_folder) == before


def test_a_file_is_never_replaced_by_an_index(tmp_path):
    file = tmp_path / "thesis.docx"
    file.write_text("years of work")
    save = partial(build_index, [make_document("only")], Settings())
    with pytest.raises(WriteError, match=r"thesis\.docx is not a folder; .*--index"):
        save(folder=file)
    with pytest.raises(WriteError, match=r"nothing can be written to .*thesis\.docx; .*--index"):
        save(folder=file / "below")
    assert file.read_text() == "years of work"


def test_where_one_may_not_write_is_told_beforehand(tmp_path, monkeypatch):
    # Root, whom tests may run as, may write anywhere; so the system's answer is made up.
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with pytest.raises(WriteError, match=rf"nothing can be written to {tmp_path}; name another"):
        check_writable(tmp_path / "a" / "b")


def test_every_failure_above_is_a_rag_error():
    assert all(issubclass(e, RagError) for e in (WriteError, IndexDamaged, IndexMismatch))


def test_the_documents_are_plain_json_lines(index_folder):
    lines = (inside(index_folder) / "documents.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["id"] for row in rows] == ["p001", "p002", "p003", "rooftops"]
    assert "江苏省" in lines[0]  # readable without a program
