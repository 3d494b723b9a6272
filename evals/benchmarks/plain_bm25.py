"""What the main path is measured beside: BM25 over 400-character chunks, with nothing around it.

`plain_bm25.py index FILE FOLDER` builds and saves, `plain_bm25.py search FOLDER QUESTION` loads
and prints the ten best chunks.
"""

import json
import re
import sys
from itertools import pairwise
from pathlib import Path

import bm25s

CHUNK_CHARS = 400
TOP_K = 10
_TOKEN = re.compile(r"[\u4e00-\u9fff]|[a-z]+|\d+(?:\.\d+)?")
_TEXTS = "texts.json"


def tokenize(text: str) -> list[str]:
    """Words and figures, and of Chinese the characters and their overlapping pairs."""
    tokens = _TOKEN.findall(text.lower())
    pairs = [a + b for a, b in pairwise(tokens) if a > "\u4e00" < b]
    return tokens + pairs


def build(text: str) -> tuple[bm25s.BM25, list[str]]:
    texts = [text[at : at + CHUNK_CHARS] for at in range(0, len(text), CHUNK_CHARS)]
    bm25 = bm25s.BM25()
    bm25.index([tokenize(chunk) or [""] for chunk in texts], show_progress=False)
    return bm25, texts


def search(bm25: bm25s.BM25, texts: list[str], question: str) -> list[str]:
    """The ten best chunks, best first; none for a question of unknown words alone."""
    known = [token for token in tokenize(question) if token in bm25.vocab_dict]
    if not known:
        return []
    rows, _ = bm25.retrieve([known], k=TOP_K, show_progress=False)
    return [texts[row] for row in rows[0]]


def main(command: str, *arguments: str) -> None:
    if command == "index":
        file, folder = map(Path, arguments)
        bm25, texts = build(file.read_text(encoding="utf-8"))
        bm25.save(folder, show_progress=False)
        (folder / _TEXTS).write_text(json.dumps(texts), encoding="utf-8")
    else:
        folder, question = Path(arguments[0]), arguments[1]
        texts = json.loads((folder / _TEXTS).read_text(encoding="utf-8"))
        print("\n".join(search(bm25s.BM25.load(folder), texts, question)))


if __name__ == "__main__":
    main(*sys.argv[1:])
