from pathlib import Path

import pytest

from rag import Settings
from rag.cli.arguments import settings_of
from rag.cli.parser import build_parser

from .running import assert_fails


def test_what_was_not_asked_for_is_as_the_settings_have_it():
    typed = ["eval", "set.jsonl", "--generator", "http://localhost:8000/v1", "--timeout", "9"]
    chosen = Settings(generator="http://localhost:8000/v1", timeout_s=9)
    assert settings_of(build_parser().parse_args(typed)) == chosen
    assert settings_of(build_parser().parse_args(["index", "corpus"])) == Settings()


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("indexes/mine/", Path("indexes/mine")),
        ("http://milvus:19530", "http://milvus:19530"),
        ("./x.db", "./x.db"),
    ],
)
def test_an_index_is_a_folder_or_an_address_as_typed(typed, place):
    assert build_parser().parse_args(["info", "--index", typed]).index == place


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["search", "风电", "-k", "0"], ["'0' is not a whole number above 0", "search --help`"]),
        (["search", "风电", "-k", "ten"], ["'ten' is not a whole number above 0"]),
        (["search", "风电", "-k", "2.5"], ["'2.5' is not a whole number above 0"]),
        (["index", "x", "--chunk-chars", "-5"], ["--chunk-chars"]),
        (["chat", "--port", "http"], ["'http' is not a whole number above 0"]),
        (["chat", "--port", "65536"], ["65536 is above 65535"]),
        (["chat", "--rate", "few"], ["'few' is not a whole number, 0 or above"]),
    ],
)
def test_a_number_that_is_none_or_does_not_fit_fails_in_one_line(rag, arguments, told):
    assert_fails(rag(*arguments), *told)


@pytest.mark.parametrize("command", ["index corpus", "verify", "rollback"])
def test_what_is_done_to_a_folder_is_not_done_to_the_address_of_a_milvus(rag, command):
    ran = rag(*command.split(), "--index", "http://milvus:19530")
    assert_fails(ran, "http://milvus:19530", f"`rag {command.split()[0]} --index indexes/default`")
