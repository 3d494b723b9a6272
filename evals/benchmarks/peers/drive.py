"""Runs one side of the comparison within its own environment; `compare.py` calls it.

    drive.py PEER index FOLDER STORE MODEL
    drive.py PEER ask   STORE MODEL QUESTIONS OUT

`ask` opens the store, puts the questions one after the other, the first once beforehand, and
writes what was found and the milliseconds, on the clock and of the processor.
"""

import importlib
import json
import sys
import time
from pathlib import Path

TOP_K = 5


def main(peer: str, command: str, *arguments: str) -> None:
    side = importlib.import_module(f"peer_{peer}")
    if command == "index":
        folder, store, model = arguments
        side.index(Path(folder), Path(store), model)
        return
    store, model, questions, out = arguments
    loaded = side.load(Path(store), model)
    asked = json.loads(Path(questions).read_text(encoding="utf-8"))
    side.search(loaded, asked[0], TOP_K)
    rows = []
    for question in asked:
        begun, worked = time.perf_counter(), time.process_time()
        pages = side.search(loaded, question, TOP_K)
        taken = 1000 * (time.perf_counter() - begun), 1000 * (time.process_time() - worked)
        rows.append({"pages": pages, "ms": taken[0], "cpu_ms": taken[1]})
    Path(out).write_text(json.dumps(rows), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
