"""Positions survive being written down, and nothing else is taken for one."""

import base64
import json
import zlib
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.errors import InvalidArgument
from dragoman.providers.kit.cursor import decode, digest, encode
from dragoman.providers.kit.list_walk import Position
from dragoman.providers.kit.listings import Key


@dataclass(frozen=True)
class Place:
    token: str
    count: int
    done: bool
    seen: tuple[str, ...] = ()
    after: str | None = None


TEXTS = st.text(st.characters())
NUMBERS = st.integers(-(1 << 63), 1 << 63)
KEYS = st.builds(Key, NUMBERS, TEXTS)
POSITIONS = st.builds(
    Position, st.none() | KEYS, st.none() | TEXTS, st.booleans(), st.booleans(), st.lists(TEXTS).map(tuple)
)
PLACES = st.builds(Place, TEXTS, NUMBERS, st.booleans(), st.lists(TEXTS).map(tuple), st.none() | TEXTS)


@given(POSITIONS | PLACES)
def test_a_position_survives_being_written_down(position):
    cursor = encode(position, list_id="room 1")
    assert decode(type(position), cursor, list_id="room 1") == position
    assert cursor.isascii()
    assert cursor.replace("-", "").replace("_", "").isalnum()


def test_the_beginning_has_no_cursor():
    assert decode(Place, None, list_id="room 1") is None


@given(PLACES)
def test_a_cursor_of_another_list_is_refused(place):
    with pytest.raises(InvalidArgument, match="another list"):
        decode(Place, encode(place, list_id="room 1"), list_id="room 2")


@given(PLACES)
def test_a_cursor_of_another_kind_is_refused(place):
    with pytest.raises(InvalidArgument):
        decode(Position, encode(place, list_id="list"), list_id="list")


HOSTILE = ["", "x", "\x00", "é", "=" * 9, "bnVsbA", "W10", "A" * 300_000, "🙂", "eyJhIjoxfQ"]


@pytest.mark.parametrize("cursor", [*HOSTILE, base64.urlsafe_b64encode(b"[" * 100_000).decode()])
def test_a_text_from_elsewhere_is_refused(cursor):
    with pytest.raises(InvalidArgument, match="Repeat the call without cursor"):
        decode(Place, cursor, list_id="list")


JSON = st.recursive(st.none() | st.booleans() | st.integers() | TEXTS | st.floats(), st.lists, max_leaves=8)


@given(st.lists(JSON, max_size=6))
def test_made_up_contents_are_refused_or_have_the_right_types(values):
    content = json.dumps([digest("list"), *values])
    cursor = base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")
    try:
        place = decode(Place, cursor, list_id="list")
    except InvalidArgument:
        return
    assert decode(Place, encode(place, list_id="list"), list_id="list") == place
    assert isinstance(place.token, str)
    assert type(place.count) is int


@given(st.text() | st.binary().map(lambda data: base64.urlsafe_b64encode(data).decode()))
def test_random_text_breaks_nothing(cursor):
    with pytest.raises(InvalidArgument):
        decode(Position, cursor, list_id="list")


def test_a_long_position_is_short_as_a_cursor_and_a_bomb_is_refused():
    place = Place("t", 1, True, tuple(f"message-{number}@mail.example.com" for number in range(2000)))
    cursor = encode(place, list_id="room 1")
    assert decode(Place, cursor, list_id="room 1") == place
    assert len(cursor) < 20_000
    bomb = base64.urlsafe_b64encode(zlib.compress(b"[" * (64 << 20))).decode()
    with pytest.raises(InvalidArgument):
        decode(Place, bomb, list_id="room 1")


def written(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def position_text(count: int = 1, *, padding: int = 0) -> bytes:
    inner = json.dumps([digest("list"), "t", count, False, [], None]).removeprefix("[")
    return f"[{' ' * padding}{inner}".encode()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(position_text(padding=200_000), id="longer than any cursor of ours"),
        pytest.param(zlib.compress(position_text(padding=4 << 20)), id="unpacks to megabytes"),
        pytest.param(position_text(count=(1 << 63) + 1), id="a number that no service takes"),
    ],
)
def test_a_cursor_that_costs_more_than_ours_is_refused(content):
    assert decode(Place, written(position_text()), list_id="list") == Place("t", 1, False)
    with pytest.raises(InvalidArgument, match="another list"):
        decode(Place, written(content), list_id="list")
