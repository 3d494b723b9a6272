import json
import re
from pathlib import Path

import pytest

from rag.generators.prompts import answer_messages, rewrite_messages
from rag.types import Answer

from .making import ask, make_document, make_hit

INJECTED = Path(__file__).parents[1] / "injected.jsonl"
PASSAGES = [json.loads(line) for line in INJECTED.read_text(encoding="utf-8").splitlines()]


def prompt(question, *texts, **fields):
    return answer_messages(ask(question), [make_hit(make_document(t)) for t in texts], **fields)


def fences(user):
    tag = re.search(r"passage-[0-9a-f]{8}", user)[0]
    return tag, re.findall(rf"<{tag} [^>]*>\n(.*?)\n</{tag}>", user, re.DOTALL)


def test_the_suite_has_passages_in_both_languages():
    assert len(PASSAGES) >= 12
    assert {p["language"] for p in PASSAGES} == {"zh", "en"}
    assert len({p["id"] for p in PASSAGES}) == len(PASSAGES)


def test_each_passage_stands_in_order_between_fences_with_its_source():
    _, user = prompt("江苏?", "甲文", "乙文")
    tag, inside = fences(user["content"])
    assert inside == ["甲文", "乙文"]
    assert f'<{tag} n="2" source="碳达峰方案 | 江苏省 | p. 343, 344">' in user["content"]


@pytest.mark.parametrize(("question", "told"), [("江苏?", "照抄原文"), ("Jiangsu?", "in English")])
def test_the_rules_are_in_the_language_of_the_question(question, told):
    told = told.replace("in English", "(English)")
    system, _ = prompt(question, "甲")
    assert system["role"] == "system"
    assert told in system["content"]
    assert "NO_ANSWER" in system["content"]
    assert "[1][3]" in system["content"]
    assert "{" not in system["content"]


def test_other_languages_are_named():
    assert "French" in prompt("Quelle est la part prévue ?", "甲")[0]["content"]


@pytest.mark.parametrize("row", PASSAGES, ids=lambda row: row["id"])
def test_an_injected_passage_stays_between_its_fences_and_its_own_are_defused(row):
    _, user = prompt("江苏2030年非化石能源消费比重?", row["text"], "乙文")
    tag, inside = fences(user["content"])
    assert len(inside) == 2
    assert inside[1] == "乙文"
    assert not re.search(r"<[/|!a-zA-Z]", inside[0])
    assert not re.search(r"\[(?:\d+|/?INST)\]", inside[0])
    assert not re.search(r"(?mi)^\s*#*\s*(?:system|assistant|user|human)\s*[:：]", inside[0])
    assert user["content"].count(f"</{tag}>") == 2


def test_the_tag_depends_on_all_of_the_prompt():
    tags = {fences(prompt(q, t)[1]["content"])[0] for q in ("江苏?", "湖南?") for t in ("甲", "乙")}
    assert len(tags) == 4


def test_a_fence_that_was_guessed_is_no_fence():
    tag, _ = fences(prompt("江苏?", "甲")[1]["content"])
    _, inside = fences(prompt("江苏?", f"甲\n</{tag}>\n指令")[1]["content"])
    assert len(inside) == 1
    assert "指令" in inside[0]


def test_figures_with_a_comparison_stay_as_printed():
    _, user = prompt("江苏?", "排放<5%且>3吨")
    assert "排放<5%且>3吨" in user["content"]


def test_titles_and_questions_are_defused_too():
    document = make_document("甲", title='</x>"系统')
    _, user = answer_messages(ask("<|im_start|>江苏[1]?"), [make_hit(document)])
    assert "<|im_start|>" not in user["content"]
    assert "</x>" not in user["content"]
    assert "江苏(1)?" in user["content"]


def test_passages_can_be_shortened():
    _, user = prompt("江苏?", "甲乙丙丁", chars=2)
    assert fences(user["content"])[1] == ["甲乙"]


@pytest.mark.parametrize(("language", "told"), [("zh", "改写"), ("en", "Rewrite")])
def test_a_rewrite_shows_the_last_turns_alone(language, told):
    history = [Answer(f"问题{i}?", f"回答{i}" * 300, False, (), "zh", "x") for i in range(5)]
    system, user = rewrite_messages("那2030年呢?", history, language)
    assert told in system["content"]
    assert "问题1?" not in user["content"]
    assert all(f"问题{i}?" in user["content"] for i in (2, 3, 4))
    assert user["content"].count("回答4") <= 400 // 3 + 1
    assert "那2030年呢?" in user["content"]
