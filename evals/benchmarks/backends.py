"""What runs an embedding model fastest on this processor, side by side in one run.

    python -m evals.benchmarks.backends MODEL FILE

MODEL: a sentence-transformers model or folder. FILE: a text, whose first lines of 400 characters
are embedded by turns with each backend that is installed; the two that aren't torch need packages
of other versions, so give each an environment: `pip install 'sentence-transformers[onnx]'`,
`pip install 'sentence-transformers[openvino]'`, both with `-c constraints.txt`; the latter brings a
torchvision that a CPU build of torch can't load and no text needs: `pip uninstall torchvision`.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from rag.embedders import Embedder, load_embedder
from rag.errors import ModelMissing
from rag.settings import BACKENDS, Settings

PASSAGE_CHARS, TURNS = 400, 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("file", type=Path)
    parser.add_argument("-n", type=int, default=256, help="passages")
    args = parser.parse_args()
    text = args.file.read_text(encoding="utf-8")
    starts = range(0, PASSAGE_CHARS * args.n, PASSAGE_CHARS)
    passages = [text[at : at + PASSAGE_CHARS] for at in starts]
    embedders = {}
    for backend in BACKENDS:
        try:
            embedders[backend] = load_embedder(
                Settings(embedder=args.model, device="cpu", backend=backend)
            )
        except ModelMissing as error:
            print(f"{backend}: left out, {error}")
    seconds = {name: [timed(e, passages) for _ in range(TURNS)] for name, e in embedders.items()}
    plain = embedders["torch"].embed_passages(passages[:8])
    rates = {name: len("".join(passages)) / min(took) for name, took in seconds.items()}
    print(f"{'backend':10} {'chars/s':>10} {'ratio':>6}  largest difference of a vector's entry")
    for name, rate in rates.items():
        apart = np.abs(embedders[name].embed_passages(passages[:8]) - plain).max()
        print(f"{name:10} {rate:10,.0f} {rate / rates['torch']:6.2f}  {apart:.1e}")


def timed(embedder: Embedder, passages: list[str]) -> float:
    begun = time.perf_counter()
    embedder.embed_passages(passages)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
