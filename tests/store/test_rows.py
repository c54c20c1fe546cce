from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.model import Attachment, Author, AuthorKind, Citation, Edit, Message, Reaction
from dragoman.store.sql.connection import UNKNOWN, bind, from_us, to_us, unbind
from dragoman.store.sql.messages import rows

ANY_TEXT = st.text(st.characters(codec=None), max_size=12)  # lone surrogates and NUL too
MAYBE_TEXT = st.none() | ANY_TEXT
TIMES = st.datetimes(
    datetime(2, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    datetime(9998, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(-timedelta(hours=11))]),
)
MAYBE_TIME = st.none() | TIMES
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | ANY_TEXT, lambda j: st.lists(j, max_size=2), max_leaves=3
)


def many(strategy):
    return st.lists(strategy, max_size=2).map(tuple)


AUTHORS = st.builds(
    Author,
    name=ANY_TEXT,
    id=ANY_TEXT,
    kind=st.sampled_from(AuthorKind),
    email=MAYBE_TEXT,
    own=st.booleans(),
    aliases=many(ANY_TEXT),
)
MESSAGES = st.builds(
    Message,
    id=ANY_TEXT,
    conversation=ANY_TEXT,
    author=AUTHORS,
    sent_at=MAYBE_TIME,
    text=ANY_TEXT,
    reply_to=MAYBE_TEXT,
    replies=st.integers(0, 9),
    edited_at=MAYBE_TIME,
    deleted_at=MAYBE_TIME,
    partial=st.booleans(),
    subject=MAYBE_TEXT,
    status=MAYBE_TEXT,
    url=MAYBE_TEXT,
    reactions=many(st.builds(Reaction, emoji=ANY_TEXT, count=st.integers(0, 99), by=many(ANY_TEXT))),
    attachments=many(
        st.builds(
            Attachment,
            name=ANY_TEXT,
            id=ANY_TEXT,
            media_type=MAYBE_TEXT,
            size=st.none() | st.integers(),
            url=MAYBE_TEXT,
        )
    ),
    labels=many(ANY_TEXT),
    citations=many(st.builds(Citation, title=ANY_TEXT, url=MAYBE_TEXT, text=MAYBE_TEXT)),
    history=many(st.builds(Edit, text=ANY_TEXT, at=MAYBE_TIME)),
    extra=st.dictionaries(ANY_TEXT, JSON, max_size=2),
)


@given(MESSAGES)
def test_a_message_comes_back_from_its_row_as_it_was(message):
    row = rows.to_row(message)
    assert rows.from_row(row, id=message.id, conversation=message.conversation) == message


def test_an_ordinary_message_needs_no_json():
    message = Message(id="1", conversation="c", author=Author(name="Ann"), sent_at=datetime.now(UTC), text="Hi")
    assert rows.to_row(message).data is None


def test_the_first_instant_of_1970_is_a_time_like_any_other():
    edited = Message(
        id="1",
        conversation="c",
        author=Author(name="A"),
        sent_at=None,
        text="",
        edited_at=datetime.fromtimestamp(0, UTC),
    )
    assert rows.from_row(rows.to_row(edited), id="1", conversation="c") == edited


@given(ANY_TEXT)
def test_text_comes_back_as_it_was_bound(text):
    assert unbind(bind(text)) == text


@given(MAYBE_TIME)
def test_a_moment_comes_back_as_the_same_time(time):
    assert from_us(to_us(time)) == time


def test_no_time_is_before_every_time():
    assert to_us(datetime.min.replace(tzinfo=UTC)) > UNKNOWN


def test_a_time_that_utc_cannot_say_becomes_the_nearest_that_it_can():
    late = datetime.max.replace(tzinfo=timezone(-timedelta(hours=5)))
    assert from_us(to_us(late)) == datetime.max.replace(tzinfo=UTC)
