import json
import re

import pytest

from rag.errors import IndexDamaged, IndexMissing
from rag.manifest import FORMAT_VERSION, NAME, Manifest

PLAIN = Manifest("static:words:1", "embedded", dim=4, chunk_chars=400, documents=2, chunks=7)


@pytest.fixture
def folder(tmp_path):
    """Two files of which one lies deeper, and the manifest that seals them."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.npy").write_bytes(b"rows")
    (tmp_path / "deep" / "b.json").write_bytes(b"words")
    PLAIN.sealed(tmp_path).save(tmp_path)
    return tmp_path


def edit(folder, **fields):
    path = folder / NAME
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | fields))


def assert_damaged(folder, found):
    """Loading and checking says what was found and which command mends it."""
    remedy = re.escape(f"`rag index corpus/ --index {folder}`")
    with pytest.raises(IndexDamaged, match=rf"{found}.*{remedy}"):
        Manifest.load(folder).check_files(folder)


def test_what_is_saved_is_loaded(folder):
    sealed = PLAIN.sealed(folder)
    sealed.save(folder)
    loaded = Manifest.load(folder)
    assert loaded == sealed
    assert loaded.format_version == FORMAT_VERSION


def test_sealing_names_every_file_by_its_sha256_and_the_time_in_utc(folder):
    sealed = PLAIN.sealed(folder)
    assert sealed.files == {  # sha256sum a.npy deep/b.json
        "a.npy": "bc51e9e65d79e1c90ba544ab2eae1044ccdf8c1af7a559ba375cba4276f7d99e",
        "deep/b.json": "dba36bffa5cab0f922d087a3aeb179f9d4e745df40b323e1b1471402848c8a3e",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", sealed.created)


def test_whole_files_pass_the_check_and_strangers_are_no_matter(folder):
    (folder / "notes.txt").write_text("mine")
    Manifest.load(folder).check_files(folder)


@pytest.mark.parametrize("name", ["a.npy", "deep/b.json"])
def test_an_altered_file_is_named(folder, name):
    (folder / name).write_bytes(b"other")
    assert_damaged(folder, f"{name} is altered")


@pytest.mark.parametrize("name", ["a.npy", "deep/b.json"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    assert_damaged(folder, f"{name} is missing")


def test_a_file_that_cannot_be_read_is_named(folder):
    (folder / "a.npy").unlink()
    (folder / "a.npy").mkdir()
    assert_damaged(folder, r"a\.npy can't be read \(Is a directory\)")


def test_no_folder_and_no_manifest_are_a_missing_index(tmp_path):
    (tmp_path / "file").write_text("")
    for place in (tmp_path, tmp_path / "nowhere", tmp_path / "file"):
        build = re.escape(f"there is no index at {place}; build one: `rag index corpus/ --index")
        with pytest.raises(IndexMissing, match=build):
            Manifest.load(place)


@pytest.mark.parametrize("version", [0, FORMAT_VERSION + 1, "1"])
def test_another_format_is_named_with_the_one_needed(folder, version):
    edit(folder, format_version=version)
    assert_damaged(folder, f"has index format {version}, this program reads {FORMAT_VERSION}")


def test_a_format_without_a_checksum_of_its_own_is_named_as_another_format(folder):
    (folder / NAME).write_text('{"format_version": 0, "embedder": "old"}')
    assert_damaged(folder, "has index format 0")


@pytest.mark.parametrize("field", ["chunks", "embedder_name", "created", "files", "checksum"])
def test_an_edited_field_is_noticed(folder, field):
    edit(folder, **{field: None})
    assert_damaged(folder, f"{NAME} is altered")


def test_order_and_spacing_of_the_fields_are_no_matter(folder):
    before = Manifest.load(folder)
    row = json.loads((folder / NAME).read_text(encoding="utf-8"))
    (folder / NAME).write_text(json.dumps(dict(reversed(row.items()))))
    assert Manifest.load(folder) == before


@pytest.mark.parametrize("text", ["", "{", "null", "[]", "7", '"x"', "{}", "\ud800"])
def test_what_is_no_manifest_cannot_be_read(folder, text):
    (folder / NAME).write_bytes(text.encode("utf-8", "surrogatepass"))
    assert_damaged(folder, f"{NAME} can't be read")


def test_a_truncated_manifest_cannot_be_read(folder):
    whole = (folder / NAME).read_bytes()
    for length in (1, len(whole) // 2, len(whole) - 2):
        (folder / NAME).write_bytes(whole[:length])
        assert_damaged(folder, f"{NAME} can't be read")
