from contextlib import suppress
from datetime import UTC, datetime

import pytest
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from dragoman.core.model import AuthorKind
from dragoman.providers.yandex import mapping
from dragoman.providers.yandex._proto import threads_pb2 as pb

THREAD = "fvt0000threadmain001"
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
stamps = st.builds(
    Timestamp, seconds=st.integers(-(2**63), 2**63 - 1), nanos=st.integers(-(2**31), 2**31 - 1)
) | st.builds(Timestamp, seconds=st.integers(0, 4_000_000_000), nanos=st.integers(0, 999_999_999))
parts = st.builds(pb.Part) | st.builds(pb.Part, text=st.builds(pb.Text, content=text))
contents = st.builds(pb.Content, content=st.lists(parts, max_size=3))
chunks = st.builds(
    pb.FileChunk,
    source_file=st.builds(pb.File, id=text, name=text),
    search_index=st.builds(pb.SearchIndex, id=text),
    content=contents,
)
sources = st.builds(pb.Source) | st.builds(pb.Source, chunk=chunks)
citations = st.builds(pb.Citation, sources=st.lists(sources, max_size=2))
messages = st.builds(
    pb.Message,
    id=text,
    thread_id=text,
    created_by=text,
    created_at=st.none() | stamps,
    author=st.none() | st.builds(pb.Author, id=text, role=st.sampled_from(["USER", "assistant", "System", ""]) | text),
    labels=st.dictionaries(text, text, max_size=3),
    content=st.none() | contents,
    status=st.integers(-(2**31), 2**31 - 1) | st.integers(0, 4),
    citations=st.lists(citations, max_size=2),
)


@given(messages, st.binary(max_size=40))
def test_every_message_of_the_service_becomes_one_of_the_model(message, rest):
    try:
        found = pb.Message.FromString(message.SerializeToString() + rest)
    except DecodeError:  # what the library cannot read is the transport's to refuse
        found = message
    mapped = mapping.message_of(found, THREAD)
    assert mapped.conversation == THREAD
    assert mapped.id
    assert mapped.author.name
    assert mapped.sent_at is None or mapped.sent_at.utcoffset() is not None
    for part in found.content.content:
        assert (part.text.content if part.HasField("text") else mapping.UNKNOWN_PART) in mapped.text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
OPTIONAL = ("createdBy", "createdAt", "author", "labels", "content", "status", "citations", "later")


@given(st.dictionaries(st.sampled_from(OPTIONAL), json_values))
def test_any_json_that_the_service_could_send_maps(optional):
    sent = {"id": "m", "threadId": THREAD, **optional}
    found = pb.Message()
    with suppress(json_format.ParseError):  # what was read before it counts
        json_format.ParseDict(sent, found, ignore_unknown_fields=True)
    assert found.id in {"m", ""}
    assert mapping.message_of(found, THREAD).id == (found.id or "unnamed-0.000000000")


threads = st.builds(
    pb.Thread,
    id=text,
    folder_id=text,
    name=text,
    description=text,
    created_at=st.none() | stamps,
    expires_at=st.none() | stamps,
    labels=st.dictionaries(text, text, max_size=3),
)


@given(threads)
def test_every_thread_of_the_service_becomes_a_conversation(thread):
    mapped = mapping.conversation_of(thread)
    assert (mapped.id, mapped.title, mapped.topic) == (thread.id, thread.name, thread.description)
    assert mapped.last_message_at is None


def test_a_time_keeps_its_microseconds():
    stamp = Timestamp(seconds=1_744_036_975, nanos=190_282_457)
    assert mapping.time_of(stamp) == datetime(2025, 4, 7, 14, 42, 55, 190_282, tzinfo=UTC)


@pytest.mark.parametrize("seconds", [2**62, -(2**62)])
def test_a_time_outside_of_the_calendar_is_none(seconds):
    assert mapping.time_of(Timestamp(seconds=seconds)) is None


def test_parts_stand_on_lines_of_their_own_and_unknown_ones_are_named():
    content = pb.Content(
        content=[pb.Part(text=pb.Text(content="one")), pb.Part(), pb.Part(text=pb.Text(content="two"))]
    )
    assert mapping.text_of(content).split("\n") == ["one", mapping.UNKNOWN_PART, "two"]


def test_a_status_that_is_not_known_yet_is_told_by_its_number():
    assert mapping.message_of(pb.Message(id="m", status=7), THREAD).status == "unknown status 7"


@pytest.mark.parametrize(
    ("role", "name", "kind"),
    [
        ("USER", "user", AuthorKind.PERSON),
        ("user", "user", AuthorKind.PERSON),
        ("Assistant", "assistant", AuthorKind.ASSISTANT),
        ("SYSTEM", "system", AuthorKind.SYSTEM),
        ("", "user", AuthorKind.PERSON),
        ("REVIEWER", "reviewer", AuthorKind.PERSON),
    ],
)
def test_an_author_is_called_by_the_role(role, name, kind):
    author = mapping.message_of(pb.Message(id="m", author=pb.Author(id="aje1", role=role)), THREAD).author
    assert (author.id, author.name, author.kind) == ("aje1", name, kind)


def test_a_message_without_id_still_has_something_to_be_told_by():
    first, second = (pb.Message(created_at=Timestamp(seconds=n)) for n in (1, 2))
    assert mapping.message_of(first, THREAD).id != mapping.message_of(second, THREAD).id


def test_a_source_of_an_unknown_kind_is_named():
    cited = pb.Message(id="m", citations=[pb.Citation(sources=[pb.Source()])])
    assert [citation.title for citation in mapping.message_of(cited, THREAD).citations] == [mapping.UNKNOWN_SOURCE]
