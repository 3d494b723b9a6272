"""What became of a question, in one word or two: right, or why not."""

from collections.abc import Mapping

from rag.evaluation import metrics
from rag.evaluation.questions import Question
from rag.types import Answer

RIGHT, ELSEWHERE, BROKEN = "right", "cited elsewhere", "cited wrongly"
REFUSED, NOT_REFUSED = "refused", "not refused"
RETRIEVAL_MISSED, ANSWER_MISSED, TOO_LONG = "retrieval missed", "answer missed", "too long"
UNJUDGED = "unjudged"
VERDICTS = {
    RIGHT: "every expected fact is stated, or an unanswerable question was refused",
    ELSEWHERE: "every expected fact is stated, but no citation stands on an expected page",
    BROKEN: "a marker, a quote or a page of a citation does not hold",
    ANSWER_MISSED: "an expected page was among the hits, but the answer lacks a fact",
    TOO_LONG: "every expected fact is stated, in an answer too long to count",
    RETRIEVAL_MISSED: "no expected page was among the first ten hits, and the answer lacks a fact",
    REFUSED: "refused, though the documents answer",
    NOT_REFUSED: "answered, though the documents don't",
    UNJUDGED: "the question set doesn't say what a right answer states",
}
PASSED = (RIGHT, ELSEWHERE)  # the page scores are lower bounds: another page may say the same


def find_verdict(
    question: Question, answer: Answer, *, scores: Mapping[str, float], is_broken: bool
) -> str:
    """One of VERDICTS. scores: the question's, by name. is_broken: whether a citation is."""
    if is_broken:
        return BROKEN
    if question.unanswerable:
        return RIGHT if answer.refused else NOT_REFUSED
    if answer.refused:
        return REFUSED if question.answerable else UNJUDGED
    return _of_answer(question, answer, scores)


def _of_answer(question: Question, answer: Answer, scores: Mapping[str, float]) -> str:
    if not question.must:
        return UNJUDGED
    if scores["facts"]:
        return RIGHT if scores.get("cited page", 1.0) else ELSEWHERE
    if not metrics.missing_facts(answer.text, question.must):
        return TOO_LONG
    return ANSWER_MISSED if scores.get("recall@10", 1.0) else RETRIEVAL_MISSED
