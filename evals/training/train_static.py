"""Train the embedded static model: `python -m evals.training.train_static --data DIR`.

Token vectors, averaged, trained so that the two sides of a pair lie closer than the other sides of
their batch (multiple negatives ranking, both ways), at several widths at once. A batch holds one
source, so that its negatives are near ones. Without --data it learns from the repository alone.
source: Henderson et al. 2017, "Efficient Natural Language Response Suggestion", section 4.4;
Kusupati et al. 2022, "Matryoshka Representation Learning"; sentence-transformers documentation,
"StaticEmbedding". Deterministic for one number of threads.
"""

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from tqdm import tqdm

from evals.training.pairs import ROOT, Pair, read_pairs, simplified

OUT = ROOT / "rag" / "models" / "tanwen-static"
VOCABULARY, DIM = 48_000, 256
WIDTHS = (256, 128, 64)
BATCH, EPOCHS, RATE, SCALE = 1024, 6, 0.02, 20.0
MAX_TOKENS = 192
# How often a source is seen in an epoch: the home field often, large foreign fields in part.
REPEATS = {"briefs": 3.0, "glossary": 2.0, "places": 2.0, "questions": 4.0}
SHARES = {"law_zh_en": 0.6, "pairs_pydocs_en_zh": 0.5, "qa_ja_jaquad": 0.5}
_MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.StaticEmbedding"}
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of general pairs, *.jsonl.gz")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    args = parser.parse_args()
    random.seed(0)
    torch.manual_seed(0)
    pairs = read_pairs(args.data)
    pairs |= _simplified_laws(pairs, args.data)
    for name, found in pairs.items():
        print(f"{len(found):8,} {name}")
    tokenizer = train_tokenizer([text for found in pairs.values() for pair in found for text in pair])
    weights = train_vectors(tokenizer, pairs, args.epochs)
    save(args.out, tokenizer, weights)
    print(f"{weights.shape[0]:,} tokens x {weights.shape[1]} -> {args.out}")


def _simplified_laws(pairs: dict[str, list[Pair]], data: Path | None) -> dict[str, list[Pair]]:
    """The laws are in traditional characters: half of them are put into simplified ones."""
    table = simplified(data)
    laws = pairs.get("law_zh_en", [])
    return {
        "law_zh_en": [
            (zh.translate(table) if i % 4 else zh, en) for i, (zh, en) in enumerate(laws)
        ]
    }


def train_tokenizer(texts: Sequence[str]) -> Tokenizer:
    """BPE over folded text; Chinese characters merge within punctuation, figures stand alone."""
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Whitespace(),
            pre_tokenizers.Split(Regex(r"[\u3400-\u9fff]+|\d+(?:\.\d+)?"), "isolated"),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=["[UNK]"], min_frequency=3, max_token_length=10
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def train_vectors(
    tokenizer: Tokenizer, pairs: dict[str, list[Pair]], epochs: int
) -> np.ndarray:
    """float16 (vocabulary, DIM)."""
    ids = {name: _encoded(tokenizer, found) for name, found in pairs.items() if found}
    bag = torch.nn.EmbeddingBag(tokenizer.get_vocab_size(), DIM, mode="mean", sparse=True)
    torch.nn.init.normal_(bag.weight, std=0.1)
    optimizer = torch.optim.SparseAdam(list(bag.parameters()), lr=RATE)
    plan = [_batches(ids) for _ in range(epochs)]
    steps = sum(map(len, plan))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / (steps + 1))
    with tqdm(total=steps) as bar:
        for name, rows in (batch for epoch in plan for batch in epoch):
            left, right = ids[name]
            loss = _loss(bag(*_flat(left, rows)), bag(*_flat(right, rows)))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            bar.update()
            bar.set_postfix(loss=f"{loss.item():.3f}")
    return bag.weight.detach().numpy().astype(np.float16)


def _encoded(tokenizer: Tokenizer, found: list[Pair]) -> tuple[list[list[int]], list[list[int]]]:
    sides = zip(*found, strict=True)
    left, right = (
        [e.ids[:MAX_TOKENS] or [0] for e in tokenizer.encode_batch_fast(list(side))]
        for side in sides
    )
    return left, right


def _batches(ids: dict[str, tuple[list[list[int]], list[list[int]]]]) -> list[tuple[str, list[int]]]:
    batches = []
    for name, (left, _) in ids.items():
        share = REPEATS.get(name, SHARES.get(name, 1.0))
        rows = [row for _ in range(int(np.ceil(share))) for row in random.sample(range(len(left)), len(left))]
        rows = rows[: int(share * len(left))]
        batches += [(name, rows[at : at + BATCH]) for at in range(0, len(rows), BATCH)]
    random.shuffle(batches)
    return [batch for batch in batches if len(batch[1]) > 1]


def _flat(texts: list[list[int]], rows: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
    chosen = [texts[row] for row in rows]
    offsets = np.cumsum([0, *map(len, chosen[:-1])])
    return torch.tensor([i for text in chosen for i in text]), torch.from_numpy(offsets)


def _loss(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Mean over the widths of the two-way cross-entropy of the right partner."""
    labels = torch.arange(len(left))
    losses = []
    for width in WIDTHS:
        one = torch.nn.functional.normalize(left[:, :width], dim=1)
        other = torch.nn.functional.normalize(right[:, :width], dim=1)
        scores = SCALE * one @ other.T
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
