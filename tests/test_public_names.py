import subprocess
import sys

import pytest

import dragoman
from dragoman.core import errors, model
from dragoman.providers.base import provider


def test_every_public_name_is_there_and_none_comes_twice():
    assert sorted(set(dragoman.__all__)) == dragoman.__all__
    for name in dragoman.__all__:
        assert getattr(dragoman, name) is not None


def test_the_whole_error_family_is_public():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    family = {kind.__name__ for kind in kinds if issubclass(kind, errors.DragomanError)}
    assert family <= set(dragoman.__all__)


def test_what_a_provider_speaks_in_is_public():
    def own(module):
        return {
            name
            for name, each in vars(module).items()
            if isinstance(each, type) and each.__module__ == module.__name__ and not name.startswith("_")
        }

    assert own(model) | own(provider) <= set(dragoman.__all__)


def test_public_names_are_the_ones_where_they_are_defined():
    assert dragoman.Message is model.Message
    assert dragoman.Provider is provider.Provider
    assert dragoman.NotFound is errors.NotFound


def test_all_public_names_are_listed_to_who_looks():
    assert set(dragoman.__all__) <= set(dir(dragoman))


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'dragoman' has no attribute 'mesages'"):
        _ = dragoman.mesages


def test_importing_the_library_imports_nothing_else():
    code = "import sys; before = set(sys.modules); import dragoman; print(sorted(set(sys.modules) - before))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    heavy = {"pydantic", "anyio", "mcp", "mcp_types", "httpx", "grpc", "apsw", "asyncio", "dragoman.core.model"}
    assert not heavy & set(eval(found))  # noqa: S307  # a list that this test printed
