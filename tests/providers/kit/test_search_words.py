"""A search becomes queries of words alone, and what a service marks becomes places in the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman import SearchQuery
from dragoman.providers.kit import alternatives, cut_marks, walk_tokens


@pytest.mark.parametrize(
    ("text", "queries"),
    [
        ("ferry late", ["ferry late"]),
        ("ferry OR boat", ["ferry", "boat"]),
        ("(ferry OR boat) late", ["ferry late", "boat late"]),
        ("ferry -late", ["ferry -late"]),
        ('"first of May"', ['"first of May"']),
        ("ferr*", ["ferr*"]),
        ("", [""]),
    ],
)
def test_each_alternative_is_a_query_of_its_own(text, queries):
    assert list(alternatives(SearchQuery(text=text))) == queries


def test_words_are_no_operators_of_the_service():
    [query] = alternatives(SearchQuery(text='"in:secret <@U1>"'))
    assert query == '"in:secret @U1"'


def test_no_more_queries_than_wanted_are_made():
    assert len(list(alternatives(SearchQuery(text="a OR b OR c OR d OR e OR f")))) == 4


@given(st.lists(st.tuples(st.text("ab ", max_size=4), st.text("ab ", min_size=1, max_size=4))))
def test_marks_are_cut_out_and_their_places_told(parts):
    marked = "".join(f"{before}<{hit}>" for before, hit in parts)
    text, places = cut_marks(marked, "<", ">")
    assert text == "".join(before + hit for before, hit in parts)
    assert [text[begin:end] for begin, end in places] == [hit for _, hit in parts]


@pytest.mark.parametrize("marked", ["a<b", "a>b", "<>", "<<b>"])
def test_marks_that_do_not_pair_cost_no_text(marked):
    text, _ = cut_marks(marked, "<", ">")
    assert text == marked.replace("<", "").replace(">", "")


@pytest.mark.anyio
@pytest.mark.parametrize("following", [{}, {None: ""}, {None: "b", "b": "c"}, {None: "b", "b": "b"}])
async def test_a_list_ends_where_no_token_or_a_known_one_follows(following):
    asked = []

    async def ask(token):
        asked.append(token)
        return token

    parts = [part async for part in walk_tokens(ask, following.get)]
    assert parts == asked == [None, *dict.fromkeys(one for one in following.values() if one)]


@pytest.mark.anyio
async def test_a_list_without_an_end_is_not_read_for_ever():
    async def ask(token):
        return str(int(token or 0) + 1)

    assert len([part async for part in walk_tokens(ask, lambda part: part, most=7)]) == 7
