"""Train the embedded static model: `python -m evals.training.train_static --data DIR`.

A text is the mean of its tokens' vectors. They begin as the singular vectors of the pairs (both
sides one text, which ties the languages), and are then trained so that the two sides of a pair lie
closer than the other sides of their batch, both ways, at several widths at once; the training
questions come last. A batch is made
of blocks of neighbours of one source, so that many of its negatives are hard: articles of one law,
bullets of one plan, measures that differ by region and figure only.
source: Deerwester et al. 1990, "Indexing by Latent Semantic Analysis"; Henderson et al. 2017,
"Efficient Natural Language Response Suggestion", section 4.4; Kusupati et al. 2022, "Matryoshka
Representation Learning"; sentence-transformers documentation, "StaticEmbedding".
The same seed and number of threads give the same bytes.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from scipy import sparse
from sklearn.utils.extmath import randomized_svd
from tokenizers import Tokenizer
from tqdm import tqdm

from evals.training.pairs import ROOT, Pair, read_pairs, read_questions
from evals.training.vocabulary import train_tokenizer
from rag.types import Vectors

OUT = ROOT / "rag" / "models" / "tanwen-static"
DIM = 256
WIDTHS = (256, 128, 64)
BATCH, BLOCK = 2048, 16
STEPS, RATE, SCALE = 1500, 0.01, 20.0
TUNING_STEPS, TUNING_RATE = 150, 0.005  # with the questions; more of it unlearns other fields
MAX_TOKENS = 96
# How much of the steps a source gets, beside the square root of its size.
SHARES = {"briefs": 3.0, "glossary": 2.0, "laws_zh": 0.4, "policy_zh": 0.7}
_QUESTIONS, _QUESTIONS_SHARE = "questions", 30.0
_FOLDS = (0, 1)
_MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.StaticEmbedding"}
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of general pairs, *.jsonl.gz")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--folds", type=Path, help="also write a model that saw half the questions")
    args = parser.parse_args()
    pairs = read_pairs(args.data)
    for name, found in pairs.items():
        print(f"{len(found):8,} {name}")
    together = pairs | {_QUESTIONS: read_questions()}
    tokenizer = train_tokenizer(
        {name: [text for pair in found for text in pair] for name, found in together.items()}
    )
    sources = {name: Source.encode(tokenizer, found) for name, found in pairs.items()}
    weights = first_vectors(list(sources.values()), tokenizer.get_vocab_size())
    weights = train_vectors(weights, sources, steps=STEPS, rate=RATE)
    folds = {None: args.out} | {fold: args.folds / f"{fold}" for fold in _FOLDS if args.folds}
    for fold, folder in folds.items():
        questions = Source.encode(tokenizer, read_questions(fold))
        tuned = train_vectors(
            weights.copy(),
            sources | {_QUESTIONS: questions},
            steps=TUNING_STEPS,
            rate=TUNING_RATE,
        )
        save(folder, tokenizer, tuned.astype(np.float16))
        print(f"{tuned.shape[0]:,} tokens x {tuned.shape[1]} -> {folder}")


@dataclass(frozen=True)
class Bags:
    """Texts as runs of token ids: text i is `ids[starts[i]:starts[i + 1]]`, none empty."""

    ids: np.ndarray
    starts: np.ndarray

    @classmethod
    def encode(cls, tokenizer: Tokenizer, texts: Sequence[str]) -> "Bags":
        runs: list[np.ndarray] = []
        for at in range(0, len(texts), BATCH):
            batch = tokenizer.encode_batch_fast(list(texts[at : at + BATCH]))
            runs += [np.array(e.ids[:MAX_TOKENS] or [0], dtype=np.int32) for e in batch]
        return cls(np.concatenate(runs), np.cumsum([0, *map(len, runs)]))

    def take(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(ids of these texts one after another, where each begins)."""
        lengths = self.starts[rows + 1] - self.starts[rows]
        begins = np.cumsum(lengths) - lengths
        at = np.repeat(self.starts[rows] - begins, lengths) + np.arange(lengths.sum())
        return self.ids[at].astype(np.int64), begins


@dataclass(frozen=True)
class Source:
    """Pairs of one source; equal texts of a side have equal numbers in `names`, shape (2, n)."""

    left: Bags
    right: Bags
    names: np.ndarray

    @classmethod
    def encode(cls, tokenizer: Tokenizer, pairs: Sequence[Pair]) -> "Source":
        numbers: dict[str, int] = {}
        sides = list(zip(*pairs, strict=True))
        names = [[numbers.setdefault(text, len(numbers)) for text in side] for side in sides]
        left, right = (Bags.encode(tokenizer, side) for side in sides)
        return cls(left, right, np.array(names))

    def __len__(self) -> int:
        return self.names.shape[1]


def first_vectors(sources: Sequence[Source], vocabulary: int) -> Vectors:
    """float32 (vocabulary, DIM): singular vectors of the pair-by-token matrix, times the idf."""
    rows, columns, before = [], [], 0
    for source in sources:
        for side in (source.left, source.right):
            lengths = np.diff(side.starts)
            rows.append(np.repeat(np.arange(len(lengths)) + before, lengths))
            columns.append(side.ids)
        before += len(source)
    cells = (np.concatenate(rows), np.concatenate(columns))
    counts = sparse.csr_matrix((np.ones(len(cells[0]), np.float32), cells), (before, vocabulary))
    counts.data = np.log1p(counts.data)
    idf = np.log((1 + before) / (1 + np.asarray((counts > 0).sum(axis=0)).ravel()))
    weighted = counts @ sparse.diags(idf.astype(np.float32))
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    weighted = sparse.diags(1 / np.maximum(lengths, 1e-9)).astype(np.float32) @ weighted
    _, _, tokens = randomized_svd(weighted.tocsr(), DIM, n_iter=2, random_state=0)
    vectors = tokens.T * idf[:, None]
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.maximum(lengths, 1e-9)
    return np.asarray(unit * idf[:, None] / idf.mean(), dtype=np.float32)


def train_vectors(
    weights: Vectors, sources: Mapping[str, Source], *, steps: int, rate: float
) -> Vectors:
    """The vectors after `steps` batches; a token is moved only by the batches it occurs in."""
    rng = np.random.default_rng(0)
    table = torch.from_numpy(weights)
    moments = torch.zeros_like(table), torch.zeros(len(table), 1)
    bar = tqdm(_batches(sources, steps, rng), total=steps, mininterval=10)
    for step, (source, rows) in enumerate(bar):
        now = rate * min(1, (step + 1) / 100) * (1 - step / steps)
        loss = _step(table, moments, source, rows, now)
        if step % 100 == 0:
            bar.set_postfix(loss=f"{loss:.3f}")
    return table.numpy()


def _batches(
    sources: Mapping[str, Source], steps: int, rng: np.random.Generator
) -> Iterator[tuple[Source, np.ndarray]]:
    """Blocks of neighbours, drawn anew once all of a source's were; a source at random a step."""
    shares_of = SHARES | {_QUESTIONS: _QUESTIONS_SHARE}
    shares = np.array([shares_of.get(name, 1.0) * len(s) ** 0.5 for name, s in sources.items()])
    left: dict[str, list[int]] = {name: [] for name in sources}
    names = list(sources)
    for name in rng.choice(names, size=steps, p=shares / shares.sum()):
        source = sources[name]
        starts: list[int] = []
        count = min(BATCH, len(source)) // BLOCK
        while len(starts) < count:
            if not left[name]:
                shift = int(rng.integers(BLOCK))
                left[name] = (rng.permutation(len(source) // BLOCK - 1) * BLOCK + shift).tolist()
            starts.append(left[name].pop())
        yield source, (np.array(starts)[:, None] + np.arange(BLOCK)).ravel()


def _step(
    table: torch.Tensor,
    moments: tuple[torch.Tensor, torch.Tensor],
    source: Source,
    rows: np.ndarray,
    rate: float,
) -> float:
    """One batch; changes `table` and `moments` in place. Adam with one second moment a token."""
    taken = [side.take(rows) for side in (source.left, source.right)]
    ids = torch.from_numpy(np.concatenate([part[0] for part in taken]))
    starts = np.concatenate([taken[0][1], taken[1][1] + len(taken[0][0])])
    offsets = torch.from_numpy(starts)
    with torch.no_grad():
        means = torch.nn.functional.embedding_bag(ids, table, offsets, mode="mean")
    means.requires_grad_(True)
    loss = _loss(means[: len(rows)], means[len(rows) :], source.names[:, rows])
    (slope,) = torch.autograd.grad(loss, means)
    with torch.no_grad():
        lengths = torch.diff(offsets, append=torch.tensor([len(ids)]))
        seen, places = torch.unique(ids, return_inverse=True)
        of_text = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
        matrix = torch.sparse_coo_tensor(
            torch.stack([places, of_text]), 1 / lengths[of_text].float(), (len(seen), len(lengths))
        )
        gradient = torch.sparse.mm(matrix, slope)
        first, second = moments
        mean = first[seen].mul_(0.9).add_(gradient, alpha=0.1)
        spread = second[seen].mul_(0.98).add_(gradient.square().mean(1, keepdim=True), alpha=0.02)
        first[seen], second[seen] = mean, spread
        table[seen] -= rate * mean / (spread.sqrt() + 1e-8)
    return float(loss)


def _loss(left: torch.Tensor, right: torch.Tensor, names: np.ndarray) -> torch.Tensor:
    """Mean over the widths of the two-way cross-entropy of the right partner."""
    labels = torch.arange(len(left))
    same = [torch.from_numpy(side[:, None] == side[None, :]) for side in names]
    rivals = (same[0] | same[1]).fill_diagonal_(False)  # equal texts are no negatives
    losses = []
    for width in WIDTHS:
        one = torch.nn.functional.normalize(left[:, :width], dim=1)
        other = torch.nn.functional.normalize(right[:, :width], dim=1)
        scores = (SCALE * one @ other.T).masked_fill(rivals, -1e4)
        losses.append(torch.nn.functional.cross_entropy(scores, labels))
        losses.append(torch.nn.functional.cross_entropy(scores.T, labels))
    return torch.stack(losses).mean()


def save(folder: Path, tokenizer: Tokenizer, weights: np.ndarray) -> None:
    """The folder that `SentenceTransformer(folder)` reads as a StaticEmbedding."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    save_file({"embedding.weight": weights}, folder / "model.safetensors")
    (folder / "modules.json").write_text(json.dumps(_MODULES, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
