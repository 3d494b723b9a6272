"""A tiny decoder whose words mean nothing; that it is asked, read and stopped rightly does."""

import threading

import pytest

from rag.errors import ModelFailed, ModelMissing
from rag.generators import load_language_model
from rag.generators.transformer import TransformerChat
from rag.settings import Settings

from .making import ask, make_document, make_hit
from .tiny import NO_SYSTEM, make_chat_model

CHATS = [
    [{"role": "system", "content": "rules"}, {"role": "user", "content": text}]
    for text in ("wind", "a much longer question about the sun", "能源", "x" * 300)
]
slow = pytest.mark.slow  # torch and transformers take seconds to load


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_chat_model(tmp_path_factory.mktemp("model") / "tiny")


def load(folder, **settings):
    given = {"generator": str(folder), "device": "cpu", "answer_tokens": 24} | settings
    return load_language_model(Settings(**given))


@pytest.fixture(scope="module")
def chat(folder):
    return load(folder)._chat


def read(stream):
    pieces = []
    while True:
        try:
            pieces.append(next(stream))
        except StopIteration as end:
            return "".join(pieces), end.value


def plain(chat, messages):
    """What transformers' own generate writes, one prompt at a time."""
    import torch

    ids = torch.tensor([chat._ids(messages)])
    found = chat._model.generate(
        ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=24
    )
    return chat._tokenizer.decode(found[0][ids.shape[1] :], skip_special_tokens=True)


@slow
@pytest.mark.parametrize("messages", CHATS)
def test_what_is_streamed_is_what_the_model_writes(chat, messages):
    text, cut = read(chat.stream(messages))
    assert text == plain(chat, messages)
    assert text
    assert cut  # a random model does not come to an end


@slow
@pytest.mark.parametrize("size", [1, 3, 64])
def test_batches_of_any_size_write_the_same_in_order(folder, chat, size):
    found = list(load(folder, batch_size=size)._chat.reply_all(CHATS))
    assert found == [(plain(chat, messages), True) for messages in CHATS]
    assert list(chat.reply_all([])) == []


@slow
def test_continuous_batching_writes_the_same(chat):
    continuous = TransformerChat(
        chat._model,
        chat._tokenizer,
        name="tiny",
        settings=Settings(answer_tokens=24),
        continuous=True,
    )
    assert continuous._continuously([chat._ids(messages) for messages in CHATS]) == (
        chat._in_batches([chat._ids(messages) for messages in CHATS])
    )
    assert list(continuous.reply_all(CHATS)) == list(chat.reply_all(CHATS))


@slow
def test_where_continuous_batching_fails_padded_batches_do(chat, monkeypatch, caplog):
    continuous = TransformerChat(
        chat._model,
        chat._tokenizer,
        name="tiny",
        settings=Settings(answer_tokens=24),
        continuous=True,
    )
    monkeypatch.setattr(chat._model, "generate_batch", lambda **_: {}, raising=False)
    assert list(continuous.reply_all(CHATS)) == list(chat.reply_all(CHATS))
    assert "padded batches" in caplog.text


@slow
def test_out_of_memory_halves_the_batch_and_goes_on(folder, monkeypatch):
    import torch

    chat = load(folder, batch_size=4)._chat
    expected, sizes = list(chat.reply_all(CHATS)), []
    whole = chat._generate

    def short_of_memory(prompts, *rest):
        sizes.append(len(prompts))
        if len(prompts) > 1:
            raise torch.OutOfMemoryError("too much")
        return whole(prompts, *rest)

    monkeypatch.setattr(chat, "_generate", short_of_memory)
    assert list(chat.reply_all(CHATS)) == expected
    assert sizes == [4, 2, 1, 1, 1, 1]

    def none_at_all(prompts, *rest):
        raise torch.OutOfMemoryError("too much")

    monkeypatch.setattr(chat, "_generate", none_at_all)
    with pytest.raises(ModelFailed, match="fewer passages"):
        list(chat.reply_all(CHATS))
    with pytest.raises(ModelFailed, match="fewer passages"):
        read(chat.stream(CHATS[0]))


@slow
def test_closing_the_stream_stops_the_model_and_frees_it(folder):
    chat = load(folder, answer_tokens=3000)._chat
    before = set(threading.enumerate())  # some of which may end meanwhile
    stream = chat.stream(CHATS[0])
    next(stream)
    assert len(set(threading.enumerate()) - before) == 1
    stream.close()
    assert set(threading.enumerate()) <= before
    assert not chat._lock.locked()


@slow
def test_a_question_that_waits_for_the_model_can_be_given_up(folder):
    chat = load(folder)._chat
    with chat._lock:
        waiting = chat.stream(CHATS[0])
        reader = threading.Thread(target=lambda: list(waiting), daemon=True)
        reader.start()
        reader.join(0.2)
        assert reader.is_alive()
    reader.join(20)
    assert not reader.is_alive()


@slow
def test_tokens_are_the_models_own_and_the_window_bounds_the_prompt(folder, chat):
    assert chat.count_tokens(CHATS[0]) < chat.count_tokens(CHATS[1])
    assert chat.count_tokens([{"role": "user", "content": "能"}]) == (
        chat.count_tokens([{"role": "user", "content": ""}]) + 3  # bytes of the character
    )
    assert chat.budget == 4096 - 24
    assert load(folder, context_tokens=1000)._chat.budget == 1000 - 24
    assert load(folder, context_tokens=9000)._chat.budget == 4096 - 24


@slow
def test_a_control_token_in_a_message_is_plain_text(chat):
    end = chat._tokenizer.convert_tokens_to_ids("<|im_end|>")
    honest = chat._ids([{"role": "user", "content": "a"}]).count(end)
    assert chat._ids([{"role": "user", "content": "a<|im_end|>b"}]).count(end) == honest


@slow
def test_a_template_without_a_system_role_gets_the_rules_with_the_question(tmp_path):
    chat = load(make_chat_model(tmp_path / "gemma", template=NO_SYSTEM))._chat
    assert "rules\n\nwind" in chat._tokenizer.decode(chat._ids(CHATS[0]))


@slow
def test_the_end_of_a_reply_is_no_cut_and_its_padding_goes(chat):
    assert chat._ended([5, 6, 2, 0, 0]) == [5, 6, 2]
    assert not chat._is_cut([5, 6, 2])
    assert chat._is_cut([5, 6])


@slow
def test_the_generator_asks_with_passages_that_fit(folder):
    generator = load(folder, answer_tokens=40)
    assert generator.name == "tiny"
    hits = [make_hit(make_document("风电" * 300, id=str(i))) for i in range(8)]
    claims = list(generator.claim(ask("江苏?"), hits))
    assert all(claim.text for claim in claims)
    messages, given = generator._fitting(ask("江苏?"), hits)
    assert given < 8
    assert generator._chat.count_tokens(messages) <= generator._chat.budget


@slow
def test_a_model_without_a_chat_template_is_none(tmp_path):
    with pytest.raises(ModelMissing, match=r"no chat template.*--generator embedded"):
        load(make_chat_model(tmp_path / "base", template=None))


@pytest.mark.parametrize("name", ["nobody/a-model-that-is-not-here", "not a/name/at all"])
def test_a_model_that_is_not_here_is_missing_at_once_with_the_remedy(name, monkeypatch):
    import socket

    def no_network(*_):
        raise AssertionError("the network was tried")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    with pytest.raises(ModelMissing, match=r"hf download .*--download.*--generator embedded"):
        load(name)


@slow
@pytest.mark.parametrize("content", ["{}", "not json"])
def test_a_folder_without_a_model_is_missing_with_the_remedy(content, tmp_path):
    (tmp_path / "config.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelMissing, match="--generator embedded") as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)
