"""Ray gives what one process gives, whatever happens to its workers."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from rag import spreading
from rag.building import Making
from rag.embedders import load_embedder
from rag.errors import EngineMissing, ReadError
from rag.generations import path_of, read_current
from rag.indexing import Change, update_index
from rag.readers import read_file
from rag.settings import Settings
from rag.spreading import LOCAL, spread_reading

ON_RAY = Settings(ray=LOCAL)
FILES = 12


@pytest.fixture(scope="module")
def ray():
    """Two workers on this machine."""
    import ray as found

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    found.init(num_cpus=3, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield found
    found.shutdown()


@pytest.fixture
def texts(tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(FILES):
        lines = (
            f"第{number}号方案第{line}条:到2030年风电装机达到{line}万千瓦。" for line in range(60)
        )
        (folder / f"plan{number:02}.txt").write_text("\n".join(lines), encoding="utf-8")
    return folder


def rows_of(folder):
    """The files of the generation in use, but for the time it was made at."""
    path = path_of(folder, read_current(folder).now)
    names = ("documents.jsonl", "chunks.npy", "sources.jsonl", "vectors.npy", "keys.npy")
    return {name: (path / name).read_bytes() for name in (*names, "vectors.faiss")}


def build(texts, folder, settings=ON_RAY):
    return update_index(Change([texts]), folder, settings=settings)


def test_without_the_extra_the_error_says_what_to_install(monkeypatch, texts, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(EngineMissing, match=r"pip install 'tanwen\[ray\]'"):
        build(texts, tmp_path / "index")


def test_results_that_are_kept_are_not_worked_out_again(monkeypatch, texts, tmp_path):
    """With everything kept, Ray isn't even started."""
    files = {path.as_posix(): path for path in sorted(texts.iterdir())}
    sums = dict.fromkeys(files, "sum")
    embedder = load_embedder(Settings())
    making = Making(embedder, "embedded", 400)

    def here(missing, *, making, settings):
        once = spreading._Tries(1).begin
        cut = spreading._Cutting(making.chunk_chars, once)
        model = making.embedder_name, making.embedder.identity
        embed = spreading.Embedding(*model, settings, once)
        for path, file in missing.items():
            for piece in cut({"path": path, "file": file}):
                batch = embed({name: np.array([value]) for name, value in piece.items()})
                yield {name: values[0] for name, values in batch.items()}

    given = {"making": making, "settings": ON_RAY, "progress": lambda *told: None}
    with monkeypatch.context() as without:
        without.setattr(spreading, "_rows", here)
        spread_reading(files, sums, tmp_path / "kept", **given)
    spread = spread_reading(files, sums, tmp_path / "kept", **given)
    for path, file in files.items():
        assert spread.documents(path) == read_file(file)
        keys, vectors = spread.embedded(path)
        assert vectors.shape == (len(keys), embedder.dim)


@pytest.mark.slow
def test_what_ray_builds_equals_what_one_process_builds(ray, texts, corpus, tmp_path):
    told = []
    for paths, name in (([texts], "plans"), ([corpus], "corpus")):
        spread, alone = tmp_path / f"{name}-ray", tmp_path / f"{name}-alone"
        update_index(Change(paths), alone, settings=Settings())
        outcome = update_index(
            Change(paths), spread, settings=ON_RAY, progress=lambda *step: told.append(step)
        )
        assert outcome.failed == ()
        assert outcome.embedded == outcome.manifest.chunks
        assert rows_of(spread) == rows_of(alone)
        assert not (tmp_path / f".{name}-ray-spread").exists()
    assert ("reading", FILES, FILES) in told


@pytest.mark.slow
def test_a_poisoned_document_is_reported_and_the_rest_goes_in(ray, texts, tmp_path):
    (texts / "empty.txt").write_text("", encoding="utf-8")
    (texts / "plan03.pdf").write_bytes(b"%PDF-1.7 nothing that follows is one")
    outcome = build(texts, tmp_path / "index")
    assert sorted(path.name for path, _ in outcome.failed) == ["empty.txt", "plan03.pdf"]
    assert len(outcome.added) == FILES


class Dying(spreading._Cutting):
    """Takes its process with it at one file, every time, as a reader's library may."""

    def __call__(self, row):
        found = super().__call__(row)
        if row["file"].endswith("plan03.txt") and not found[0]["reason"]:
            os._exit(1)
        return found


@pytest.mark.slow
def test_a_document_that_kills_its_worker_is_reported_and_the_rest_goes_in(
    ray, texts, tmp_path, monkeypatch
):
    monkeypatch.setattr(spreading, "_Cutting", Dying)
    monkeypatch.setattr(spreading, "_TRIES", 2)
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers don't have it
    outcome = build(texts, tmp_path / "index")
    [(path, reason)] = outcome.failed
    assert path.name == "plan03.txt"
    assert "the process that read it died" in reason
    assert len(outcome.added) == FILES - 1


@pytest.mark.slow
def test_workers_killed_meanwhile_neither_lose_nor_double_a_document(ray, texts, tmp_path):
    killed = []
    done = threading.Event()

    def kill():
        while not done.is_set() and len(killed) < 2:
            for pid in working():
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
                break
            time.sleep(0.5)

    murderer = threading.Thread(target=kill)
    murderer.start()
    try:
        outcome = build(texts, tmp_path / "index")
    finally:
        done.set()
        murderer.join()
    assert killed
    assert outcome.failed == ()
    update_index(Change([texts]), tmp_path / "alone", settings=Settings())
    assert rows_of(tmp_path / "index") == rows_of(tmp_path / "alone")


def working():
    """Processes of Ray that are at work on one of our stages."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            name = (path / "cmdline").read_bytes().split(b"\0")[0]
        except OSError:
            continue
        if name.startswith(b"ray::") and (b"Embedding" in name or b"_Cutting" in name):
            yield int(path.name)


@pytest.mark.slow
def test_a_run_that_broke_off_goes_on_where_it_stopped(ray, texts, tmp_path):
    def stop(doing, done, total):
        if done == FILES // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        update_index(Change([texts]), tmp_path / "index", settings=ON_RAY, progress=stop)
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / ".index-spread").iterdir()}
    assert len(kept) == FILES // 2
    steps = []
    update_index(
        Change([texts]),
        tmp_path / "index",
        settings=ON_RAY,
        progress=lambda *step: steps.append(step),
    )
    assert steps[0] == ("reading", FILES // 2, FILES)
    update_index(Change([texts]), tmp_path / "alone", settings=Settings())
    assert rows_of(tmp_path / "index") == rows_of(tmp_path / "alone")


@pytest.mark.slow
def test_a_cluster_of_two_nodes_that_loses_one_finishes(texts, tmp_path):
    import ray
    from ray.cluster_utils import Cluster

    ray.shutdown()
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2})
    try:
        second = cluster.add_node(num_cpus=2)
        cluster.wait_for_nodes()
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
        lost = []

        def lose(doing, done, total):
            if done == 2 and not lost:
                lost.append(second)
                cluster.remove_node(second)

        outcome = update_index(
            Change([texts]),
            tmp_path / "index",
            settings=Settings(ray=cluster.address),
            progress=lose,
        )
        assert lost
        assert outcome.failed == ()
        update_index(Change([texts]), tmp_path / "alone", settings=Settings())
        assert rows_of(tmp_path / "index") == rows_of(tmp_path / "alone")
    finally:
        ray.shutdown()
        cluster.shutdown()


def test_a_file_that_gave_nothing_says_why(tmp_path):
    spread = spreading.Spread(tmp_path, {}, {"a": "a is broken"})
    with pytest.raises(ReadError, match="a is broken"):
        spread.documents("a")
