"""From what Convore sends to the model. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from dragoman.core.context.large_work import ENTRY
from dragoman.core.html_text import LONGEST, to_text
from dragoman.core.model import Attachment, Conversation, ConversationKind, Message
from dragoman.providers.convore import wire
from dragoman.providers.convore.people import CHAT, author_of, name_of, shown, with_role
from dragoman.providers.kit.text import visible
from dragoman.providers.kit.times import parse_time

EXTERNAL_ID: Final = "external_message_id"
ANSWERED: Final = "reply_to_external_id"

OUTBOUND: Final = "outbound"

_USUAL: Final = "open"
_NO_PRIORITY: Final = "no_priority"


def to_message(found: wire.Message, conversation: str) -> Message | None:
    """A message; ``None`` for one without an id, which nothing could refer to.

    ``reply_to`` is what the service says, which may be another system's id: see :func:`with_parents`.
    """
    if not found.id:
        return None
    text, partial = text_of(found)
    answered = (found.reply_to_message_id or "").strip()
    return Message(
        id=found.id,
        conversation=conversation,
        author=author_of(found.sender, own=found.direction == OUTBOUND),
        sent_at=parse_time(found.date),
        text=text,
        partial=partial,
        subject=found.subject or None,
        reply_to=answered if answered not in {"", found.id} else None,
        attachments=tuple(_attachments(found.attachments)),
        extra=_extra(found),
    )


def to_conversation(found: wire.Conversation) -> Conversation | None:
    """A conversation; ``None`` for one without an id."""
    if not found.id:
        return None
    unread = 0 if found.is_unread is False else None  # how many are unread is not told
    return Conversation(
        id=found.id,
        title=" ".join((found.subject or "").split()),
        kind=kind_of(found.participants),
        last_message_at=parse_time(found.last_message_date),
        participants=tuple(name_of(one) for one in shown(found.participants)),
        messages=found.message_count,
        unread=unread,
        status=found.status if found.status != _USUAL else None,
        extra=_about(found),
    )


def kind_of(participants: Iterable[wire.Participant]) -> ConversationKind:
    """Mail, or a direct chat in the chat widget; the handles tell."""
    chat = any(one.handle is not None and one.handle.type == CHAT for one in participants)
    return ConversationKind.DIRECT if chat else ConversationKind.MAIL


def text_of(found: wire.Message) -> tuple[str, bool]:
    """The text for a reader, and whether there may be more of it than the service gave.

    In this order: the plain text, the HTML, the HTML with quotes; where all are missing, the preview.
    """
    for markup, text in _bodies(found):
        words = visible(to_text(text) if markup else text)
        if words.strip():
            return words, markup and len(text) > LONGEST
    if found.text_body is None and found.body is None and found.raw_body is None:
        return visible(found.snippet or ""), found.snippet is not None or found.format == "minimal"
    return "", False


def size_of(found: wire.Message) -> int:
    """Characters that :func:`to_message` may have to read."""
    texts = sum(len(text) for text in (found.text_body, found.body, found.raw_body, found.snippet) if text)
    return texts + ENTRY * (len(found.recipients) + len(found.attachments))


def with_parents(messages: Sequence[Message], known: Callable[[str], str | None], *, whole: bool) -> list[Message]:
    """Messages whose ``reply_to`` is the id of a message of the same conversation, or ``None``.

    What is answered elsewhere, or under an unknown id of another system, is in ``extra``. ``known`` finds an id by
    the id that another system gave; ``whole``: these are all messages of the conversation.
    """
    here = {one.id for one in messages}
    by_external = externals(messages)
    return [_with_parent(one, here, lambda said: by_external.get(said) or known(said), whole=whole) for one in messages]


def externals(messages: Iterable[Message]) -> dict[str, str]:
    """Ids of messages by the ids that other systems gave them."""
    return {str(one.extra[EXTERNAL_ID]): one.id for one in messages if EXTERNAL_ID in one.extra}


def _bodies(found: wire.Message) -> Iterator[tuple[bool, str]]:
    for markup, text in ((False, found.text_body), (True, found.body), (True, found.raw_body)):
        if text:
            yield markup, text


def _with_parent(message: Message, here: set[str], find: Callable[[str], str | None], *, whole: bool) -> Message:
    said = message.reply_to
    if said is None or said in here:
        return message
    parent = find(said)
    if parent is not None and parent != message.id and (parent in here or not whole):
        return replace(message, reply_to=parent)
    foreign = whole or "@" in said or "<" in said  # a Message-ID of mail is no id of Convore
    if not foreign:
        return message
    return replace(message, reply_to=None, extra={**message.extra, ANSWERED: said})


def _attachments(files: Iterable[wire.Attachment]) -> Iterator[Attachment]:
    for one in files:
        name = one.filename or one.id or "file"
        yield Attachment(name=name, id=one.id or "", media_type=one.content_type, size=one.size)


def _extra(found: wire.Message) -> Mapping[str, object]:
    extra = {
        "direction": found.direction,
        "to": with_role(found.recipients, "to"),
        "cc": with_role(found.recipients, "cc"),
        "reply_type": found.reply_type,
        EXTERNAL_ID: found.external_message_id,
        "channel_id": found.channel_id,
        "recorded_at": found.created_at,
        "inline_files": [one.filename for one in found.attachments if one.is_inline and one.filename],
    }
    return _there(extra)


def _about(found: wire.Conversation) -> Mapping[str, object]:
    extra = {
        "priority": found.priority if found.priority != _NO_PRIORITY else None,
        "labels": [one.name for one in found.labels if one.name],
        "snippet": visible(found.snippet or "").strip(),
        "unread": found.is_unread or None,
        "drafts": found.draft_count or None,
        "files": found.attachment_count or None,
        "channel_id": found.channel_id,
        "created_at": found.created_at,
    }
    return _there(extra)


def _there(extra: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in extra.items() if value not in (None, "", [])}
