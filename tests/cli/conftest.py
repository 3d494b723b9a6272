import pytest

from rag import cli

from .running import Ran


@pytest.fixture
def rag(capsys, tmp_path, monkeypatch):
    """Runs a command in this process, in an empty working folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        capsys.readouterr()
        code = cli.main([str(argument) for argument in arguments])
        return Ran(code, *capsys.readouterr())

    return run
