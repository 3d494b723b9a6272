import pytest

from rag.errors import BadRequest
from rag.generators.prompted import Asked, PromptedGenerator
from rag.types import Answer

from .making import ask, make_document, make_hit

QUESTION = ask("江苏2030年非化石能源消费比重?")


class Echo:
    """Says what it was told to; a token is a character."""

    name = "echo"

    def __init__(self, *replies, budget=100_000, cut=False):
        self.replies, self.budget, self.cut = list(replies), budget, cut
        self.asked, self.closed = [], 0

    def count_tokens(self, messages):
        return sum(len(message["content"]) for message in messages)

    def stream(self, messages):
        self.asked.append(messages)
        try:
            yield from self.replies.pop(0)
        finally:
            self.closed += 1
        return self.cut

    def reply_all(self, conversations):
        self.asked += conversations
        for _ in conversations:
            yield self.replies.pop(0), self.cut


def hits(*texts):
    return [make_hit(make_document(text)) for text in texts]


def test_the_claims_come_as_they_are_written_and_closing_stops_the_model():
    chat = Echo("甲[1]。乙[2]。丙[1]。")
    claims = PromptedGenerator(chat).claim(QUESTION, hits("甲", "乙"))
    assert next(claims).text == "甲。"
    assert chat.closed == 0
    claims.close()
    assert chat.closed == 1


def test_without_hits_the_model_is_not_asked():
    chat = Echo("甲[1]。")
    assert list(PromptedGenerator(chat).claim(QUESTION, [])) == []
    assert chat.asked == []


def test_many_questions_are_answered_in_order_those_without_hits_with_nothing():
    chat = Echo("甲[1]。", "乙[1]。")
    asked = [Asked(QUESTION, hits("甲")), Asked(QUESTION, []), Asked(QUESTION, hits("乙"))]
    found = list(PromptedGenerator(chat).claim_all(asked))
    assert [[claim.text for claim in claims] for claims in found] == [["甲。"], [], ["乙。"]]


def test_the_passages_that_the_window_holds_are_shown_best_first():
    long = ["甲" * 400, "乙" * 400, "丙" * 400]
    whole = Echo("x")
    list(PromptedGenerator(whole).claim(QUESTION, hits(*long)))
    budget = whole.count_tokens(whole.asked[0]) - 1
    chat = Echo("丁[3]。戊[2]。", budget=budget)
    claims = list(PromptedGenerator(chat).claim(QUESTION, hits(*long)))
    assert chat.count_tokens(chat.asked[0]) <= budget
    assert "乙" in chat.asked[0][1]["content"]
    assert "丙丙" not in chat.asked[0][1]["content"]
    assert [claim.parts[0].passages for claim in claims] == [(), (1,)]  # [3] was not shown


def test_a_window_too_small_for_one_passage_holds_its_beginning_or_is_refused():
    bare = Echo("x")
    list(PromptedGenerator(bare).claim(QUESTION, hits("甲")))
    room = bare.count_tokens(bare.asked[0])
    chat = Echo("甲[1]。", budget=room + 300)
    list(PromptedGenerator(chat).claim(QUESTION, hits("甲" * 900)))
    assert 100 <= chat.asked[0][1]["content"].count("甲") <= 300
    with pytest.raises(BadRequest, match="longer context"):
        list(PromptedGenerator(Echo("x", budget=50)).claim(QUESTION, hits("甲" * 900)))


def turn(question="江苏2025年非化石能源消费比重?"):
    return Answer(question, "18%[1]", False, (), "zh", "x")


def test_a_follow_up_is_rewritten_with_its_history():
    chat = Echo("“江苏2030年非化石能源消费比重是多少?”")
    question = PromptedGenerator(chat).rewrite("那2030年呢?", [turn()])
    assert question == "江苏2030年非化石能源消费比重是多少?"
    assert "江苏2025年" in chat.asked[0][1]["content"]


@pytest.mark.parametrize("reply", ["", "NO_ANSWER", "长" * 301, "\n\n"])
def test_a_reply_that_is_no_question_leaves_the_follow_up_as_it_is(reply):
    assert PromptedGenerator(Echo(reply)).rewrite("那2030年呢?", [turn()]) == "那2030年呢?"


def test_a_first_question_is_not_rewritten():
    chat = Echo()
    assert PromptedGenerator(chat).rewrite("江苏?", []) == "江苏?"
    assert chat.asked == []
