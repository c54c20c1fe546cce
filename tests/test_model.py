from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, datetime

import pytest

from dragoman.core.model import (
    Attachment,
    Author,
    AuthorKind,
    Citation,
    Conversation,
    ConversationKind,
    Edit,
    Hit,
    Message,
    Order,
    Page,
    Reaction,
    SearchPage,
)

NINE = datetime(2026, 3, 10, 9, tzinfo=UTC)
MESSAGE = Message(id="m1", conversation="room", author=Author(name="Ann"), sent_at=NINE, text="Hi")
VALUES = [
    MESSAGE,
    MESSAGE.author,
    Conversation(id="room"),
    Attachment(name="notes.txt"),
    Reaction(emoji="👍", count=1),
    Citation(title="Plan"),
    Edit(text="Hi"),
    Hit(message=MESSAGE),
    Page(items=(MESSAGE,)),
    SearchPage(),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_nothing_of_the_model_can_be_changed_in_place(value):
    with pytest.raises(FrozenInstanceError):
        setattr(value, fields(value)[0].name, None)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_nothing_of_the_model_takes_a_misspelt_member(value):
    with pytest.raises(TypeError):
        replace(value, misspelt=1)


@pytest.mark.parametrize("kind", [Message, Conversation, Author, Page], ids=lambda kind: kind.__name__)
def test_members_are_named_when_they_are_given(kind):
    with pytest.raises(TypeError, match="positional"):
        kind("m1", "room")


def test_equal_members_make_equal_messages():
    same = Message(id="m1", conversation="room", author=Author(name="Ann"), sent_at=NINE, text="Hi")
    assert same == MESSAGE
    assert replace(same, text="Ho") != MESSAGE


def test_what_is_not_known_is_none_or_empty():
    absent = {each.name: getattr(MESSAGE, each.name) for each in fields(MESSAGE)}
    assert {absent[name] for name in ("reply_to", "edited_at", "deleted_at", "subject", "status", "url")} == {None}
    assert {absent[name] for name in ("reactions", "attachments", "labels", "citations", "history")} == {()}
    assert (absent["number"], absent["reply_to_number"], absent["account"]) == (None, None, "")


def test_the_extras_that_all_messages_share_cannot_be_filled():
    with pytest.raises(TypeError):
        MESSAGE.extra["pin"] = True


def test_a_page_without_a_cursor_is_the_last_one():
    assert Page().cursor is None
    assert SearchPage().back_to is None


def test_kinds_are_the_words_that_tools_use():
    assert [str(kind) for kind in ConversationKind] == [
        "channel",
        "group",
        "direct",
        "thread",
        "mail",
        "room",
        "assistant",
    ]
    assert [str(kind) for kind in AuthorKind] == ["person", "assistant", "bot", "system"]
    assert [str(order) for order in Order] == ["latest", "oldest"]
