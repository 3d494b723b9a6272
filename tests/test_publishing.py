"""An index in Milvus answers as one in a folder does. Milvus Lite is the Milvus of these tests."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from rag import cli, publishing
from rag.assistant import Assistant
from rag.errors import BadRequest, EngineMissing, IndexMissing
from rag.index import roll_back
from rag.integrity import verify_index
from rag.settings import Settings
from rag.stores import milvus
from rag.stores.milvus import MilvusStore

QUESTIONS = ("江苏2025年风电装机目标?", "how many beehives?", "湖南的公交车", "屋顶", "甘肃2030年")


def passages(assistant, **only):
    return [assistant.search(question, top_k=5, **only) for question in QUESTIONS]


def test_an_address_is_told_from_a_folder():
    assert [milvus.is_uri(text) for text in ("http://host:19530", "./x.db", "indexes/x")] == [
        True,
        True,
        False,
    ]


def test_a_store_without_its_address_is_refused(corpus, tmp_path):
    for settings in (Settings(store="milvus"), Settings(uri="./x.db"), Settings(store="flta")):
        with pytest.raises(BadRequest, match=r"--store milvus --uri|one of flat"):
            Assistant.build([corpus], index=tmp_path / "index", settings=settings)


def test_without_the_extra_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(EngineMissing, match=r"pip install 'tanwen\[milvus\]'"):
        Assistant.load(str(tmp_path / "x.db"))


@pytest.mark.slow
def test_nothing_that_answers_is_named():
    with pytest.raises(EngineMissing, match=r"no Milvus answers at http://127.0.0.1:9"):
        Assistant.load("http://127.0.0.1:9")


@pytest.mark.slow
def test_an_empty_place_names_the_command(tmp_path):
    with pytest.raises(IndexMissing, match=r"rag index corpus/ --store milvus --uri"):
        Assistant.load(str(tmp_path / "empty.db"))


@pytest.mark.slow
def test_it_finds_what_a_folder_finds_through_changes(corpus, tmp_path):
    """Built, opened by its address, added to, and taken from: each time equal to a folder."""
    uri = str(tmp_path / "rows.db")
    in_milvus = Settings(store="milvus", uri=uri)
    plain = Assistant.build([corpus], index=tmp_path / "plain")
    stored = Assistant.build([corpus], index=tmp_path / "index", settings=in_milvus)
    opened = Assistant.load(uri)
    assert opened.documents == replace_sources(plain.documents, opened.documents)
    for only in ({}, {"region": "江苏"}, {"level": "province"}, {"document": "rooftops"}):
        expected = found(plain, **only)
        assert found(stored, **only) == expected
        assert found(opened, **only) == expected
    more = tmp_path / "more.md"
    more.write_text("# Bees\n\nThe city keeps forty beehives on its roofs.\n", encoding="utf-8")
    stored.add([more])
    plain.add([more])
    assert found(stored) == found(plain)
    stored.remove([str(more)])
    plain.remove([str(more)])
    assert found(stored) == found(plain) == found(Assistant.load(uri))


@pytest.mark.slow
def test_the_commands_take_an_address_in_place_of_a_folder(corpus, tmp_path, monkeypatch, capsys):
    uri = str(tmp_path / "rows.db")
    Assistant.build([corpus], index=tmp_path / "index", settings=Settings(store="milvus", uri=uri))
    assert cli.main(["info", "--index", uri, "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert (row["index"], "megabytes" in row) == (uri, False)
    served = {}
    monkeypatch.setattr("rag.web.page.serve", lambda assistant, **given: served.update(given))
    assert cli.main(["chat", "--index", uri]) == 0
    assert served["index"] is None  # no folder: nothing can be added there


@pytest.mark.slow
def test_only_what_is_new_is_sent_while_the_mean_length_stays(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(publishing, "_DRIFT", 1.0)
    settings = Settings(store="milvus", uri=str(tmp_path / "rows.db"))
    stored = Assistant.build([corpus], index=tmp_path / "index", settings=settings)
    keys = stored.index.store.rows.keys()
    keys_before = stored.index.store.numbering.keys.tolist()
    more = tmp_path / "more.md"
    more.write_text("# Bees\n\nThe city keeps forty beehives on its roofs.\n", encoding="utf-8")
    stored.add([more])
    after = stored.index.store.rows.keys()
    assert len(np.setdiff1d(after, keys)) == 1
    assert stored.search("how many beehives?", top_k=1)[0].chunk.document.id == "more"
    stored.remove([str(more)])
    assert stored.index.store.rows.keys().tolist() == after.tolist()  # for the one before
    assert stored.index.store.numbering.keys.tolist() == keys_before


def found(assistant, **only):
    """Ids, offsets and rounded scores: what is found, wherever the documents lie."""
    return [
        [(h.chunk.document.id, h.chunk.start, h.chunk.end, round(h.score, 4)) for h in hits]
        for hits in passages(assistant, **only)
    ]


def replace_sources(documents, like):
    """The same documents with the sources that they have elsewhere."""
    return tuple(replace(d, source=o.source) for d, o in zip(documents, like, strict=True))


@pytest.mark.slow
def test_a_writer_that_is_killed_between_rows_and_files_leaves_the_old_answers(
    corpus, tmp_path, monkeypatch
):
    uri = str(tmp_path / "rows.db")
    settings = Settings(store="milvus", uri=uri)
    Assistant.build([corpus], index=tmp_path / "index", settings=settings)
    before = found(Assistant.load(uri))
    more = tmp_path / "more.md"
    more.write_text("# Bees\n\nThe city keeps forty beehives on its roofs.\n", encoding="utf-8")
    with monkeypatch.context() as broken:
        broken.setattr("rag.index.publish_files", killed)
        with pytest.raises(KeyboardInterrupt):
            Assistant.build([more], index=tmp_path / "index", settings=settings)
    assert found(Assistant.load(uri)) == found(Assistant.load(tmp_path / "index")) == before
    other = tmp_path / "other.md"
    other.write_text("# Wasps\n\nThere are no wasps here.\n", encoding="utf-8")
    Assistant.build([other], index=tmp_path / "index", settings=settings)
    opened = Assistant.load(uri)
    held = {document.id for document in opened.documents}
    assert "other" in held
    assert "more" not in held
    first = MilvusStore.load(tmp_path / "index/generations/000001/vectors.faiss", uri).numbering
    kept = np.union1d(first.keys, opened.index.store.numbering.keys)
    assert opened.index.store.rows.keys().tolist() == kept.tolist()


def killed(*given, **named):
    raise KeyboardInterrupt


@pytest.mark.slow
def test_the_generation_before_is_whole_and_can_be_gone_back_to(corpus, tmp_path):
    """Its rows stay in Milvus until it is two generations old, then they go."""
    folder, more, uri = tmp_path / "index", tmp_path / "more.md", str(tmp_path / "rows.db")
    settings = Settings(store="milvus", uri=uri)
    first = found(Assistant.build([corpus], index=folder, settings=settings))
    more.write_text("# Bees\n\nThe city keeps forty beehives on its roofs.\n", encoding="utf-8")
    second = found(Assistant.build([more], index=folder, settings=settings))
    assert second != first
    assert verify_index(folder).faults == ()
    for expected in (first, second):  # back, and forward again
        roll_back(folder)
        assert found(Assistant.load(folder)) == found(Assistant.load(uri)) == expected
        assert verify_index(folder).faults == ()
    more.write_text("# Wasps\n\nThere are no wasps here.\n", encoding="utf-8")
    third = Assistant.build([more], index=folder, settings=settings).index
    numbered = MilvusStore.load(folder / "generations/000002/vectors.faiss", uri).numbering
    kept = np.union1d(numbered.keys, third.store.numbering.keys)
    assert third.store.rows.keys().tolist() == kept.tolist()


@pytest.mark.slow
def test_verify_tells_that_rows_were_taken_away(corpus, tmp_path):
    settings = Settings(store="milvus", uri=str(tmp_path / "rows.db"))
    rows = Assistant.build([corpus], index=tmp_path / "index", settings=settings).index.store.rows
    rows.remove(rows.keys()[:1])
    rows.flush()
    assert "6 rows of the store" in verify_index(tmp_path / "index").faults[0]
