"""Builds that are killed: `python killing.py FOLDER inject|time COUNT` prints a JSON summary.

A process of its own, so that what it forks has no threads of a test run. Each build runs in a fork
that sends itself SIGKILL before its n-th call that opens, writes, forces to disk, renames, makes or
removes something (`inject`), or is sent it after a random time (`time`).
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from rag.embedders import load_embedder
from rag.errors import IndexMissing
from rag.index import load_index, roll_back
from rag.indexing import Change, update_index
from rag.integrity import verify_index
from rag.query import understand
from rag.retrieval import Retriever
from rag.settings import Settings

QUESTIONS = ("江苏2025年风电装机目标?", "how many beehives?", "湖南的公交车", "屋顶", "lighthouse")
WRITING = {
    *("open", "write", "writelines", "writerow", "writerows", "flush", "close", "truncate"),
    *("fsync", "replace", "rename", "mkdir", "rmdir", "unlink", "remove", "tofile", "flock"),
}
TRIES = 20  # at random times, until a build is met before its end: each miss narrows them
EMBEDDER = load_embedder(Settings())


def run_build(folder, docs):
    update_index(Change([docs], sync=True), folder, settings=Settings(), embedder=EMBEDDER)


def run_rollback(folder, docs):
    roll_back(folder)


def answers(folder):
    """All that the index answers, as text; "" where there is none."""
    try:
        index = load_index(folder, Settings(), embedder=EMBEDDER)
    except IndexMissing:
        return ""
    retriever = Retriever(index)
    found = [retriever.search(understand(question), top_k=20) for question in QUESTIONS]
    rows = [[(h.chunk.document.id, h.chunk.start, h.chunk.text, h.score) for h in f] for f in found]
    return repr((rows, [(d.id, d.text) for d in index.documents]))


def killed_build(job, folder, docs, *, at_call=0, after_s=0.0):
    """Whether the build was killed before its end."""
    child = os.fork()
    if child == 0:
        try:
            if at_call:
                kill_at_call(at_call)
            job(folder, docs)
            sys.setprofile(None)
            os._exit(0)
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
            os._exit(1)
    if after_s:
        time.sleep(after_s)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, "a build that isn't killed must end well"
    return False


def kill_at_call(number):
    left = number

    def watch(frame, event, function):
        nonlocal left
        if event == "c_call" and function.__name__ in WRITING:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(watch)


def count_calls(job, folder, docs):
    """How many such calls a whole build makes, told by a fork through a pipe."""
    read, write = os.pipe()
    if os.fork() == 0:
        seen = 0

        def watch(frame, event, function):
            nonlocal seen
            seen += event == "c_call" and function.__name__ in WRITING

        sys.setprofile(watch)
        job(folder, docs)
        sys.setprofile(None)
        os.write(write, str(seen).encode())
        os._exit(0)
    os.wait()
    return int(os.read(read, 100))


def check(folder, docs, *, before, after):
    """What stands after a kill: as before or after, whole, and mended by the next build."""
    stands = answers(folder)
    assert stands in (before, after), "neither the old nor the new"
    if stands:
        assert not verify_index(folder).faults
    run_build(folder, docs)
    assert not verify_index(folder).faults
    names = {path.name for path in folder.iterdir()}
    assert names == {"current", "generations", "lock"}, names
    kept = sorted(path.name for path in (folder / "generations").iterdir())
    assert 1 <= len(kept) <= 2, kept
    return stands == after


def main(place, mode, count):
    """As many kills of each case."""
    changed_files(place / "warm" / "base", place / "warm" / "docs")  # loads what is loaded late
    answers(place / "warm" / "base")
    shown = {"kills": 0, "stood_as_after": 0, "calls": {}}
    for case, (job, prepare) in CASES.items():
        base, docs, target = place / case / "base", place / case / "docs", place / case / "index"
        prepare(base, docs)
        before = answers(base)
        calls = count_calls(job, fresh(base, target), docs)
        after = answers(target)
        assert before != after
        shown["calls"][case] = calls
        began = time.perf_counter()
        killed_build(job, fresh(base, target), docs)
        whole_s = time.perf_counter() - began
        for n in range(count):
            for _ in range(TRIES):
                fresh(base, target)
                if mode == "inject":
                    killed = killed_build(job, target, docs, at_call=1 + n * calls // count)
                else:
                    after_s = random.uniform(0.001, whole_s)
                    killed = killed_build(job, target, docs, after_s=after_s)
                    whole_s = whole_s if killed else after_s  # it ended within that
                shown["kills"] += killed
                shown["stood_as_after"] += check(target, docs, before=before, after=after)
                if killed or mode == "inject":
                    break
    sys.stdout.write(json.dumps(shown))


def fresh(base, target):
    shutil.rmtree(target, ignore_errors=True)
    if base.exists():
        shutil.copytree(base, target)
    return target


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def no_index(base, docs):
    write(docs / "wind.txt", "江苏2025年风电装机达到2800万千瓦。")
    write(docs / "bees.md", "# Bees\n\nThe roofs hold 37 beehives.")


def changed_files(base, docs):
    no_index(base, docs)
    write(docs / "old.txt", "The lighthouse closes in 2030.")
    run_build(base, docs)
    write(docs / "wind.txt", "江苏2025年风电装机达到3000万千瓦。")
    write(docs / "buses.txt", "湖南的公交车全部更换为新能源汽车。")
    (docs / "old.txt").unlink()


def two_generations(base, docs):
    changed_files(base, docs)
    run_build(base, docs)


CASES = {
    "first": (run_build, no_index),
    "change": (run_build, changed_files),
    "rollback": (run_rollback, two_generations),
}

if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
