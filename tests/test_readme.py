"""What README shows is what the program prints."""

import contextlib
import re
import shlex
from pathlib import Path

import pytest

from rag.cli import main

README = Path(__file__).parents[1] / "README.md"
CORPUS = README.parent / "corpus"
_EXAMPLE = re.compile(r"^```\n\$ rag (?P<command>.+)\n(?P<output>(?:.*\n)*?)```$", re.MULTILINE)
EXAMPLES = [match.groupdict() for match in _EXAMPLE.finditer(README.read_text(encoding="utf-8"))]


@pytest.fixture(scope="module")
def open_index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readme") / "index"
    assert main(["index", str(CORPUS), "--index", str(folder), "--json"]) == 0
    return folder


def printed(command: str, index: Path, capsys: pytest.CaptureFixture[str]) -> str:
    arguments = shlex.split(command)
    if "--help" not in arguments:
        arguments += ["--index", str(index)]
    capsys.readouterr()
    with contextlib.suppress(SystemExit):  # argparse leaves this way after --help
        main(arguments)
    return capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["command"])
def test_every_command_shown_prints_what_is_shown(example, open_index, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    assert printed(example["command"], open_index, capsys).strip() == example["output"].strip()


def test_there_are_examples():
    commands = [example["command"] for example in EXAMPLES]
    assert any(command.startswith("ask") for command in commands)
    assert "--help" in commands


def test_what_the_security_notes_name_is_there():
    named = re.findall(r"`([\w./]+/[\w./]*)`", (README.parent / "SECURITY.md").read_text("utf-8"))
    assert len(named) > 8
    assert all((README.parent / name).exists() for name in named)
