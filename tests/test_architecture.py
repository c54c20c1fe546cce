"""The page on the architecture names places that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")


@pytest.mark.parametrize("place", sorted(set(re.findall(r"`((?:tools|server)/[\w/.]+)`", PAGE))))
def test_a_place_that_the_page_names_is_there(place):
    assert (ROOT / place).exists()


def test_the_page_names_every_folder_of_both_packages():
    for package in (ROOT / "tools" / "dragoman", ROOT / "server" / "dragoman_server"):
        folders = {path.name for path in package.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
        assert [name for name in sorted(folders - {"testing"}) if not re.search(rf"\b{name}\b", PAGE)] == []
