"""Fit the judge's thresholds: `python -m evals.training.fit_verifier --index DIR`.

Supported: a claim with the passage that holds its evidence, on the page given; unsupported: the
same claim with the best other passages found for its question, which hold none of its facts.
Claims are of two sorts: the evidence snippet itself, and the question with its facts put in place
of the question word, which says it in other words. Training questions alone, every third.
"""

import argparse
import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rag import Assistant, Hit
from rag.checking import find_faults
from rag.judging import LexicalJudge
from rag.language import detect_language

ROOT = Path(__file__).parents[2]
ASKED = re.compile(
    r"(?:分别|各)?(?:是|为|达到|提高到|控制在)?(?:多少|几|多大|多高|哪些|什么|怎么|如何)\S{0,4}[?？]?$|[?？؟]$"
    r"|^(?:what|which|how (?:much|many|large|high)|quel\w*|wie viel|cu[aá]nt\w*|сколько)\b",
    re.IGNORECASE,
)
QUANTILES = (0.01, 0.02, 0.05, 0.1)


class Pair(NamedTuple):
    """clean: whether figures and names of the claim all stand in the passage. verbatim: whether the
    claim is the snippet itself.
    """

    same_language: bool
    supported: bool
    clean: bool
    score: float
    verbatim: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--index", type=Path, default=Path("indexes/default"))
    parser.add_argument("--questions", type=Path, default=ROOT / "evals/questions/train.jsonl")
    parser.add_argument("--every", type=int, default=3)
    args = parser.parse_args()
    assistant = Assistant.load(args.index)
    lines = args.questions.read_text(encoding="utf-8").splitlines()[:: args.every]
    pairs = [pair for line in lines for pair in pairs_of(assistant, json.loads(line))]
    for same in (True, False):
        report("same language" if same else "other language", pairs, same)


def pairs_of(assistant: Assistant, row: dict) -> Iterator[Pair]:
    index = assistant.index
    judge = LexicalJudge(index.lexical.rarity, index.embedder.embed_passages)
    snippets = [row["evidence"]] if isinstance(row.get("evidence"), str) else row.get("evidence")
    if not snippets or not row["pages"]:
        return
    hits = assistant.search(row["question"], top_k=10)
    for claim, snippet in claims_of(row, snippets):
        holding = [h for h in hits if norm(snippet) in norm(h.chunk.text)]
        others = [h for h in hits if not any(holds(h, a) for group in row["must"] for a in group)]
        for supported, found in ((True, holding[:1]), (False, others[:2])):
            for hit in found:
                text = shown(hit)
                same = detect_language(claim) in ("", hit.chunk.document.language)
                clean = not find_faults(claim, [text])
                yield Pair(same, supported, clean, judge.score(claim, [text]), claim == snippet)


def claims_of(row: dict, snippets: list[str]) -> Iterator[tuple[str, str]]:
    """(claim, evidence): the snippet itself, and the question as a statement with its facts."""
    yield snippets[0], snippets[0]
    facts = ", ".join(group[0] for group in row["must"])
    yield f"{ASKED.sub(' ', row['question']).strip()} {facts}", snippets[0]


def report(name: str, pairs: list[Pair], same: bool) -> None:
    chosen = [p for p in pairs if p.same_language == same]
    good = np.array([p.score for p in chosen if p.supported])
    bad = np.array([p.score for p in chosen if not p.supported])
    hard = np.array([p.score for p in chosen if not p.supported and p.clean])
    print(f"{name}: {len(good)} supported, {len(bad)} unsupported, {len(hard)} without a fault")
    if not (len(good) and len(bad)):
        return
    for verbatim in (True, False):
        clean = [p.clean for p in chosen if p.supported and p.verbatim == verbatim]
        told = "snippets" if verbatim else "claims in other words"
        print(f"  supported {told} without a fault: {np.mean(clean) if clean else 0:.3f}")
    for q in QUANTILES:
        print(f"  {q:.0%} of the supported score below {np.quantile(good, q):.2f}")
    cuts = np.arange(0.1, 0.95, 0.05)
    for cut in cuts:
        let = (hard >= cut).sum() / len(bad)
        print(
            f"  {cut:.2f}: supported kept {(good >= cut).mean():.3f}, unsupported let through by "
            f"the score {(bad >= cut).mean():.3f}, by score and faults {let:.3f}"
        )
    best = max(cuts, key=lambda cut: (good >= cut).mean() - (bad >= cut).mean())
    print(f"  best by Youden's index: {best:.2f}")


def shown(hit: Hit) -> str:
    return f"{hit.chunk.context} {hit.chunk.text}"


def holds(hit: Hit, fact: str) -> bool:
    return norm(fact) in norm(hit.chunk.text)


def norm(text: str) -> str:
    return re.sub(r"[\s,]", "", unicodedata.normalize("NFKC", text).lower())


if __name__ == "__main__":
    main()
