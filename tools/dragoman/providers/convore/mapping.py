"""From what Convore sends to the model, and who is who in it. Pure.

Recipients of blind copies are named nowhere: showing them would tell what was kept from the others.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from dragoman.core.html_text import LONGEST, to_text
from dragoman.core.model import Attachment, Author, Conversation, ConversationKind, Message
from dragoman.core.text_size import ENTRY
from dragoman.core.times import parse_time
from dragoman.providers.convore import wire
from dragoman.providers.kit.wire import visible

EMAIL: Final = "email"
CHAT: Final = "convore_chat"
HIDDEN: Final = "bcc"

_ADDRESS: Final = re.compile(r"(?:mailto:)?([^\s@:<>\"]+@[^\s@:<>\"]+\.[^\s@:<>\"]+)")
_NOBODY: Final = "user"
_SHARED: Final = frozenset({"convoremail.com", "convoreapplication.com", "gmail.com", "googlemail.com"})
"""Domains of channels' addresses that many organisations have theirs in."""

_ANGLES: Final = str.maketrans("<>", "  ")

AddressKey: TypeAlias = tuple[str, str]
"""An address for comparing: type and value without case."""


def email_in(text: str) -> str | None:
    """The address that a text is, and nothing else."""
    found = _ADDRESS.fullmatch(text.strip())
    return found[1] if found else None


def writer_of(author: Author) -> wire.Participant | None:
    """An author with an e-mail address, which the name may be; ``None`` without one."""
    email = author.email or email_in(author.name) or email_in(author.id)
    if email is None:
        return None
    # An address as a name would stand there twice.
    name = None if author.email == author.name or email_in(author.name) else author.name
    return wire.Participant(handle=wire.Handle(type=EMAIL, value=email), name=name)


def author_of(sender: wire.Participant | None, *, own: bool = False) -> Author:
    """The sender of a message; ``own`` when it went out from one of the account's channels."""
    value, name = value_of(sender), name_of(sender)
    email = value if sender and sender.handle and sender.handle.type == EMAIL and value else None
    return Author(id=value, name=name or _NOBODY, email=email, own=own)


def name_of(participant: wire.Participant | None) -> str:
    """The name, or else the address; empty when there is neither."""
    name = " ".join((participant.name or "").split()) if participant else ""
    return name or value_of(participant)


def full_name(participant: wire.Participant) -> str:
    """The name with the address behind it."""
    name, value = name_of(participant), value_of(participant)
    return f"{name} <{value}>" if value and name != value else name


def value_of(participant: wire.Participant | None) -> str:
    """The address; empty when none is told."""
    handle = participant.handle if participant else None
    return (handle.value or "").strip() if handle else ""


def address_of(handle: wire.Handle | None) -> AddressKey | None:
    """The handle for comparing; ``None`` when it has no value."""
    value = (handle.value or "").strip().casefold() if handle else ""
    return ((handle.type or EMAIL) if handle else EMAIL, value) if value else None


def shown(participants: Iterable[wire.Participant]) -> Iterator[wire.Participant]:
    """Those who may be named, each once."""
    seen = set[AddressKey | str]()
    for one in participants:
        # The same person may take part under two roles.
        key = address_of(one.handle) or name_of(one)
        if key and one.role != HIDDEN and key not in seen:
            seen.add(key)
            yield one


def with_role(participants: Iterable[wire.Participant], role: str) -> list[str]:
    """The full names of those with a role."""
    return [full_name(one) for one in participants if one.role == role and name_of(one)]


def addresses_of(channel: wire.Channel | None) -> frozenset[AddressKey]:
    """The addresses of a channel."""
    addresses = channel.addresses if channel else ()
    return frozenset(spot for one in addresses if (spot := address_of(one.handle)))


def others(participants: Iterable[wire.Participant], own: frozenset[AddressKey]) -> list[wire.Participant]:
    """Those who may be named and can be reached, but for the channel itself."""
    found = ((one, address_of(one.handle)) for one in shown(participants))
    return [one for one, spot in found if spot is not None and spot not in own]


def outside(participants: Iterable[wire.Participant], own: frozenset[AddressKey]) -> list[wire.Participant]:
    """Those who are not of the organisation: reached neither at one of its channels nor in the domain of one.

    Who has an address in the domain of a channel may be a colleague or not; Convore does not tell.
    """
    domains = {_domain(value) for kind, value in own if kind == EMAIL} - _SHARED
    return [one for one in others(participants, own) if not _within(one, domains)]


def reached(participant: wire.Participant) -> str:
    """A name with the address behind it in angle brackets, in which there are no others; the name alone in a chat."""
    # Brackets in a name could pretend to be another address.
    value, name = (_bare(text) for text in (value_of(participant), name_of(participant)))
    by_mail = participant.handle is not None and participant.handle.type in {None, EMAIL}
    return f"{name} <{value}>" if by_mail and value and name != value else name


def _bare(text: str) -> str:
    return " ".join(text.translate(_ANGLES).split())


def _within(participant: wire.Participant, domains: Collection[str]) -> bool:
    spot = address_of(participant.handle)
    domain = _domain(spot[1]) if spot is not None and spot[0] == EMAIL else ""
    return any(domain == one or domain.endswith(f".{one}") for one in domains)


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def primary(channel: wire.Channel | None) -> wire.Participant | None:
    """The address of a channel that messages to it go to."""
    usable = [one for one in (channel.addresses if channel else ()) if address_of(one.handle)]
    best = sorted(usable, key=lambda one: one.is_primary is not True)[:1]
    return next((wire.Participant(handle=one.handle, name=one.name) for one in best), None)


def named(participants: Sequence[wire.Participant], name: str) -> wire.Participant | None:
    """The only one who is called so."""
    wanted = name.casefold()
    found = {address_of(one.handle): one for one in participants if name_of(one).casefold() == wanted}
    # Two of the same name cannot be told apart.
    return next(iter(found.values())) if len(found) == 1 and None not in found else None


def in_role(participant: wire.Participant, role: str) -> dict[str, object]:
    """A participant as a request has it."""
    handle = participant.handle or wire.Handle()
    value, name = value_of(participant), " ".join((participant.name or "").split())
    body: dict[str, object] = {"handle": {"type": handle.type or EMAIL, "value": value}, "role": role}
    return {**body, "name": name} if name else body


EXTERNAL_ID: Final = "external_message_id"

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
        attachments=tuple(
            Attachment(
                name=one.filename or one.id or "file", id=one.id or "", media_type=one.content_type, size=one.size
            )
            for one in found.attachments
        ),
        extra=_extra(found),
    )


def to_conversation(found: wire.Conversation) -> Conversation | None:
    """A conversation; ``None`` for one without an id."""
    if not found.id:
        return None
    unread = 0 if found.is_unread is False else None  # how many are unread is not told
    # Mail, or a direct chat in the chat widget: only the handles tell.
    is_chat = any(one.handle is not None and one.handle.type == CHAT for one in found.participants)
    return Conversation(
        id=found.id,
        title=" ".join((found.subject or "").split()),
        kind=ConversationKind.DIRECT if is_chat else ConversationKind.MAIL,
        last_message_at=parse_time(found.last_message_date),
        participants=tuple(name_of(one) for one in shown(found.participants)),
        messages=found.message_count,
        unread=unread,
        status=found.status if found.status != _USUAL else None,
        extra=_about(found),
    )


def text_of(found: wire.Message) -> tuple[str, bool]:
    """The text for a reader, and whether there may be more of it than the service gave.

    In this order: the plain text, the HTML, the HTML with quotes; where all are missing, the preview.
    """
    for markup, text in ((False, found.text_body), (True, found.body), (True, found.raw_body)):
        words = visible(to_text(text) if markup else text) if text else ""
        if words.strip():
            return words, markup and len(text or "") > LONGEST
    if found.text_body is None and found.body is None and found.raw_body is None:
        # A preview is the beginning of a text, so there may be more of it.
        return visible(found.snippet or ""), found.snippet is not None or found.format == "minimal"
    return "", False


def size_of(found: wire.Message) -> int:
    """Characters that :func:`to_message` may have to read."""
    texts = sum(len(text) for text in (found.text_body, found.body, found.raw_body, found.snippet) if text)
    return texts + ENTRY * (len(found.recipients) + len(found.attachments))


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
