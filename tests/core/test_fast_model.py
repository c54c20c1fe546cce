"""The fast constructors make what the model's own constructors make."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime
from typing import Any

import pytest

from dragoman.core.fast_model import new_author, new_message
from dragoman.core.model import Author, Edit, Message, Reaction

ANN = Author(name="Ann", id="u1")
NEEDED: dict[str, Any] = {"id": "m", "conversation": "c", "author": ANN, "sent_at": None, "text": "hello"}
MORE: dict[str, Any] = {
    "reply_to": "p", "edited_at": datetime(2026, 1, 1, tzinfo=UTC), "reactions": (Reaction(emoji="x", count=1),),
    "labels": ("a",), "history": (Edit(text="hi"),), "extra": {"to": "b"}, "subject": "s",
}  # fmt: skip


@pytest.mark.parametrize("members", [NEEDED, NEEDED | MORE])
def test_a_message_made_fast_is_the_same_message(members: dict[str, Any]) -> None:
    fast, usual = new_message(**members), Message(**members)

    assert type(fast) is Message
    assert fast == usual
    assert [getattr(fast, one.name) for one in fields(Message)] == [getattr(usual, one.name) for one in fields(Message)]


def test_an_author_made_fast_is_the_same_author_and_counts_as_the_same_key() -> None:
    fast = new_author(name="Ann", id="u1")

    assert fast == ANN
    assert hash(fast) == hash(ANN)


def test_what_is_made_fast_cannot_be_changed() -> None:
    message = new_message(**NEEDED)

    with pytest.raises(FrozenInstanceError):
        message.text = "other"  # type: ignore[misc]


def test_a_message_needs_its_members_when_it_is_made_fast_as_well() -> None:
    with pytest.raises(TypeError):
        new_message(id="m")  # type: ignore[call-arg]
