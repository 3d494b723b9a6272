"""The open corpus is honest: every bullet has its page, every row its columns, and they agree."""

import csv
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from rag.places import find_places, load_places
from rag.readers import read_file
from rag.types import Document

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "corpus"
BOOK = ROOT.parent / "shared" / "corpus" / "000_a895838ed2e4cd84.txt"
CHINESE = sorted((CORPUS / "briefs").glob("*.zh.md"))
REFERENCE = {"zh": r"[((]第[^))]*页[))]", "en": r"\(pp?\.[^)]*\)"}
QUALIFIERS = {"", "左右", "以上", "以下", "力争", "达到", "降至"}
KEYS = {"id", "title", "title_en", "region", "region_en", "level", "status", "pages", "aliases"}
NUMERAL = re.compile(r"\d+(?:\.\d+)?")
COPIED_CHARS = 30  # a run this long that stands in the plan too was copied, not written

briefs = pytest.mark.parametrize("path", CHINESE, ids=lambda path: path.name[:3])


def english_of(path: Path) -> Path:
    return path.with_name(path.name.replace(".zh.md", ".en.md"))


def front_matter(path: Path) -> dict[str, object]:
    return yaml.safe_load(path.read_text(encoding="utf-8").split("---\n")[1])


def bullets(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.lstrip().startswith("- ")]


def rows(name: str, delimiter: str) -> list[dict[str, str]]:
    with (CORPUS / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter=delimiter))


def norm(text: str) -> str:
    return re.sub(r"[\s,]", "", unicodedata.normalize("NFKC", text))


def bare(text: str) -> str:
    return re.sub(r"[\W_]", "", text)


@pytest.fixture(scope="module")
def targets() -> list[dict[str, str]]:
    return rows("targets.csv", ",")


@pytest.fixture(scope="module")
def plans() -> dict[str, Document]:
    """The plans of the compilation by id; the tests that need it are skipped without it."""
    if not BOOK.exists():
        pytest.skip("the compilation is not at hand")
    return {document.id: document for document in read_file(BOOK)}


def printed(plan: Document, pages: set[int]) -> str:
    """What stands on the pages of a plan, normalised."""
    spans = (s for s in plan.page_spans if s.page in pages)
    return norm(plan.title) + "".join(norm(plan.text[s.start : s.end]) for s in spans)


def test_there_are_114_plans_each_in_both_languages():
    assert len(CHINESE) == 114
    assert [path.name[:3] for path in CHINESE] == [f"{n:03d}" for n in range(1, 115)]
    assert all(english_of(path).exists() for path in CHINESE)


@briefs
def test_front_matter_is_whole_and_the_same_plan_in_both_languages(path):
    chinese, english = front_matter(path), front_matter(english_of(path))
    assert chinese.keys() >= KEYS
    assert chinese["id"] == english["id"] == f"p{path.name[:3]}"
    assert english["lang"] == "en"
    assert chinese["status"] in ("final", "draft")
    first, last = chinese["pages"]
    assert 1 <= first <= last <= 1290


@briefs
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_bullet_has_pages_within_its_plan(path, language):
    first, last = front_matter(path)["pages"]
    file = path if language == "zh" else english_of(path)
    (document,) = read_file(file)
    assert bullets(file)
    for bullet in bullets(file):
        at = document.text.index(bullet)
        pages = document.pages_of(at, at + len(bullet))
        assert pages, f"{file.name}: no page: {bullet}"
        assert first <= pages[0] <= pages[-1] <= last, f"{file.name}: {pages}: {bullet}"


def test_target_rows_are_well_formed(targets):
    pages = {f"p{path.name[:3]}": front_matter(path)["pages"] for path in CHINESE}
    assert len(targets) == 1789
    for row in targets:
        assert None not in row, row
        assert None not in row.values(), row
        first, last = pages[row["plan_id"]]
        assert first <= int(row["page"]) <= last, row
        assert re.fullmatch(r"(\d{4}(-\d{4})?)?", row["year"]), row
        assert row["qualifier"] in QUALIFIERS, row
        assert row["indicator"], row
        assert row["value"] or row["note"], row


def test_glossary_rows_have_ten_languages_and_no_term_twice_in_a_cell():
    table = rows("glossary.tsv", "\t")
    assert len(table) == 1277
    assert list(table[0]) == ["zh", "en", "ja", "ko", "fr", "de", "es", "ru", "ar", "pt"]
    for row in table:
        assert row["zh"], row
        assert row["en"], row
        assert None not in row.values(), row


def test_places_name_their_level_and_the_place_around():
    places = load_places()
    names = {place.name for place in places}
    assert len(names) == len(places)
    assert sum(place.level == "province" for place in places) == 34
    assert all(place.within in names for place in places if place.level != "national")


@briefs
def test_the_region_of_a_plan_is_a_place_of_the_table(path):
    region = front_matter(path)["region"]
    assert find_places(region), region


@briefs
def test_every_figure_of_a_chinese_bullet_stands_on_the_page_cited(path, plans):
    plan = plans[f"p{path.name[:3]}"]
    (document,) = read_file(path)
    for bullet in bullets(path):
        at = document.text.index(bullet)
        text = printed(plan, set(document.pages_of(at, at + len(bullet))))
        claims = norm(re.sub(REFERENCE["zh"], "", bullet))
        missing = [numeral for numeral in NUMERAL.findall(claims) if numeral not in text]
        assert not missing, f"{path.name}: {missing} not on the page: {bullet}"


@briefs
def test_no_run_of_the_plan_is_copied(path, plans):
    plan = plans[f"p{path.name[:3]}"]
    own = bare(path.read_text(encoding="utf-8").split("---\n", 2)[2])
    source = bare(plan.text)
    known = bare(str(front_matter(path)))
    assert not [run for run in _runs(own) if run in source and run not in known]


def _runs(text: str) -> Iterator[str]:
    return (text[i : i + COPIED_CHARS] for i in range(len(text) - COPIED_CHARS + 1))


def test_every_target_value_stands_on_its_page(targets, plans):
    for row in targets:
        plan, page = plans[row["plan_id"]], int(row["page"])
        text = printed(plan, {page - 1, page, page + 1})
        missing = [v for v in NUMERAL.findall(row["value"]) if v not in text]
        assert not missing, row
