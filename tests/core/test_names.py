"""Who is meant by a name, and names that look like another one: those are shown with the address."""

from __future__ import annotations

import pytest

from dragoman.core.model import Author
from dragoman.core.names import author_key, author_matches, hidden_address

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


@pytest.mark.parametrize(
    ("wanted", "is_meant"),
    [
        ("@mk_77", True),
        ("masha k", True),
        ("<Masha K.>", True),
        ("<masha>", False),
        ("koch k.", False),
        ("oleg", False),
    ],
)
def test_a_person_is_meant_by_all_words_of_any_name(wanted, is_meant):
    author = Author(name="Maria Koch", id="U1", aliases=("mk_77", "Masha K."))
    assert author_matches(author, wanted) is is_meant
    assert all(one in author_key(author) for one in ("maria koch", "mk_77", "masha k."))
