"""From the wire to the model, whatever is on the wire."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dragoman.core.model import Attachment, Author, AuthorKind, Citation
from dragoman.providers.datagrid import wire
from dragoman.providers.datagrid.mapping import Known, to_conversation, to_message

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def members_of(model):
    """Objects with any of the members of a wire model, each of any type, and unknown ones."""
    named = {name: ANY | nested(name) for name in model.model_fields if name != "raw"}
    return st.fixed_dictionaries({}, optional=named | {"unheard_of": ANY})


def nested(name):
    models = {"citations": wire.Citation, "sources": wire.Source, "knowledges": wire.Source, "content": wire.Part,
              "audio_clips": wire.Clip, "timeline_events": wire.TimelineEvent, "tool_calls": wire.ToolCall}  # fmt: skip
    if name in models:
        return st.deferred(lambda: st.lists(members_of(models[name]) | ANY, max_size=2))
    return st.sampled_from(["user", "agent", "text", "voice", "input_file", "transcript", "tool_call_status", "x_id"])


@given(members_of(wire.Message), st.text(min_size=1))
def test_any_message_with_an_id_becomes_a_message(found, identifier):
    sent = json.loads(json.dumps(found | {"id": identifier}))
    message = to_message(wire.Message.model_validate(sent), "conv")
    assert message is not None
    assert (message.id, message.conversation) == (identifier, "conv")
    assert message.author.name.strip()
    assert all(one.name for one in message.attachments)
    assert all(one.title for one in message.citations)
    assert message.sent_at is None or message.sent_at.utcoffset() is not None


@given(members_of(wire.Conversation), st.text(min_size=1))
def test_any_conversation_with_an_id_becomes_a_conversation(found, identifier):
    conversation = to_conversation(wire.Conversation.model_validate(found | {"id": identifier}))
    assert conversation is not None
    assert conversation.id == identifier


@given(ANY)
def test_anything_else_is_passed_over_or_no_page(found):
    for model in (wire.Message, wire.Conversation, wire.Identity, wire.StreamEvent, wire.File, wire.Agent):
        if isinstance(found, dict):
            model.model_validate(found)
    try:
        page = wire.Listing[wire.Message].model_validate({"data": found})
    except ValidationError:
        assert not isinstance(found, list)
    else:
        assert len(page.data) == len(found)


@given(st.lists(ANY, max_size=4), st.integers(0, 4))
def test_a_bad_entry_loses_no_good_one(bad, place):
    good = {"id": "msg", "role": "user", "content": [{"type": "text", "text": "Hi"}]}
    page = wire.Listing[wire.Message].model_validate({"data": [*bad[:place], good, *bad[place:]]})
    assert "Hi" in [to_message(one, "conv").text for one in page.data if one.id == "msg"]


@given(st.lists(st.text(), max_size=4))
def test_texts_of_several_parts_stand_apart_unchanged(texts):
    parts = [{"type": "text", "text": text} for text in texts]
    message = to_message(wire.Message.model_validate({"id": "m", "content": parts}), "conv")
    assert message.text == "\n\n".join(text for text in texts if text)


def mapped(known=Known(), **members):  # noqa: B008 - an immutable value
    return to_message(
        wire.Message.model_validate({"id": "m", "role": "agent", "agent_id": "a"} | members), "conv", known
    )


@pytest.mark.parametrize(
    ("members", "author"),
    [
        ({"role": "user"}, Author(name="user", own=True)),
        ({"role": "USER"}, Author(name="user", own=True)),
        ({"role": "agent"}, Author(id="a", name="Ada", kind=AuthorKind.ASSISTANT)),
        ({"role": "agent", "agent_id": "b"}, Author(id="b", name="assistant", kind=AuthorKind.ASSISTANT)),
        ({"role": "agent", "agent_id": None}, Author(name="assistant", kind=AuthorKind.ASSISTANT)),
        ({"role": "system"}, Author(name="system", kind=AuthorKind.SYSTEM)),
        ({"role": "Moderator"}, Author(name="moderator", kind=AuthorKind.BOT)),
        ({"role": None}, Author(name="unknown", kind=AuthorKind.BOT)),
    ],
)
def test_every_role_has_an_author(members, author):
    assert mapped(Known(agents={"a": "Ada"}), **members).author == author


def test_the_agent_that_was_addressed_is_not_the_author_of_a_question():
    question = mapped(role="user")
    assert question.author.id == ""
    assert question.extra["to_agent"] == "a"


def test_a_source_has_the_name_that_it_has():
    sources = [
        {"source_name": "N", "source_id": "i", "type": "t"}, {"source_id": "i", "type": "t"}, {"type": "t"}, {},
        {"knowledge_id": "k"}, {"source_name": "N", "source_id": "i", "type": "t"},
    ]  # fmt: skip
    found = mapped(citations=[{"sources": sources}]).citations
    assert [one.title for one in found] == ["N", "i", "t", "source", "k"]


def test_a_citation_without_sources_keeps_its_words():
    assert mapped(citations=[{"citation": "Words", "sources": None}, {}]).citations == (
        Citation(title="source", text="Words"),
    )


def test_transcripts_of_the_timeline_stand_in_for_missing_ones_in_order_of_time():
    events = [
        {"type": "transcript", "role": "agent", "text": "second", "timestamp_ms": 20},
        {"type": "transcript", "role": "user", "text": "first", "timestamp_ms": 10},
        {"type": "tool_call_status", "tool_name": "calendar", "status": "completed", "timestamp_ms": 30},
        {"type": "tool_call_status", "tool_name": "calendar", "status": "started", "timestamp_ms": 5},
    ]
    message = mapped(role="user", content=[{"type": "voice", "timeline_events": events}])
    assert message.text == "first\n\nagent: second"
    assert message.extra["tools"] == ["calendar: completed"]


def test_files_have_names_where_they_are_known():
    files = {"f1": wire.File(filename="plan.pdf", media_type="application/pdf")}
    parts = [{"type": "input_file", "file_id": one} for one in ("f1", "f2", None)]
    assert mapped(Known(files=files), content=parts).attachments == (
        Attachment(name="plan.pdf", id="f1", media_type="application/pdf"),
        Attachment(name="f2", id="f2"),
        Attachment(name="file", id=""),
    )


def test_a_part_of_no_known_type_is_an_attachment_with_its_only_id():
    parts = [{"type": "input_page", "page_id": "p1"}, {"type": "pair", "a_id": "1", "b_id": "2"}, {"text": "plain"}, {}]
    message = mapped(content=parts)
    assert [(one.name, one.id) for one in message.attachments] == [("input_page", "p1"), ("pair", ""), ("unknown", "")]
    assert message.text == "plain"
    assert message.extra["parts"] == [parts[0], parts[1], parts[3]]


def test_content_that_is_a_plain_text_is_the_text():
    assert mapped(content="Just text").text == "Just text"


def test_a_number_is_an_id_too_but_no_other_type_is():
    assert to_message(wire.Message.model_validate({"id": 7}), "conv").id == "7"
    for nothing in (None, "", True, [], {}, 10**5000):
        assert to_message(wire.Message.model_validate({"id": nothing}), "conv") is None


def test_a_conversation_without_a_change_is_as_old_as_its_beginning():
    found = wire.Conversation.model_validate({"id": "c", "created_at": "2026-05-01T00:00:00Z", "updated_at": None})
    assert to_conversation(found).last_message_at == datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("members", "asked", "more"),
    [
        ({"has_more": True}, 2, True),
        ({"has_more": False}, 1, False),
        ({}, 1, True),
        ({"has_more": None}, 2, False),
        ({"has_more": "yes"}, 1, True),
    ],
)
def test_a_page_goes_on_when_it_says_so_or_is_full(members, asked, more):
    assert wire.Listing[wire.Message].model_validate({"data": [{"id": "m"}]} | members).goes_on(asked) is more
    assert not wire.Listing[wire.Message].model_validate({"data": [], "has_more": True}).goes_on(asked)
