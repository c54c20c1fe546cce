"""Skype's markup."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.archives.skype.markup import read_content

SIGNS = ["<a>", "</a>", "<quote>", "</quote>", "<at>", "&", "&lt;", "<URIObject>", "x", '"', "=", "<b"]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("a &amp; b<br/>c", "a & b\nc"),
        ('<a href="https://a.example/x">here</a>', "here (https://a.example/x)"),
        ('<a href="https://a.example/">https://a.example</a>!', "https://a.example!"),
        ('<b raw_pre="*" raw_post="*">a <i raw_pre="_" raw_post="_">b</i></b>', "*a _b_*"),
        ('<at id="8:x">@Bo</at> <at id="*">all</at>', "@Bo @all"),
        ('<ss type="smile">:)</ss><ss type="(y)"/>', ":)"),
        ("3 < 4 <not closed", "3 < 4 <not closed"),
        ("</b>a</quote>b", "ab"),
        ('<contacts><c t="s" s="8:cy" f="Cy Day"/></contacts>', "Contact: Cy Day"),
        ('<location latitude="52520000" longitude="13400000" address="Berlin">old</location>', "Location: Berlin\nold"),
        ('<location latitude="-52520000" longitude="13400000"></location>', "Location: -52.52, 13.4"),
    ],
)
def test_markup_is_the_text_that_people_see(markup, text):
    assert read_content(markup).text == text


@given(st.text(max_size=100) | st.lists(st.sampled_from(SIGNS)).map("".join))
def test_no_markup_breaks_the_reading(markup):
    read_content(markup)


@given(st.text(alphabet=st.characters(exclude_characters="<>&\r", exclude_categories=("Cs", "Cc", "Z"))))
def test_a_text_without_markup_stays(text):
    assert read_content(text).text == text


def test_markup_that_is_made_to_take_long_does_not():
    for markup in ("<b>" * 200_000 + "</i>" * 200_000, "<x " + "a" * 500_000 + ">", "<quote " + 'author="" ' * 100_000):
        read_content(markup)
