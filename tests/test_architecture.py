"""The page on the architecture names places that exist, and files and functions stay short."""

from __future__ import annotations

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")


@pytest.mark.parametrize("place", sorted(set(re.findall(r"`((?:tools|server)/[\w/.]+)`", PAGE))))
def test_a_place_that_the_page_names_is_there(place):
    assert (ROOT / place).exists()


def test_the_page_on_the_tests_names_what_is_there():
    page = (ROOT / "tests" / "README.md").read_text("utf-8")
    named = re.findall(r"`([\w/]+\.py)`", page)
    assert len(named) > 15
    assert [name for name in named if not (ROOT / "tests" / name).exists()] == []


def test_the_page_names_every_folder_of_both_packages():
    for package in (ROOT / "tools" / "dragoman", ROOT / "server" / "dragoman_server"):
        folders = {path.name for path in package.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
        assert [name for name in sorted(folders - {"testing"}) if not re.search(rf"\b{name}\b", PAGE)] == []


def product_files():
    for package in ("tools/dragoman", "server/dragoman_server"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if "_proto" not in path.parts and path.name != "_version.py":  # those are generated
                yield path


def test_no_modules_import_each_other_in_a_circle():
    """Imports inside functions and for types count too: a reader follows them as well. Names in texts do not."""
    files = {module_of(path): path for path in product_files()}
    graph = {module: set(imported_by(path, files)) - {module} for module, path in files.items()}
    assert sum(map(len, graph.values())) > 3000
    TopologicalSorter(graph).prepare()  # raises an error that names the circle


def module_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts[1:]).removesuffix(".__init__")


def imported_by(path, files):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module in files:
            for name in node.names:
                inner = f"{node.module}.{name.name}"
                yield inner if inner in files else node.module


def test_no_file_of_the_product_is_longer_than_300_lines():
    assert len(list(product_files())) > 400
    assert longer_than_300_lines(product_files()) == {}


def test_no_file_of_the_tests_is_longer_than_300_lines():
    files = sorted((ROOT / "tests").rglob("*.py"))
    assert len(files) > 400
    assert longer_than_300_lines(files) == {}


def longer_than_300_lines(files):
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in files}
    return {name: length for name, length in lengths.items() if length > 300}


def test_of_a_hundred_functions_99_have_at_most_30_lines():
    lengths = sorted(
        (node.end_lineno or 0) - node.lineno + 1
        for path in product_files()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert len(lengths) > 3000
    assert lengths[len(lengths) * 99 // 100] <= 30


PLAIN_ROOMS = (
    *(f"tools/dragoman/{room}" for room in ("toolset", "accounts", "transport", "core/context")),
    *(f"tools/dragoman/providers/{name}" for name in ("base", "kit", "convore", "datagrid", "glean", "yandex")),
    *(f"server/dragoman_server/{room}" for room in ("mcp", "runtime", "transports")),
)
QUESTION = re.compile(r"(What|Who|How|Which|Where|That which) ")


@pytest.mark.parametrize("room", PLAIN_ROOMS)
def test_a_docstring_begins_with_a_name_or_a_verb_and_with_no_question(room):
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    found = [
        f"{path.relative_to(ROOT)}: {text.splitlines()[0]}"
        for path in product_files()
        if path.is_relative_to(ROOT / room)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, documented) and (text := ast.get_docstring(node)) and QUESTION.match(text)
    ]
    assert found == [], "name the thing by the word of the field, or begin with a verb"


@pytest.mark.parametrize(("package", "most"), [("tools/dragoman", 10), ("server/dragoman_server", 8)])
def test_a_package_has_few_rooms_at_its_top(package, most):
    beside = {"__init__.py", "_version.py", "py.typed"}  # the face of the package, and what marks it
    entries = {path.name for path in (ROOT / package).iterdir()} - beside - {"__pycache__"}
    assert len(entries) <= most, sorted(entries)
