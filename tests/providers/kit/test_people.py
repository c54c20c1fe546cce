"""Whom a name means, and mentions in a text that is sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.errors import InvalidArgument, NotFound
from dragoman.providers.kit import by_name, only_person, write_mentions

PEOPLE = {"U1": ["Maria Koch", "maria"], "U2": ["Maria", "mk"], "U3": ["Zoë Müller-Lang", "zoe"], "U4": ["Ann", "mk"]}
PEOPLE |= {"U5": ["Sean O'Brien"], "U6": ["Al Bo", "al"], "U7": ["Al Bo"]}
NAMES = by_name(PEOPLE, lambda id_: PEOPLE[id_])


def written(text):
    return write_mentions(text, NAMES, lambda id_: f"<{id_}>")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@Maria Koch, look", "<U1>, look"),
        ("@maria", "@maria"),  # two people are called so
        ("@zoe müller", "<U3> müller"),
        ("(@ZOE MULLER-LANG)", "(<U3>)"),
        ("Ask @Ann.", "Ask <U4>."),
        ("@Ann's and @Maria Koch's", "<U4>'s and <U1>'s"),
        ("@Sean O'Brien, @Sean O'Brien's", "<U5>, <U5>'s"),
        ("@Al Bo is two people", "@Al Bo is two people"),
        (r"\@zoe", r"\@zoe"),
        ("ann@Ann.example and x@zoe", "ann@Ann.example and x@zoe"),
        ("`@zoe` and ```\n@zoe\n``` but @zoe", "`@zoe` and ```\n@zoe\n``` but <U3>"),
        ("@nobody @mk", "@nobody @mk"),
    ],
)
def test_a_name_is_a_mention_where_it_means_one_person_outside_of_code(text, expected):
    assert written(text) == expected


def test_a_person_is_found_by_any_name_or_the_sentence_says_who_is_meant():
    assert only_person("Zoe Muller-Lang", NAMES, lambda id_: (id_, PEOPLE[id_][0])) == "U3"
    with pytest.raises(NotFound):
        only_person("nobody", NAMES, lambda id_: (id_, ""))
    with pytest.raises(InvalidArgument, match=r"@U2 .*@U4"):
        only_person("MK", NAMES, lambda id_: (id_, PEOPLE[id_][0]))


@given(st.text())
def test_a_text_without_people_stays_what_it_is(text):
    assert write_mentions(text, {}, str) == text
