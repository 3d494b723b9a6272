"""What holds across the program: exports, direction of imports, what is loaded, what is not."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import rag

ROOT = Path(__file__).parents[1]
EXPORTS = [
    "Address",
    "Answer",
    "Assistant",
    "Chunk",
    "Citation",
    "Document",
    "Hit",
    "RagError",
    "Settings",
    "serve",
]
# A module or package may import from rows above its own, and within a package from that package.
# Row 0 of the plan is two here: the values, and above them what knows words, places and terms, and
# large files of numbers.
ROWS: tuple[frozenset[str], ...] = tuple(
    frozenset(row.split())
    for row in (
        "types errors settings",
        "places kinds language words wording glossary figures indicators indicator_names checking"
        " judging matrices mentions courtesy",
        "evidence",
        "readers chunking embedders stores lexical query generators citing verifying refusal naming"
        " manifest targets extraction charts records locking rerankers followups logs",
        "generations publishing",
        "building",
        "index spreading",
        "reading previous",
        "comparing",
        "retrieval indexing integrity conversation",
        "answering",
        "assistant",
        "evaluation web rendering cli __init__ __main__",
    )
)
WORDS, OUTERMOST = 1, len(ROWS) - 1  # rows whose modules may import each other
# Beside what `rag` exports: evals/training searches and measures with the parts that it fits.
# The fuzzer drives readers as fast as they go. Benchmarks measure parts that no program needs by
# themselves: the rule that finds targets, the
# table's reading of indicators, the places in a question, models on a GPU, parts of the search.
ALLOWED_OUTSIDE = {
    ".": {"rag.cli"},  # app.py is a command
    "evals/training": {
        "rag.answering",
        "rag.checking",
        "rag.evaluation.metrics",
        "rag.evaluation.questions",
        "rag.evidence.answerable",
        "rag.evidence.features",
        "rag.evidence.logistic",
        "rag.evidence.ranking",
        "rag.evidence.topic",
        "rag.evidence.units",
        "rag.judging",
        "rag.language",
        "rag.places",
        "rag.query",
        "rag.rerankers",
        "rag.rerankers.embedded",
        "rag.retrieval",
        "rag.settings",
        "rag.types",
    },
    "evals/fuzz": {
        "rag.chunking",
        "rag.extraction",
        "rag.readers",
        "rag.readers.apart",
    },
    "evals/benchmarks": {
        "rag.embedders",
        "rag.errors",
        "rag.evaluation.questions",
        "rag.generators.transformer",
        "rag.query",
        "rag.rerankers",
        "rag.retrieval",
        "rag.settings",
        "rag.extraction",
        "rag.figures",
        "rag.lexical",
        "rag.places",
        "rag.readers",
        "rag.stores",
        "rag.targets",
        "rag.types",
        "rag.words",
    },
}
HEAVY = (
    *("torch", "faiss", "transformers", "sentence_transformers", "gradio", "pandas", "scipy"),
    *("bm25s", "sklearn", "ir_measures", "langchain_text_splitters", "pypdfium2"),
    *("httpx", "tenacity"),
)
SOURCES = sorted((ROOT / "rag").rglob("*.py"))
OUTSIDE = [ROOT / "app.py", *sorted((ROOT / "evals").rglob("*.py"))]
TRACKED = (".py", ".toml", ".md", ".yml", ".sh", ".json")


def imported(path: Path) -> Iterator[str]:
    """Modules of `rag` that a file imports anywhere, in full: rag.types, rag.web.page, rag."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.split(".")[0] == "rag")
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports relatively; name the module in full"
            module = node.module or ""
            if module.split(".")[0] == "rag":
                inner = [f"{module}.{name.name}" for name in node.names]
                yield from (n if is_module(n) else module for n in inner)


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").exists()


def part(path: Path) -> str:
    """The module or package right below `rag` that a file belongs to."""
    return path.relative_to(ROOT / "rag").parts[0].removesuffix(".py")


def row(name: str) -> int:
    rows = [number for number, names in enumerate(ROWS) if name in names]
    assert len(rows) == 1, f"rag/{name} has no row of its own; add it to ROWS in {__file__}"
    return rows[0]


def may_import(importer: str, name: str) -> bool:
    if name == importer or row(name) < row(importer):
        return True
    return row(name) == row(importer) and row(importer) in (WORDS, OUTERMOST)


def test_the_exports_are_these_and_at_most_twelve():
    assert rag.__all__ == EXPORTS
    assert len(EXPORTS) <= 12
    assert all(hasattr(rag, name) for name in EXPORTS)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_from_rows_above_its_own(path):
    for module in imported(path):
        name = module.split(".")[1] if "." in module else "__init__"
        assert may_import(part(path), name), f"{path.relative_to(ROOT)} imports {module}"


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: str(path.relative_to(ROOT)))
def test_app_and_evals_use_only_what_rag_exports(path):
    folder = path.relative_to(ROOT).parent.as_posix()
    allowed = {"rag"} | ALLOWED_OUTSIDE.get(folder, set())
    for module in imported(path):
        assert module in allowed, f"{path.relative_to(ROOT)} imports {module}"
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "rag":
            assert {name.name for name in node.names} <= set(EXPORTS)


@pytest.mark.parametrize("module", ["rag", "rag.cli"])
def test_importing_rag_or_its_command_loads_nothing_heavy(module):
    program = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = done.stdout.split()
    assert "rag" in loaded
    assert not set(HEAVY) & set(loaded)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_runs_code_from_a_file_is_used(path):
    text = path.read_text(encoding="utf-8")
    unsafe = r"trust_remote_code|import pickle|joblib|marshal|shelve|allow_pickle\s*=\s*True"
    assert not re.search(unsafe, text)
    assert not re.search(r"(?<![\w.])(?:eval|exec)\(|torch\.load\(|yaml\.(?:unsafe|full)", text)
    assert all("BaseLoader" in call for call in re.findall(r"yaml\.load\(.*", text))


def test_no_source_or_test_holds_a_path_of_some_machine():
    homes = re.compile("|".join(map(re.escape, ("/" + "home/", "/" + "work/", str(ROOT)))))
    for folder in ("rag", "tests", "evals", ".ci"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in TRACKED and path.is_file():
                assert not homes.search(path.read_text(encoding="utf-8")), path
    for path in (*ROOT.glob("*.py"), *ROOT.glob("*.toml"), *ROOT.glob("*.md"), ROOT / "Makefile"):
        assert not homes.search(path.read_text(encoding="utf-8")), path
