import json

import pytest

from rag.errors import BadRequest, WriteError
from rag.evaluation.folders import Run, load_run, open_run
from rag.evaluation.questions import Question

from .fakes import make_row, make_setup

QUESTIONS = [Question(name, "fact", "zh", f"{name}?") for name in "ab"]
FIRST, SECOND = make_row("a"), make_row("b")


def write(folder, *rows, setup=None):
    with open_run(folder, setup or make_setup()) as run:
        for row in rows:
            run.add(row)


def finish(folder, *rows, setup=None):
    with open_run(folder, setup or make_setup()) as run:
        return run.sort(QUESTIONS, rows)


def test_a_finished_run_comes_back_in_the_order_of_the_questions(tmp_path):
    assert finish(tmp_path / "r", SECOND, FIRST) == (FIRST, SECOND)
    assert load_run(tmp_path / "r") == Run(make_setup(), (FIRST, SECOND))
    assert sorted(path.name for path in (tmp_path / "r").iterdir()) == ["rows.jsonl", "run.json"]


def test_rows_are_in_the_file_as_soon_as_they_are_known(tmp_path):
    with open_run(tmp_path, make_setup()) as run:
        run.add(SECOND)
        (line,) = (tmp_path / "rows.jsonl").read_text("utf-8").splitlines()
        assert json.loads(line)["id"] == "b"


def test_a_run_that_broke_off_keeps_its_rows_and_asks_none_twice(tmp_path):
    write(tmp_path, SECOND)
    with open_run(tmp_path, make_setup(started="later", workers=2)) as run:
        assert run.kept == {"b": SECOND}
        assert run.sort(QUESTIONS, [FIRST]) == (FIRST, SECOND)
    assert load_run(tmp_path).rows == (FIRST, SECOND)


@pytest.mark.parametrize("torn", [b'{"id": "a", "ty', b"\xe6\xb1", b"\n\n", b"{}\n"])
def test_a_line_torn_by_a_kill_is_left_out(tmp_path, torn):
    write(tmp_path, SECOND)
    with (tmp_path / "rows.jsonl").open("ab") as file:
        file.write(torn)
    write(tmp_path, FIRST)
    assert set(open_run(tmp_path, make_setup()).kept) == {"a", "b"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"index_checksum": "i2"}, "another index;"),
        ({"questions_checksum": "q2"}, "another question set;"),
        ({"settings": {"generator": "other"}}, "another settings;"),
        ({"program_checksum": "p2", "index_checksum": "i2"}, "another index and another program;"),
    ],
)
def test_a_changed_run_is_not_gone_on_with(tmp_path, change, told):
    write(tmp_path, FIRST)
    before = (tmp_path / "rows.jsonl").read_bytes()
    with pytest.raises(BadRequest, match=f"{told} name another folder, or add --fresh"):
        open_run(tmp_path, make_setup(**change))
    assert (tmp_path / "rows.jsonl").read_bytes() == before
    assert open_run(tmp_path, make_setup(**change), fresh=True).kept == {}


def test_an_unfinished_run_is_told_with_the_command_that_ends_it(tmp_path):
    write(tmp_path, FIRST)
    with pytest.raises(BadRequest, match=r"holds 1 of 2 rows; .*rag eval set.jsonl --index"):
        load_run(tmp_path)


def test_a_folder_without_a_run_is_told(tmp_path):
    with pytest.raises(BadRequest, match="there is no run at"):
        load_run(tmp_path / "none")


@pytest.mark.parametrize("record", ["{", "[]", '{"index": 1}'])
def test_a_damaged_record_is_told_and_may_be_replaced(tmp_path, record):
    (tmp_path / "run.json").write_text(record)
    with pytest.raises(BadRequest, match=r"run\.json is not the record of a run"):
        open_run(tmp_path, make_setup())
    assert open_run(tmp_path, make_setup(), fresh=True).kept == {}


def test_a_file_in_the_way_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(WriteError, match="can't be made a folder"):
        open_run(tmp_path / "file", make_setup())
