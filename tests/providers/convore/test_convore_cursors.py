"""Places in lists survive being written down, and nothing else is taken for one."""

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.errors import InvalidArgument
from dragoman.providers.convore.cursors import Place


@given(st.text() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(repr))
def test_a_cursor_from_elsewhere_is_refused(cursor):
    with pytest.raises(InvalidArgument):
        Place.read(cursor)


KEYS = st.tuples(st.datetimes(timezones=st.just(UTC)), st.text(min_size=1))
MARKS = st.lists(st.text("abc-_", min_size=1), max_size=3).map(tuple)


@given(st.builds(Place, after=KEYS, start=st.none() | st.text(min_size=1), sure=st.booleans(), seen=MARKS))
def test_a_place_survives_being_written_down(place):
    assert Place.read(place.write()) == place
