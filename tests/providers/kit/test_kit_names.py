"""The kit's public names are there, and looking at them costs nothing."""

import subprocess
import sys

import pytest

from dragoman.providers import kit


def test_every_public_name_is_there_and_is_the_one_where_it_is_defined():
    assert set(kit.__all__) <= set(dir(kit))
    for name in kit.__all__:
        assert getattr(kit, name) is not None
    from dragoman.providers.kit.pager import Pager

    assert kit.Pager is Pager
    with pytest.raises(AttributeError):
        kit.nothing  # noqa: B018 - looking is what fails


def test_the_kit_imports_nothing_before_it_is_used():
    code = "import sys, dragoman.providers.kit; print([m for m in sys.modules if m in ('pydantic', 'httpx', 'anyio')])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
