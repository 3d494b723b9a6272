import pytest

from rag import cli
from rag.cli.parser import COMMANDS

from .running import assert_fails


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_shows_examples(capsys, command):
    with pytest.raises(SystemExit, match=r"^0$"):
        cli.main([command, "--help"])
    shown = capsys.readouterr().out
    assert f"examples:\n  rag {command}" in shown


@pytest.mark.parametrize(
    ("option", "without"),
    [
        ("--index", {"compare"}),
        ("--json", {"chat"}),
        ("--device", {"compare", "targets", "info", "verify", "rollback"}),
        ("--backend", {"compare", "targets", "info", "verify", "rollback"}),
    ],
)
def test_a_shared_option_is_taken_where_it_means_something(option, without, capsys):
    for command in COMMANDS:
        with pytest.raises(SystemExit, match=r"^0$"):
            cli.main([command, "--help"])
        assert (f" {option} " in capsys.readouterr().out) == (command not in without), command


def test_the_help_lists_every_command(capsys):
    with pytest.raises(SystemExit, match=r"^0$"):
        cli.main(["--help"])
    shown = capsys.readouterr().out
    assert all(f"    {command} " in shown for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], ["COMMAND", "`rag --help`"]),
        (["nosuch"], ["invalid choice: 'nosuch'", "`rag --help`"]),
        (["search"], ["query", "`rag search --help`"]),
        (["ask", "?", "--nosuch"], ["--nosuch", "`rag --help`"]),
        (["index"], ["PATH", "`rag index --help`"]),
        (["search", "风电", "--level", "county"], ["'county'", "province"]),
        (["ask", "风电", "--status", "old"], ["'old'", "draft"]),
    ],
)
def test_a_command_typed_wrong_fails_in_one_line(rag, arguments, told):
    assert_fails(rag(*arguments), *told)
