"""What Convore sends.

Nothing but the envelope of a list is insisted on: a member that is missing, null or of another type
counts as absent, unknown ones are ignored, and unknown values of enumerations stay the text they are.
"""

from __future__ import annotations

from typing import Annotated, Final, Generic, TypeAlias, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict

T = TypeVar("T")

_LARGEST: Final = 1 << 63


def _text(value: object) -> str | None:
    """A text; a number that stands where a text belongs (an id) is written out."""
    if isinstance(value, str):
        return value
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST
    return str(value) if whole else None


def _word(value: object) -> str | None:
    """A value of an enumeration, in lower case; the service's own spelling varies."""
    return value.strip().lower() or None if isinstance(value, str) else None


def _count(value: object) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST
    return cast("int", value) if whole else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _object(value: object) -> object:
    return cast("object", value) if isinstance(value, dict | BaseModel) else None


def _objects(value: object) -> object:
    entries = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("object", one) for one in entries if isinstance(one, dict)]


def _entries(value: object) -> object:
    """The entries of a page, which has to be one."""
    if not isinstance(value, list):
        raise ValueError("no list")  # noqa: TRY004 - what pydantic turns into a misfit
    return _objects(cast("object", value))


Text: TypeAlias = Annotated[str | None, BeforeValidator(_text)]
Word: TypeAlias = Annotated[str | None, BeforeValidator(_word)]
Count: TypeAlias = Annotated[int | None, BeforeValidator(_count)]
Flag: TypeAlias = Annotated[bool | None, BeforeValidator(_flag)]
Maybe: TypeAlias = Annotated[T | None, BeforeValidator(_object)]
Several: TypeAlias = Annotated[tuple[T, ...], BeforeValidator(_objects)]


class Wire(BaseModel):
    """Base of everything here."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Handle(Wire):
    """Where somebody is reached: ``type`` is ``email`` or ``convore_chat``."""

    type: Word = None
    value: Text = None


class Participant(Wire):
    """Somebody's part in a message; ``role`` is ``from``, ``to``, ``cc`` or ``bcc``."""

    handle: Maybe[Handle] = None
    role: Word = None
    name: Text = None


class Attachment(Wire):
    """What is known of a file; ``size`` in bytes."""

    id: Text = None
    content_type: Text = None
    filename: Text = None
    is_inline: Flag = None
    size: Count = None


class Message(Wire):
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


class Label(Wire):
    """A label of a conversation."""

    id: Text = None
    name: Text = None


class Conversation(Wire):
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


class Address(Wire):
    """An address of a channel."""

    handle: Maybe[Handle] = None
    name: Text = None
    is_primary: Flag = None


class Channel(Wire):
    """A mailbox or chat widget that messages come in and go out by."""

    id: Text = None
    provider: Word = None
    name: Text = None
    addresses: Several[Address] = ()
    status: Word = None


class Listing(Wire, Generic[T]):
    """A page, in an order that is the service's secret. The last one has no ``next_cursor``."""

    data: Annotated[tuple[T, ...], BeforeValidator(_entries)]
    next_cursor: Text = None
    total_count: Count = None
