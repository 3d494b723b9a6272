"""What every reranker promises; a new reranker joins MAKERS."""

import numpy as np
import pytest
from making_index import build_index
from numpy.testing import assert_allclose

from rag.errors import ModelMissing
from rag.query import understand
from rag.rerankers import NONE, RERANKERS, load_reranker
from rag.rerankers.embedded import FEATURES, WEIGHT, features, load_trees
from rag.retrieval import Retriever
from rag.settings import Settings
from rag.types import Candidate, Chunk, Document

QUERY = understand("湖南2025年屋顶光伏覆盖率是多少?")
TEXTS = (
    "到2025年,新建公共机构屋顶光伏覆盖率力争达到50%。",
    "加强组织领导,压实主体责任。",
    "wind and sun",
)
FUSED = (0.9, 0.7, 0.2)


def make_candidates():
    documents = [
        Document(id=f"d{i}", text=text, title="湖南方案", source=f"/{i}", language="zh")
        for i, text in enumerate(TEXTS)
    ]
    return [
        Candidate(Chunk(document, 0, len(document.text)), fused, fused / 2, 0.5, 1.0)
        for document, fused in zip(documents, FUSED, strict=True)
    ]


def rarity(token):
    return 1.0 + len(token)


def make_cross_encoder(folder, labels=1):
    """A BERT of one layer with random weights that reads words it knows and guesses the rest."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "wind", "sun", "湖南方案", "%", "到2025年", "。"]
    tokenizer = Tokenizer(models.WordLevel(dict(zip(words, range(99), strict=False)), "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), words, strict=False))
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        initializer_range=2.0,
        num_labels=labels,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=64, **names
    ).save_pretrained(folder)
    return load_reranker(Settings(reranker=str(folder), device="cpu"))


MAKERS = {
    **{
        name: lambda folder, name=name: load_reranker(Settings(reranker=name))
        for name in RERANKERS
        if name != NONE
    },
    "cross-encoder": pytest.param(make_cross_encoder, marks=pytest.mark.slow),
}


@pytest.fixture(scope="module", params=MAKERS.values(), ids=MAKERS)
def reranker(request, tmp_path_factory):
    return request.param(tmp_path_factory.mktemp("model") / "ranker")


def test_a_finite_score_a_candidate_none_above_the_best_of_the_search(reranker):
    scores = reranker.rescore(QUERY, make_candidates(), rarity)
    assert (scores.dtype, scores.shape) == (np.float32, (3,))
    assert np.isfinite(scores).all()
    assert scores.max() == pytest.approx(max(FUSED), abs=1e-6) or scores.max() < max(FUSED)


def test_a_candidate_scores_the_same_in_any_order(reranker):
    candidates = make_candidates()
    scores = reranker.rescore(QUERY, candidates, rarity)
    turned = reranker.rescore(QUERY, candidates[::-1], rarity)
    assert_allclose(turned[::-1], scores, atol=1e-5)


def test_one_candidate_keeps_its_score(reranker):
    assert reranker.rescore(QUERY, make_candidates()[1:2], rarity) == pytest.approx([0.7], abs=1e-6)


def test_none_leaves_the_order_to_the_search():
    assert load_reranker(Settings(reranker=NONE)) is None


def test_the_embedded_one_adds_its_weighted_log_odds_less_the_best():
    candidates = make_candidates()
    odds = load_trees().log_odds(features(QUERY, candidates, rarity))
    expected = np.array(FUSED) + WEIGHT * (odds - odds.max())
    scores = load_reranker(Settings()).rescore(QUERY, candidates, rarity)
    assert_allclose(scores, expected, atol=1e-6)
    assert scores[0] == scores.max()


def test_the_embedded_one_leaves_a_question_in_another_language_alone():
    asked = understand("What share of rooftops does Hunan plan to cover by 2025?")
    scores = load_reranker(Settings()).rescore(asked, make_candidates(), rarity)
    assert scores.tolist() == pytest.approx(FUSED)


def test_the_features_are_what_their_names_say():
    rows = features(QUERY, make_candidates(), rarity)
    seen = dict(zip(FEATURES, rows[0].tolist(), strict=True))
    other = dict(zip(FEATURES, rows[1].tolist(), strict=True))
    assert seen["fused"] == pytest.approx(0.9)
    assert other["fused_share"] == pytest.approx(0.7 / 0.9)
    assert (seen["year"], other["year"]) == (1, -1)
    assert (seen["figure"], other["figure"], seen["wants_figure"]) == (1, 0, 1)
    assert seen["in_clause"] > 0.5 > other["in_clause"]
    assert seen["length"] == pytest.approx(len(TEXTS[0]) / 1000)


@pytest.mark.slow
def test_a_cross_encoder_puts_the_hits_of_a_search_in_its_own_order(tmp_path):
    from sentence_transformers import CrossEncoder

    crossing = make_cross_encoder(tmp_path / "ranker")
    assert crossing.name == "ranker"
    documents = [candidate.chunk.document for candidate in make_candidates()]
    index = build_index(documents, Settings())
    plain = Retriever(index).search(QUERY, top_k=3)
    hits = Retriever(index, crossing).search(QUERY, top_k=3)
    model = CrossEncoder(str(tmp_path / "ranker"), device="cpu", local_files_only=True)
    relevance = {
        hit.chunk.document.id: model.predict([(QUERY.question, f"湖南方案\n\n{hit.chunk.text}")])[0]
        for hit in plain
    }
    assert len(set(relevance.values())) == 3
    order = [hit.chunk.document.id for hit in hits]
    assert order == sorted(relevance, key=lambda name: -relevance[name])
    assert [hit.score for hit in hits] == pytest.approx([hit.score for hit in plain])


@pytest.mark.slow
def test_a_model_that_tells_classes_apart_is_no_reranker(tmp_path):
    with pytest.raises(ModelMissing, match=r"gives 3 scores.*--reranker embedded"):
        make_cross_encoder(tmp_path / "classes", labels=3)


@pytest.mark.slow
def test_a_reranker_that_is_not_here_is_named_with_the_remedy(tmp_path):
    with pytest.raises(ModelMissing, match=r"hf download .*nowhere.*--reranker embedded"):
        load_reranker(Settings(reranker=str(tmp_path / "nowhere")))
