"""Many threads ask one assistant while its index is rebuilt."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from rag import Assistant, Settings
from rag.errors import WriteError
from rag.indexing import Change, index_paths, update_index
from rag.words import find_numerals

THREADS = 8
NAMES = ("north", "south", "east", "west")


def write_round(folder, number):
    """Four files that all name the round, so that a mixture of two rounds would show."""
    for name in NAMES:
        text = f"# The {name} lighthouse\n\nRound {number} of the {name} lighthouse has begun."
        (folder / f"{name}.md").write_text(text, encoding="utf-8")


def ask_often(assistant, ended):
    """What was found wrong; the rounds seen."""
    seen = set()
    while not ended.is_set():
        hits = assistant.search("Which round of the lighthouse has begun?", top_k=10)
        rounds = {n for hit in hits for n in find_numerals(hit.chunk.text)}
        assert len(rounds) == 1, f"a mixture of rounds {rounds}"
        assert len(hits) == len(NAMES)
        answer = assistant.ask("Which round of the north lighthouse has begun?")
        quoted = {n for c in answer.citations for n in find_numerals(c.quote)}
        assert len(quoted) <= 1, f"a mixture of rounds {quoted}"
        for citation in answer.citations:
            assert citation.document.text[citation.start : citation.end] == citation.quote
        seen |= rounds
    return seen


def rebuild_while_asked(tmp_path, *, rounds, write):
    docs = tmp_path / "docs"
    docs.mkdir()
    write_round(docs, 100)
    assistant = Assistant.build([docs], index=tmp_path / "index")
    ended = threading.Event()
    with ThreadPoolExecutor(THREADS) as pool:
        asking = [pool.submit(ask_often, assistant, ended) for _ in range(THREADS)]
        try:
            for number in range(101, 101 + rounds):
                write_round(docs, number)
                write(assistant, docs, tmp_path / "index")
        finally:
            ended.set()
        seen = set().union(*(thread.result() for thread in asking))
    assert len(seen) > 1
    assert f"Round {100 + rounds} " in assistant.search("lighthouse", top_k=1)[0].chunk.text


def write_beside(assistant, docs, index):
    index_paths([docs], index, settings=Settings())


def write_through(assistant, docs, index):
    assert len(assistant.add([docs]).changed) == len(NAMES)


@pytest.mark.parametrize("write", [write_beside, write_through])
def test_8_threads_ask_while_the_index_is_rebuilt_3_times(tmp_path, write):
    rebuild_while_asked(tmp_path, rounds=3, write=write)


@pytest.mark.slow
def test_8_threads_ask_while_the_index_is_rebuilt_20_times(tmp_path):
    rebuild_while_asked(tmp_path, rounds=20, write=write_beside)


def test_of_writers_at_the_same_time_one_writes_and_the_others_are_told(tmp_path):
    (tmp_path / "docs").mkdir()
    write_round(tmp_path / "docs", 1)
    Assistant.build([tmp_path / "docs"], index=tmp_path / "index")
    ready = threading.Barrier(4)

    def add(number):
        path = tmp_path / f"{number}.md"
        path.write_text(f"# Boat {number}\n\nIt sails.", encoding="utf-8")
        ready.wait()
        try:
            update_index(Change([path]), tmp_path / "index", settings=Settings())
            return ""
        except WriteError as error:
            return str(error)

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(add, range(4)))
    wrote = [str(number) for number, reason in enumerate(told) if not reason]
    assert wrote
    assert all("is being written by" in reason for reason in told if reason)
    held = {document.id for document in Assistant.load(tmp_path / "index").documents}
    assert held == {*NAMES, *wrote}
