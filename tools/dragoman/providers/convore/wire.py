"""Convore's answers; only the envelope of a list is required."""

from __future__ import annotations

from typing import Generic, TypeVar

from dragoman.providers.kit.wire import Count, Entries, Flag, Maybe, Several, Text, WireModel, Word

T = TypeVar("T")


class Handle(WireModel):
    """An address: ``type`` is ``email`` or ``convore_chat``."""

    type: Word = None
    value: Text = None


class Participant(WireModel):
    """Somebody's part in a message; ``role`` is ``from``, ``to``, ``cc`` or ``bcc``."""

    handle: Maybe[Handle] = None
    role: Word = None
    name: Text = None


class Attachment(WireModel):
    """A file; ``size`` in bytes."""

    id: Text = None
    content_type: Text = None
    filename: Text = None
    is_inline: Flag = None
    size: Count = None


class Message(WireModel):
    """A message. ``date`` is when it was sent, ``created_at`` when Convore made its record.

    ``body`` is HTML without the quoted part, ``text_body`` its plain text, ``raw_body`` the whole HTML.
    """

    id: Text = None
    channel_id: Text = None
    conversation_id: Text = None
    direction: Word = None
    date: Text = None
    sender: Maybe[Participant] = None
    recipients: Several[Participant] = ()
    created_at: Text = None
    format: Word = None
    subject: Text = None
    snippet: Text = None
    body: Text = None
    text_body: Text = None
    raw_body: Text = None
    attachments: Several[Attachment] = ()
    reply_to_message_id: Text = None
    reply_type: Word = None
    external_message_id: Text = None


class Label(WireModel):
    """A label of a conversation."""

    id: Text = None
    name: Text = None


class Conversation(WireModel):
    """A conversation."""

    id: Text = None
    channel_id: Text = None
    status: Word = None
    priority: Word = None
    labels: Several[Label] = ()
    participants: Several[Participant] = ()
    created_at: Text = None
    subject: Text = None
    snippet: Text = None
    is_unread: Flag = None
    last_message_date: Text = None
    message_count: Count = None
    draft_count: Count = None
    attachment_count: Count = None


class Event(WireModel):
    """Something that has happened; only those about messages name one."""

    id: Text = None
    type: Word = None
    created_at: Text = None
    conversation_id: Text = None
    message_id: Text = None


class Address(WireModel):
    """An address of a channel."""

    handle: Maybe[Handle] = None
    name: Text = None
    is_primary: Flag = None


class Channel(WireModel):
    """A mailbox or chat widget that messages come in and go out by."""

    id: Text = None
    provider: Word = None
    name: Text = None
    addresses: Several[Address] = ()
    status: Word = None


class Listing(WireModel, Generic[T]):
    """A page, in an order that is the service's secret. The last one has no ``next_cursor``."""

    data: Entries[T]
    next_cursor: Text = None
    total_count: Count = None
