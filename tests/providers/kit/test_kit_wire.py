"""What a service sends is read whatever it holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from dragoman.providers.kit.wire import (
    Count,
    Entries,
    Flag,
    Maybe,
    Number,
    Places,
    Several,
    Text,
    Texts,
    WireModel,
    Word,
    lenient,
    lenient_each,
)


class Author(WireModel):
    name: Text = None


class Message(WireModel):
    id: Text = None
    kind: Word = None
    count: Count = None
    size: Number = None
    edited: Flag = None
    tags: Texts = ()
    author: Maybe[Author] = None
    readers: Several[Author] = ()


class Listing(WireModel):
    data: Entries[Message]


class Ranked(WireModel):
    data: Places[Message]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.dictionaries(st.sampled_from([*Message.model_fields, "unknown"]), JSON)


@given(OBJECTS)
def test_no_member_fails_a_message(raw):
    found = Message.model_validate(raw)
    assert found.id is None or isinstance(found.id, str)
    assert found.count is None or found.count >= 0


def test_good_members_are_kept_and_bad_ones_absent():
    raw = {"id": 7, "kind": " Reply ", "count": -1, "size": "9", "edited": 1, "tags": ["a", 2, None, ""], "author": []}
    found = Message.model_validate({**raw, "readers": [{"name": "Ann"}, None, "x"], "more": {}})
    assert found == Message(id="7", kind="reply", tags=("a", "2"), readers=(Author(name="Ann"),))


@pytest.mark.parametrize("data", [None, {}, "x", 1])
def test_a_page_has_to_be_a_list(data):
    for kind in (Listing, Ranked):
        with pytest.raises(ValueError, match="no list"):
            kind.model_validate({"data": data})


def test_entries_that_are_no_objects_are_left_out_or_keep_their_place():
    raw = {"data": [{"id": "a"}, 7, {"id": "b"}]}
    assert [one.id for one in Listing.model_validate(raw).data] == ["a", "b"]
    assert [one.id for one in Ranked.model_validate(raw).data] == ["a", None, "b"]


class Strict(BaseModel):
    id: str = ""
    scores: list[int] | None = None
    inner: "Strict | None" = None


@given(st.dictionaries(st.sampled_from(["id", "scores", "inner"]), JSON))
def test_any_model_can_be_read_leniently(raw):
    assert lenient(Strict, raw) is not None


def test_only_what_does_not_fit_is_left_out():
    found = lenient(Strict, {"id": "a", "scores": [1, "x", 3], "inner": {"id": 5, "scores": [2]}})
    assert found == Strict(id="a", scores=[1, 3], inner=Strict(scores=[2]))
    assert lenient(Strict, [1]) is None
    assert [one.id for one in lenient_each(Strict, [{"id": "a"}, 3, {"id": []}])] == ["a", ""]
