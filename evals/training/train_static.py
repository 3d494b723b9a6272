"""Train the embedded static model from the open corpus: `python -m evals.training.train_static`.

Latent semantic analysis: a BPE tokenizer over all ten languages, a token-by-text matrix with
log-entropy-like weights, and its leading singular vectors as token vectors. A text is a bullet of
a brief with its plan's title, all that the Chinese and the English brief say of one page (which
ties Chinese to English words), or a row of the glossary or the places (which ties ten languages).
source: Deerwester et al. 1990, "Indexing by Latent Semantic Analysis"; Dumais et al. 1997 for the
cross-language form. Runs in 12 s on 2 cores; deterministic.
"""

import argparse
import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy import sparse
from sklearn.utils.extmath import randomized_svd
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "corpus"
OUT = ROOT / "rag" / "models" / "tanwen-static"
VOCABULARY, DIM = 24_000, 256
PAIR_WEIGHT, TABLE_WEIGHT = 3, 3  # what ties the languages counts more than what one says
_PAGE = re.compile(r"[((]第[^))]*页[))]|\(pp?\.[^)]*\)")
_CJK = r"[\u3400-\u9fff]"
_MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.StaticEmbedding"}
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    texts = list(read_texts())
    tokenizer = train_tokenizer(texts)
    weights = train_vectors(tokenizer, texts)
    save(args.out, tokenizer, weights)
    print(f"{len(texts):,} texts, {weights.shape[0]:,} tokens x {weights.shape[1]} -> {args.out}")


def read_texts() -> Iterator[str]:
    """Bullets with their title, both languages' bullets of a page together, table rows."""
    for path in sorted((CORPUS / "briefs").glob("*.zh.md")):
        by_page: dict[str, list[str]] = defaultdict(list)
        for file in (path, path.with_name(path.name.replace(".zh.", ".en."))):
            title, *lines = _lines(file)
            for line in lines:
                text = _PAGE.sub("", line)
                yield f"{title} {text}"
                for page in re.findall(r"\d+", " ".join(_PAGE.findall(line))):
                    by_page[page].append(text)
        for together in by_page.values():
            yield from [" ".join(together)] * PAIR_WEIGHT
    for name in ("glossary.tsv", "places.tsv"):
        with (CORPUS / name).open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows, delimiter="\t"):
                terms = " ".join(v for k, v in row.items() if k not in ("level", "within"))
                yield from [terms.replace("|", " ")] * TABLE_WEIGHT


def _lines(path: Path) -> list[str]:
    body = path.read_text(encoding="utf-8").split("---\n", 2)[2]
    return [line.lstrip("#- ") for line in body.split("\n") if line.strip()]


def train_tokenizer(texts: list[str]) -> Tokenizer:
    """BPE over folded text; Chinese characters merge within punctuation, digits stand alone."""
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Whitespace(),
            pre_tokenizers.Split(Regex(rf"{_CJK}+|\d+(?:\.\d+)?"), "isolated"),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=["[UNK]"], min_frequency=2, max_token_length=12
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def train_vectors(tokenizer: Tokenizer, texts: list[str]) -> np.ndarray:
    """float16 (vocabulary, DIM): singular vectors, times the token's idf."""
    encodings = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    rows = np.concatenate([np.full(len(e.ids), i) for i, e in enumerate(encodings)])
    columns = np.concatenate([np.array(e.ids, dtype=np.int64) for e in encodings])
    shape = (len(texts), tokenizer.get_vocab_size())
    counts = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
    counts.data = np.log1p(counts.data)
    found = np.asarray((counts > 0).sum(axis=0)).ravel()
    idf = np.log((1 + len(texts)) / (1 + found))
    weighted = counts @ sparse.diags(idf)
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    weighted = sparse.diags(1 / np.maximum(lengths, 1e-9)) @ weighted
    _, _, tokens = randomized_svd(weighted, DIM, n_iter=4, random_state=0)
    return (tokens.T * idf[:, None]).astype(np.float16)  # best dimensions first


def save(folder: Path, tokenizer: Tokenizer, weights: np.ndarray) -> None:
    """The folder that `SentenceTransformer(folder)` reads as a StaticEmbedding."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    save_file({"embedding.weight": weights}, folder / "model.safetensors")
    (folder / "modules.json").write_text(json.dumps(_MODULES, indent=1) + "\n")


if __name__ == "__main__":
    main()
