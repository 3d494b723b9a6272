import json

import numpy as np
import pytest

from rag.embedders import load_embedder
from rag.errors import ModelMissing
from rag.judging import LEXICAL, LexicalJudge, NliJudge, load_judge
from rag.settings import Settings

PASSAGE = "到2025年,江苏省非化石能源消费比重达到18%左右,风电装机达到2800万千瓦以上。"


@pytest.fixture(scope="module")
def judge():
    embed = load_embedder(Settings()).embed_passages
    return load_judge(Settings(), rarity=lambda word: 1.0, embed=embed)


def test_the_default_goes_by_words(judge):
    assert isinstance(judge, LexicalJudge)
    assert judge.name == LEXICAL


@pytest.mark.parametrize(
    ("statement", "holds"),
    [
        (PASSAGE, True),
        ("江苏2025年风电装机要达到2800万千瓦", True),
        ("本省重视城市公交车辆更新", False),
        ("我是一只快乐的小猫", False),
        ("Jiangsu's wind power capacity reaches 2800万千瓦.", True),
        ("The weather on the moon was pleasant yesterday.", False),
    ],
)
def test_a_statement_holds_if_the_passage_says_it(judge, statement, holds):
    assert judge.supports(statement, [PASSAGE]) is holds


def test_nothing_bears_out_nothing(judge):
    assert not judge.supports("江苏", [])
    assert not judge.supports("……", [PASSAGE])


def test_passages_are_read_together(judge):
    halves = ["江苏省风电装机达到2800万千瓦", "单位能耗下降百分之十四,推广屋顶光伏"]
    both = "江苏省风电装机达到2800万千瓦,单位能耗下降百分之十四,推广屋顶光伏"
    assert judge.score(both, halves) == 1.0
    assert judge.score(both, halves[:1]) < 0.7


def test_the_share_is_weighed_by_rarity():
    common = LexicalJudge(lambda word: 0.1 if word == "of" else 1.0, lambda texts: np.eye(2))
    assert common.score("plan of wind", ["the plan of"]) == pytest.approx(1.1 / 2.1)


def make_nli(folder, labels):
    """A cross-encoder of one layer whose weights are random."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    vocabulary = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "wind": 4, "sun": 5}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    config = BertConfig(
        vocab_size=6,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={label: i for i, label in enumerate(labels)},
    )
    model = BertForSequenceClassification(config)
    model.classifier.weight.data.zero_()
    model.classifier.bias.data = model.classifier.bias.data.new_tensor(
        [5.0 if label == "entailment" else -5.0 for label in labels]
    )
    model.save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=64, **names
    ).save_pretrained(folder)
    return folder


def load(judge):
    return load_judge(Settings(judge=str(judge), device="cpu"), rarity=len, embed=np.array)


@pytest.mark.slow
@pytest.mark.parametrize("labels", [("contradiction", "entailment", "neutral")])
def test_a_cross_encoder_judges_by_its_class_of_entailment(tmp_path, labels):
    judge = load(make_nli(tmp_path / "nli", labels))
    assert isinstance(judge, NliJudge)
    assert judge.name == "nli"
    assert judge.supports("wind", ["sun"])  # its bias says entailment of anything
    assert not judge.supports("wind", [])


@pytest.mark.slow
def test_a_cross_encoder_with_one_score_judges_by_it(tmp_path):
    assert load(make_nli(tmp_path / "yes", ("entailment",))).supports("wind", ["sun"])
    assert not load(make_nli(tmp_path / "no", ("LABEL_0",))).supports("wind", ["sun"])


@pytest.mark.slow
def test_a_model_without_entailment_is_no_judge(tmp_path):
    with pytest.raises(ModelMissing, match=r"entailment.*--judge lexical"):
        load(make_nli(tmp_path / "mood", ("good", "bad")))


@pytest.mark.slow
def test_a_judge_that_is_not_here_is_missing_with_the_remedy(tmp_path):
    with pytest.raises(ModelMissing, match=r"hf download .*--judge lexical"):
        load("nobody/nli-of-nowhere")
    (tmp_path / "config.json").write_text(json.dumps({}))
    with pytest.raises(ModelMissing, match="--judge lexical"):
        load(tmp_path)
