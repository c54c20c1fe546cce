"""Names that look like another one are shown with the address, and all others without it."""

from __future__ import annotations

import pytest

from dragoman.core.model import Author
from dragoman.core.names import hidden_address

CYRILLIC_A = "\N{CYRILLIC SMALL LETTER A}"


@pytest.mark.parametrize("name", ["boss@example.test", "boss@example.test Ä", f"M{CYRILLIC_A}ria Koch"])
def test_a_name_that_looks_like_another_is_shown_with_its_address(name):
    assert hidden_address(Author(name=name, email="eve@evil.example")) == "eve@evil.example"


@pytest.mark.parametrize(
    "name",
    ["Maria Koch", "Jörg Müller", "Мария Koch", "Ελένη (Helen)", "田中 Aiko", "eve@evil.example", "محمد", "🎉 Ann"],
)
def test_other_names_are_shown_alone(name):
    assert hidden_address(Author(name=name, email="eve@evil.example")) == ""
