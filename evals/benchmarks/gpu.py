"""Passages and tokens a second against the plain loop: `python -m evals.benchmarks.gpu`.

The architectures are real, the weights random: an encoder of XLM-R base's shape (278 M weights) and
a decoder of Qwen3-4B's (or smaller: --decoder 0.6B), so nothing is downloaded. Embedding: the
product's embedder at its default settings against sentence-transformers' `encode`, one text a call
and as it comes in batches. Answering: the product's side-by-side replies against transformers'
`generate`, one prompt a call. Both sides of a pair use the same device, prompts and new tokens.
`--tiny` runs all of it on a CPU in seconds; its figures mean nothing.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from rag.embedders import load_embedder
from rag.generators.transformer import TransformerChat
from rag.settings import Settings

# hidden size, layers, heads, key-value heads, head width, feed-forward width
DECODERS = {
    "tiny": (32, 2, 4, 2, 8, 64),
    "0.6B": (1024, 28, 16, 8, 128, 3072),
    "1.7B": (2048, 28, 16, 8, 128, 6144),
    "4B": (2560, 36, 32, 8, 128, 9728),
}
ENCODERS = {"tiny": (32, 2, 4, 64), "base": (768, 12, 12, 3072)}
EMBEDDING_GOAL, ANSWERING_GOAL = 1.5, 8.0
WORDS = 4000  # of the tokenizer made here; the embedding matrix has the real size


class Sizes(NamedTuple):
    """passages: embedded. prompts: answered, each of prompt_tokens; new_tokens: written to each."""

    passages: int
    prompts: int
    prompt_tokens: int
    new_tokens: int
    encoder_words: int
    decoder_words: int


FULL = Sizes(4096, 128, 2000, 200, 250_002, 151_936)
TINY = Sizes(48, 4, 40, 8, WORDS, WORDS)


class Line(NamedTuple):
    name: str
    unit: str
    tanwen: float
    plain: float
    goal: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--decoder", choices=sorted(DECODERS), default="4B")
    parser.add_argument("--tiny", action="store_true", help="tiny shapes, to try the script out")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument(
        "--plain", type=int, default=16, help="how many the plain loops are timed on"
    )
    parser.add_argument("--only", choices=("embedding", "answering"))
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if args.device == "cpu" and not args.tiny:
        parser.error("there is no GPU here; on a CPU this takes hours. Try it out with --tiny.")
    sizes = TINY if args.tiny else FULL
    torch.manual_seed(0)
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        if args.only != "answering":
            lines += embedding(Path(folder), sizes, args)
        if args.only != "embedding":
            lines += answering(sizes, args)
    rows = [line._asdict() | {"ratio": line.tanwen / line.plain} for line in lines]
    if args.json:
        print(json.dumps({"device": device_name(args.device), "rows": rows}, indent=1))
        return
    print(device_name(args.device))
    for row in rows:
        print(
            f"{row['name']:44} {row['tanwen']:10.1f} against {row['plain']:9.1f} {row['unit']}: "
            f"{row['ratio']:.1f}x (goal {row['goal']:.1f}x)"
        )


def embedding(folder: Path, sizes: Sizes, args: argparse.Namespace) -> list[Line]:
    """The embedder at its defaults against `encode` at its own, which is in full precision."""
    from sentence_transformers import SentenceTransformer

    make_encoder(folder, "tiny" if args.tiny else "base", sizes.encoder_words)
    texts = make_texts(sizes.passages)
    ours = load_embedder(Settings(embedder=str(folder), device=args.device))
    theirs = SentenceTransformer(str(folder), device=args.device)
    few = texts[: max(args.plain * 8, 8)]

    def one_by_one() -> None:
        for text in few:
            theirs.encode(text, show_progress_bar=False)

    ours.embed_passages(few)  # warm
    one_by_one()
    mine = len(texts) / timed(lambda: ours.embed_passages(texts), args.device)
    plain = len(few) / timed(one_by_one, args.device)
    batched = len(texts) / timed(lambda: theirs.encode(texts, show_progress_bar=False), args.device)
    unit = "passages/s"
    return [
        Line("embedding, against one text a call", unit, mine, plain, EMBEDDING_GOAL),
        Line("embedding, against encode's own batches", unit, mine, batched, EMBEDDING_GOAL),
    ]


def answering(sizes: Sizes, args: argparse.Namespace) -> list[Line]:
    """Replies side by side against `generate` for one prompt after another."""
    chat = make_chat("tiny" if args.tiny else args.decoder, sizes, args.device)
    generator = np.random.default_rng(0)
    prompts = [
        generator.integers(3, WORDS, sizes.prompt_tokens - i % (sizes.prompt_tokens // 4)).tolist()
        for i in range(sizes.prompts)
    ]
    few = prompts[: max(min(args.plain, 8), 2)]

    def one_by_one() -> int:
        written = 0
        for prompt in few:
            ids = torch.tensor([prompt], device=args.device)
            mask = torch.ones_like(ids)
            found = chat._model.generate(
                ids, attention_mask=mask, do_sample=False, max_new_tokens=sizes.new_tokens
            )
            written += found.shape[1] - len(prompt)
        return written

    one_by_one()  # warm
    written, plain_s = counted(one_by_one, args.device)
    replies, ours_s = counted(lambda: chat._side_by_side(prompts), args.device)
    tokens = sum(map(len, replies))
    name = f"answering, Qwen3 {'tiny' if args.tiny else args.decoder}, {len(prompts)} prompts"
    return [Line(name, "tokens/s", tokens / ours_s, written / plain_s, ANSWERING_GOAL)]


def make_texts(count: int) -> list[str]:
    """Of 20 to 400 words, as chunks are; no two lengths in a row."""
    generator = np.random.default_rng(0)
    lengths = generator.integers(20, 400, count)
    return [" ".join(f"w{w}" for w in generator.integers(3, WORDS, n)) for n in lengths]


def make_encoder(folder: Path, shape: str, words: int) -> None:
    """XLM-R's shape with mean pooling, as `SentenceTransformer(folder)` reads it."""
    from transformers import XLMRobertaConfig, XLMRobertaModel

    width, layers, heads, inner = ENCODERS[shape]
    config = XLMRobertaConfig(
        vocab_size=words,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=inner,
        max_position_embeddings=514,
        type_vocab_size=1,
        pad_token_id=0,
    )
    XLMRobertaModel(config).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    types = ("Transformer", "Pooling")
    modules = [
        {
            "idx": i,
            "name": str(i),
            "path": "" if i == 0 else f"{i}_{kind}",
            "type": f"sentence_transformers.models.{kind}",
        }
        for i, kind in enumerate(types)
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir(exist_ok=True)
    (folder / "1_Pooling" / "config.json").write_text(
        json.dumps({"word_embedding_dimension": width})
    )


def make_chat(shape: str, sizes: Sizes, device: str) -> TransformerChat:
    from transformers import Qwen3Config, Qwen3ForCausalLM

    width, layers, heads, shared, head, inner = DECODERS[shape]
    config = Qwen3Config(
        vocab_size=sizes.decoder_words,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=shared,
        head_dim=head,
        intermediate_size=inner,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
        eos_token_id=2,
        pad_token_id=0,
    )
    cuda = device.startswith("cuda")
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16 if cuda else default)
    try:
        with torch.device(device):
            model: Any = Qwen3ForCausalLM(config).eval()
    finally:
        torch.set_default_dtype(default)
    settings = Settings(answer_tokens=sizes.new_tokens)
    return TransformerChat(
        model, make_tokenizer(), name=f"qwen3-{shape}", settings=settings, continuous=cuda
    )


def make_tokenizer() -> Any:  # noqa: ANN401 - transformers loads late
    """A word a token: w3, w4 ..."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = ["<pad>", "<unk>", "</s>", *(f"w{i}" for i in range(3, WORDS))]
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    names = {"pad_token": "<pad>", "unk_token": "<unk>", "eos_token": "</s>"}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=512, **names)


def timed(work: Callable[[], object], device: str) -> float:
    return counted(work, device)[1]


def counted(work: Callable[[], Any], device: str) -> tuple[Any, float]:
    """(what the work gives, its seconds), the device's queue run dry before and after."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    begun = time.perf_counter()
    done = work()
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return done, time.perf_counter() - begun


def device_name(device: str) -> str:
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else "CPU"


if __name__ == "__main__":
    main()
