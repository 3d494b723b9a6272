import numpy as np

from rag.assistant import Assistant
from rag.embedders import load_embedder
from rag.embedders.ahead import AheadEmbedder
from rag.settings import Settings

QUESTIONS = ["江苏2025年风电装机目标?", "how many beehives?", "湖南的公交车"]


class Counting:
    """The embedded model, and how many queries each call brought."""

    def __init__(self):
        self._own = load_embedder(Settings())
        self.identity, self.dim = self._own.identity, self._own.dim
        self.embed_passages = self._own.embed_passages
        self.calls = []

    def embed_queries(self, texts):
        self.calls.append(len(texts))
        return self._own.embed_queries(texts)


def test_what_is_known_is_embedded_once_and_all_together():
    counting = Counting()
    ahead = AheadEmbedder(counting, QUESTIONS)
    for texts in ([QUESTIONS[1]], [QUESTIONS[2], QUESTIONS[0]]):
        expected = load_embedder(Settings()).embed_queries(texts)
        np.testing.assert_array_equal(ahead.embed_queries(texts), expected)
    assert counting.calls == [3]


def test_others_are_embedded_as_they_come():
    counting = Counting()
    ahead = AheadEmbedder(counting, QUESTIONS)
    assert ahead.embed_queries([QUESTIONS[0], "roofs"]).shape == (2, ahead.dim)
    assert ahead.embed_queries([]).shape == (0, ahead.dim)
    assert counting.calls == [3, 2, 0]


def test_an_assistant_answers_the_same_and_embeds_nothing_more(built):
    plain, assistant = Assistant.load(built), Assistant.load(built)
    assistant.embed_ahead([f" {question}" for question in QUESTIONS])
    embedder = assistant.index.embedder
    embedder._embedder = None  # whoever asked it would fail
    for question in QUESTIONS:
        assert assistant.search(question) == plain.search(question)
