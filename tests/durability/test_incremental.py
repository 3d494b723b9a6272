"""An index that is added to is the one that would be built of the same files from nothing."""

import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from rag.embedders import EMBEDDERS, load_embedder
from rag.errors import BadRequest
from rag.generations import path_of, read_current
from rag.index import load_index, read_documents
from rag.indexing import Change, index_paths, update_index
from rag.integrity import verify_index
from rag.query import understand
from rag.retrieval import Retriever
from rag.settings import Settings

QUESTIONS = (
    "江苏2025年风电装机目标?",
    "how many beehives?",
    "which round?",
    "海上风电",
    "lighthouse",
)
TEXTS = (
    "风电装机达到{}万千瓦。",
    "# Bees\n\nThe roofs hold {} beehives.",
    "Round {} of the lighthouse.",
)


class Counting:
    """The embedded model; `texts` are those it was given to be found."""

    def __init__(self):
        self._real = load_embedder(Settings())
        self.identity, self.dim = "counting:" + self._real.identity, self._real.dim
        self.texts = []
        self.embed_queries = self._real.embed_queries

    def embed_passages(self, texts):
        self.texts += texts
        return self._real.embed_passages(texts)


@pytest.fixture
def counting(monkeypatch):
    embedder = Counting()
    monkeypatch.setitem(EMBEDDERS, "counting", lambda settings: embedder)
    return embedder


@pytest.fixture
def docs(tmp_path, monkeypatch, counting):
    monkeypatch.chdir(tmp_path)
    for number, text in enumerate(TEXTS):
        (tmp_path / "docs").mkdir(exist_ok=True)
        (tmp_path / "docs" / f"{number}.md").write_text(text.format(number), encoding="utf-8")
    return tmp_path / "docs"


def update(*paths, folder="index", **change):
    settings = Settings(embedder="counting")
    return update_index(Change([Path(p) for p in paths], **change), Path(folder), settings=settings)


def names(paths):
    return [Path(path).name for path in paths]


def all_found(folder, embedder):
    index = load_index(Path(folder), Settings(), embedder=embedder)
    retriever = Retriever(index)
    hits = [retriever.search(understand(question), top_k=50) for question in QUESTIONS]
    return hits, index.chunks, index.documents, index.targets.rows


def assert_as_built_anew(embedder):
    shutil.rmtree("anew", ignore_errors=True)
    update("docs", folder="anew")
    assert all_found("index", embedder) == all_found("anew", embedder)
    assert not verify_index(Path("index")).faults


def test_only_what_is_new_or_changed_is_embedded(docs, counting):
    assert update("docs").embedded == len(counting.texts) == 3
    (docs / "new.txt").write_text("Panels on roofs.")
    (docs / "1.md").write_text("# Bees\n\nThe roofs hold 38 beehives.")
    counting.texts.clear()
    outcome = update("docs")
    assert outcome.embedded == len(counting.texts) == 2
    assert (names(outcome.added), names(outcome.changed)) == (["new.txt"], ["1.md"])
    assert names(outcome.unchanged) == ["0.md", "2.md"]
    assert_as_built_anew(counting)


def test_of_a_changed_file_only_the_chunks_that_changed_are_embedded(docs, counting):
    parts = [f"# Part {n}\n\n{'The lighthouse shines. ' * 15}" for n in range(8)]
    (docs / "long.md").write_text("\n\n".join(parts))
    update("docs")
    parts[3] = parts[3].replace("shines", "glows")
    (docs / "long.md").write_text("\n\n".join(parts))
    assert 1 <= update("docs").embedded <= 2
    assert_as_built_anew(counting)


def test_a_renamed_file_is_not_embedded_again(docs, counting):
    update("docs")
    (docs / "1.md").rename(docs / "bees.md")  # its title stands inside
    outcome = update("docs", sync=True)
    assert outcome.embedded == 0
    assert (names(outcome.added), names(outcome.removed)) == (["bees.md"], ["1.md"])
    assert_as_built_anew(counting)


def test_what_is_gone_stays_until_it_is_asked_to_go(docs, counting):
    update("docs")
    (docs / "2.md").unlink()
    kept = update("docs")
    assert names(kept.unchanged) == ["0.md", "1.md", "2.md"]
    gone = update("docs", sync=True)
    assert (names(gone.removed), gone.embedded) == (["2.md"], 0)
    assert_as_built_anew(counting)


def test_sync_leaves_files_of_other_folders_alone(docs, tmp_path, counting):
    (tmp_path / "docs2").mkdir()
    (tmp_path / "docs2" / "other.txt").write_text("Buses run on batteries.")
    update("docs", "docs2")
    (tmp_path / "docs2" / "other.txt").unlink()
    assert update("docs", sync=True).removed == ()
    assert names(update("docs2", sync=True, remove=()).removed) == ["other.txt"]


def test_documents_and_files_are_removed_by_name(corpus, tmp_path, counting):
    update(corpus, folder=tmp_path / "index")
    outcome = update(folder=tmp_path / "index", remove=["p002"])
    assert (names(outcome.changed), outcome.removed, outcome.embedded) == (["plans.txt"], (), 0)
    assert [d.id for d in read_documents(tmp_path / "index")] == ["p001", "p003", "rooftops"]
    assert not verify_index(tmp_path / "index").faults
    outcome = update(folder=tmp_path / "index", remove=[str(corpus / "rooftops.md"), "p001"])
    assert (names(outcome.changed), names(outcome.removed)) == (["plans.txt"], ["rooftops.md"])
    assert [d.id for d in read_documents(tmp_path / "index")] == ["p003"]
    back = update(corpus, folder=tmp_path / "index")
    assert (names(back.added), names(back.changed)) == (["rooftops.md"], ["plans.txt"])
    update(corpus, folder=tmp_path / "anew")
    found = [all_found(tmp_path / name, counting) for name in ("index", "anew")]
    assert found[0] == found[1]


def test_what_is_not_held_cannot_be_removed(docs):
    update("docs")
    with pytest.raises(BadRequest, match=r"holds no document and no file 'nosuch'; .*rag search"):
        update(remove=["1", "nosuch"])
    assert len(read_documents(Path("index"))) == 3


def test_the_last_document_cannot_be_removed(docs):
    update("docs")
    with pytest.raises(BadRequest, match=r"would hold no document any more; .* delete the folder"):
        update(remove=["0", "1", "2"])


def test_chunk_length_is_remembered_and_another_cuts_anew(docs, counting):
    (docs / "long.txt").write_text("The lighthouse shines. " * 40)
    settings = Settings(embedder="counting", chunk_chars=100)
    first = index_paths([docs], Path("index"), settings=settings)
    (docs / "new.txt").write_text("Panels on roofs.")
    added = update("docs")
    assert added.manifest.chunk_chars == 100
    assert (added.embedded, added.manifest.chunks) == (1, first.manifest.chunks + 1)
    cut = index_paths([docs], Path("index"), settings=replace(settings, chunk_chars=400))
    assert cut.manifest.chunks < first.manifest.chunks
    assert names(cut.unchanged) == ["0.md", "1.md", "2.md", "long.txt", "new.txt"]


def test_another_way_to_read_files_reads_them_anew_and_embeds_only_other_texts(
    docs, counting, monkeypatch
):
    update("docs")
    (docs / "2.md").unlink()
    monkeypatch.setattr("rag.indexing.fingerprint_of_readers", lambda: "another")
    outcome = update("docs")
    assert names(outcome.changed) == ["0.md", "1.md"]  # the one that is gone can't be
    assert outcome.embedded == 0
    assert outcome.manifest.recipe == "another"


def test_a_reader_that_fails_in_its_own_way_stops_no_other_file(docs, monkeypatch):
    from rag import reading

    def fail(path):
        if path.name == "1.md":
            raise RecursionError("too deep")
        return read_file(path)

    read_file = reading.read_file
    monkeypatch.setattr(reading, "read_file", fail)
    outcome = update("docs")
    ((path, reason),) = outcome.failed
    assert path.name == "1.md"
    assert "RecursionError: too deep" in reason
    assert names(outcome.added) == ["0.md", "2.md"]


@pytest.mark.parametrize("at_once", [1, 3, 10**6])
def test_neighbours_taken_over_together_are_recorded_as_one_by_one(
    docs, counting, monkeypatch, at_once
):
    """Files of one to three chunks; one changes, one goes, one comes between."""
    monkeypatch.setattr("rag.building._TAKEN_AT_ONCE", at_once)
    for number in range(20, 40):
        (docs / f"{number}.txt").write_text(f"Lighthouse {number} shines. " * (number % 3 * 20 + 1))
    update("docs")
    (docs / "25.txt").write_text("The lighthouse is dark.")
    (docs / "31.txt").unlink()
    (docs / "285.txt").write_text("A boat comes between.")
    outcome = update("docs", sync=True)
    assert outcome.embedded == 2
    update("docs", folder="anew")
    for name in ("sources.jsonl", "documents.jsonl", "chunks.npy", "keys.npy", "vectors.npy"):
        held, anew = (path_of(f, read_current(f).now) / name for f in map(Path, ("index", "anew")))
        assert held.read_bytes() == anew.read_bytes(), name
    assert_as_built_anew(counting)


def change_at_random(docs, chance):
    """One file more, less, other or elsewhere; at least one stays."""
    held = sorted(docs.iterdir())
    text = chance.choice(TEXTS).format(chance.randrange(100, 999))
    doing = chance.choice(["add", "change", "rename", "remove"])
    if doing == "add" or len(held) < 2:
        (docs / f"{chance.randrange(50)}.md").write_text(text, encoding="utf-8")
    elif doing == "change":
        chance.choice(held).write_text(text, encoding="utf-8")
    elif doing == "rename":
        chance.choice(held).rename(docs / f"{chance.randrange(50)}.txt")
    else:
        chance.choice(held).unlink()


def change_often(docs, counting, *, times, seed):
    chance = random.Random(seed)
    update("docs")
    for _ in range(times):
        for _ in range(chance.randrange(1, 4)):
            change_at_random(docs, chance)
        update("docs", sync=True)
        assert_as_built_anew(counting)


def test_5_rounds_of_changes_end_as_built_anew(docs, counting):
    change_often(docs, counting, times=5, seed=1)


@pytest.mark.slow
def test_60_rounds_of_changes_end_as_built_anew(docs, counting):
    change_often(docs, counting, times=60, seed=2)
