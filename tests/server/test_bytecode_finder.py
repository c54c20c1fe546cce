"""Modules that are found where they are compiled are those that Python would find."""

import compileall
import importlib.machinery
import importlib.util
import os
import py_compile
import sys

import pytest

from dragoman_server.cli.bytecode_finder import BytecodeFinder


@pytest.fixture
def package(tmp_path):
    """A package of ours, beside the others, with a module and a package in it."""
    folder = tmp_path / "dragoman"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "__init__.py").write_text("WHAT = 'package'\n", "utf-8")
    (folder / "module.py").write_text("WHAT = 'module'\n", "utf-8")
    compileall.compile_dir(folder, quiet=1)
    return folder


def found(name, folder):
    return BytecodeFinder().find_spec(f"dragoman.{name}", [str(folder)])


def pythons(name, folder):
    return importlib.machinery.PathFinder.find_spec(f"dragoman.{name}", [str(folder)])


@pytest.mark.parametrize("name", ["module", "inner"])
def test_a_module_or_a_package_is_found_as_python_finds_it(package, name):
    spec, expected = found(name, package), pythons(name, package)
    for what in ("name", "origin", "cached", "submodule_search_locations", "has_location"):
        assert getattr(spec, what) == getattr(expected, what)
    modules = [importlib.util.module_from_spec(one) for one in (spec, expected)]
    for module, one in zip(modules, (spec, expected), strict=True):
        one.loader.exec_module(module)
    assert modules[0].WHAT == modules[1].WHAT
    assert (modules[0].__file__, modules[0].__package__) == (modules[1].__file__, modules[1].__package__)
    assert spec.loader.get_source(spec.name) == expected.loader.get_source(spec.name)


def test_what_is_not_compiled_or_has_changed_or_is_damaged_is_left_to_python(package):
    source = package / "module.py"
    os.utime(source, (1, 1))
    assert found("module", package) is None
    py_compile.compile(str(source), invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
    assert found("module", package) is None
    py_compile.compile(str(source))
    assert found("module", package) is not None
    (compiled,) = (package / "__pycache__").glob("module.*")
    compiled.write_bytes(compiled.read_bytes()[:20])
    assert found("module", package) is None
    compiled.unlink()
    assert found("module", package) is None
    assert found("nothing", package) is None


def test_other_packages_are_left_to_python(package):
    assert BytecodeFinder().find_spec("json.decoder", [str(package)]) is None
    assert BytecodeFinder().find_spec("dragoman", None) is None


def test_the_finder_is_asked_only_where_it_is_used():
    before = list(sys.meta_path)
    with BytecodeFinder():
        assert isinstance(sys.meta_path[0], BytecodeFinder)
    assert sys.meta_path == before
