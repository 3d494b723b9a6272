"""What so many chunks need, by the figures that `scale.py` left in a folder: disk, memory, hours.

    python -m evals.benchmarks.sizing DIR/1000000 [--node-gb 256] [--hour 2.0]

Sizes grow with the chunks; so do the hours of embedding and of words, those of the vectors' store
with their 1.5th power (as many more lists as the root of the rows, each row compared with all). A
chunk in memory is what Python takes for its text and its place. Milvus is reckoned with its rows in
memory once, a third more for what it does with them, and two copies of each on different nodes.
"""

import argparse
import json
import sys
from itertools import islice
from math import ceil
from pathlib import Path
from typing import NamedTuple

import numpy as np

_CHUNK_BYTES = 168  # rag.types.Chunk, by tracemalloc
_NUMBERING_BYTES = 32  # key and document of a row, in Milvus; their order
_SPARE, _COPIES = 1 / 3, 2
_ROW_BYTES = 16  # key and document's key, in Milvus
_WORD_BYTES = 8  # dimension and weight
_SAMPLED = 10_000


class Chunks(NamedTuple):
    """Bytes of one chunk, and seconds of one core for all of `count`."""

    count: int
    text: float
    held: float
    vector: float
    store: float
    words: float
    postings: float
    embed_s: float
    words_s: float
    vectors_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("measured", type=Path, help="a folder of scale.py: DIR/COUNT")
    parser.add_argument("--chunks", type=int, nargs="+", default=[10**6, 10**7, 10**8, 10**9])
    parser.add_argument("--node-gb", type=float, default=256, help="memory of a node of Milvus")
    parser.add_argument("--hour", type=float, default=2.0, help="price of such a node an hour")
    args = parser.parse_args()
    one = read(args.measured)
    print(
        f"a chunk: text {one.text:.0f} B, in memory {one.held:.0f} B, vector {one.vector:.0f} B, "
        f"store {one.store:.0f} B, words {one.words:.0f} B, {one.postings:.0f} different words"
    )
    for count in args.chunks:
        print(f"{count:>13,}: {told(one, count, node_gb=args.node_gb, hour=args.hour)}")


def read(folder: Path) -> Chunks:
    with (folder / "passages.txt").open(encoding="utf-8") as lines:
        sample = [line.rstrip("\n") for line in islice(lines, _SAMPLED)]
    figures: dict[str, float] = {}
    for path in folder.glob("*.json"):
        figures |= json.loads(path.read_text(encoding="utf-8"))
    count, dim = np.load(folder / "vectors.npy", mmap_mode="r").shape
    postings = np.load(folder / "words" / "indices.csc.index.npy", mmap_mode="r").size
    return Chunks(
        count=count,
        text=(folder / "passages.txt").stat().st_size / count,
        held=sum(map(sys.getsizeof, sample)) / len(sample) + _CHUNK_BYTES,
        vector=4 * dim,
        store=1e6 * figures["vectors_mb"] / count,
        words=1e6 * figures["words_mb"] / count,
        postings=postings / count,
        embed_s=figures["embed_s"],
        words_s=figures["words_s"],
        vectors_s=figures["vectors_s"],
    )


def told(one: Chunks, count: int, *, node_gb: float, hour: float) -> str:
    more = count / one.count
    disk = one.text + one.vector + one.store + one.words  # vectors twice: as made, as searched
    row = one.vector + _ROW_BYTES + _WORD_BYTES * one.postings
    nodes = max(ceil(_COPIES * (1 + _SPARE) * row * count / 1e9 / node_gb), _COPIES)
    return (
        f"folder {disk * count / 1e9:,.1f} GB, a reader {one.held * count / 1e9:,.2f} GB; "
        f"core hours: embedding {more * one.embed_s / 3600:,.2f}, "
        f"words {more * one.words_s / 3600:,.2f}, "
        f"vectors {more**1.5 * one.vectors_s / 3600:,.2f}; "
        f"Milvus: rows {row * count / 1e9:,.1f} GB, {nodes} nodes, {nodes * hour:,.0f} an hour, "
        f"a reader {(one.held + _NUMBERING_BYTES) * count / 1e9:,.2f} GB"
    )


if __name__ == "__main__":
    main()
