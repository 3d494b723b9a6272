import os
import subprocess
import sys
import time

import numpy as np
import pytest
from numpy.testing import assert_allclose

from rag.embedders import load_embedder
from rag.embedders.static import EMBEDDED_FOLDER, StaticEmbedder
from rag.errors import ModelMissing
from rag.settings import Settings

from .test_contract import make_static

TEXTS = [
    "到2030年,非化石能源消费比重达到25%左右。",
    "Share of non-fossil energy in 2030",
    "2030年の非化石エネルギーの割合",
    "2030년 비화석 에너지 비중",
    "Part des énergies non fossiles en 2030",
    "Anteil nichtfossiler Energie bis 2030",
    "Proporción de energía no fósil en 2030",
    "Доля неископаемой энергии к 2030 году",
    "نسبة الطاقة غير الأحفورية عام 2030",
    "Participação da energia não fóssil em 2030",
    "Quota di energia non fossile",
    "能源" * 3000,
]


@pytest.mark.slow
def test_the_light_loader_equals_sentence_transformers():
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(EMBEDDED_FOLDER), device="cpu", local_files_only=True)
    embedder = StaticEmbedder.load(EMBEDDED_FOLDER)
    assert_allclose(
        embedder.embed_passages(TEXTS), model.encode(TEXTS, normalize_embeddings=True), atol=1e-3
    )


def test_the_same_question_in_ten_languages_lies_closer_than_another():
    embedder = load_embedder(Settings())
    same = embedder.embed_queries(TEXTS[:10])
    (other,) = embedder.embed_queries(["湿地生态补偿和退耕还林还草"])
    assert (same @ same[0] > same @ other).all()


def test_a_vector_is_the_mean_of_its_tokens_scaled_to_length_one(tmp_path):
    embedder = make_static(tmp_path)
    vectors = embedder.embed_passages(["wind power", "wind wind power", "sun sun", "zebra", ""])
    expected = [[0.6, 0.8, 0], [6 / 52**0.5, 4 / 52**0.5, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]]
    assert_allclose(vectors, expected, atol=1e-6)
    assert_allclose(embedder.embed_queries(["wind power"]), expected[:1], atol=1e-6)


def test_long_texts_are_neither_cut_nor_padded(tmp_path):
    embedder = make_static(tmp_path)
    long, short = embedder.embed_passages(["wind " * 2000 + "power " * 2000, "wind power"])
    assert_allclose(long, short, atol=1e-6)


def test_identity_follows_the_weights_wherever_the_folder_lies(tmp_path):
    for name in ("a/model", "b/model", "c/model"):
        (tmp_path / name).mkdir(parents=True)
    one, other = make_static(tmp_path / "a/model"), make_static(tmp_path / "b/model")
    assert one.identity == other.identity
    assert one.identity.startswith("static:model:")
    make_static(tmp_path / "c/model")
    weights = tmp_path / "c/model/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert StaticEmbedder.load(tmp_path / "c/model").identity != one.identity


@pytest.mark.parametrize("name", ["tokenizer.json", "model.safetensors"])
@pytest.mark.parametrize("content", [None, b"", b"{}", b"\x00" * 99])
def test_a_folder_without_a_sound_file_is_missing_with_the_remedy(name, content, tmp_path):
    make_static(tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelMissing, match="fresh clone") as caught:
        StaticEmbedder.load(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_model_is_missing_at_once_where_no_hub_is_reached():
    """In a process of its own, with a hub that refuses connections, and without torch."""
    program = """if True:
        import sys
        from rag.embedders import load_embedder
        from rag.errors import ModelMissing
        from rag.settings import Settings
        try:
            load_embedder(Settings(embedder="nobody/no-such-model"))
        except ModelMissing as error:
            print(error)
        assert "torch" not in sys.modules
    """
    closed = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0", "NO_PROXY": "127.0.0.1"}
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | closed,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert time.monotonic() - begun < 5
    assert done.stderr == ""
    (line,) = done.stdout.splitlines()
    assert "'nobody/no-such-model'" in line
    assert "--embedder embedded" in line


def test_the_shipped_model_is_small_and_all_there():
    embedder = StaticEmbedder.load(EMBEDDED_FOLDER)
    assert embedder.dim == 256
    vectors = embedder.embed_passages([*TEXTS, ""])
    assert_allclose(np.linalg.norm(vectors, axis=1), [1] * len(TEXTS) + [0], atol=1e-5)
