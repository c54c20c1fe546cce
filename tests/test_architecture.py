"""The page on the architecture names places that exist, and files and functions stay short."""

from __future__ import annotations

import ast
import re
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


@pytest.mark.parametrize(("package", "most"), [("tools/dragoman", 10), ("server/dragoman_server", 8)])
def test_a_package_has_few_rooms_at_its_top(package, most):
    beside = {"__init__.py", "_version.py", "py.typed"}  # the face of the package, and what marks it
    entries = {path.name for path in (ROOT / package).iterdir()} - beside - {"__pycache__"}
    assert len(entries) <= most, sorted(entries)
