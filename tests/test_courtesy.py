import pytest

from rag.courtesy import is_courtesy


@pytest.mark.parametrize(
    "text",
    [
        "你好",
        "您好!",
        "谢谢!再见。",
        "Hello",
        "Hi, who are you?",
        "¡Hola!",
        "Спасибо",
        "你能做什么?",
    ],
)
def test_a_greeting_asks_nothing(text):
    assert is_courtesy(text)


@pytest.mark.parametrize(
    "text", ["你好,江苏2025年风电装机是多少?", "谢谢,那浙江呢?", "help for farmers", "his plan", ""]
)
def test_what_is_said_beside_it_is_a_question(text):
    assert not is_courtesy(text)
