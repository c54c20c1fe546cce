"""Builds requests that write, from a conversation and its channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import Final

from dragoman.core.errors import Conflict, DeadlineExceeded, DragomanError, InvalidArgument, NotFound, PermissionDenied
from dragoman.core.html_text import to_html
from dragoman.core.model import Author, Message
from dragoman.core.safe_text import SafeText, safe, sentence
from dragoman.providers.base.provider import Change, Draft
from dragoman.providers.convore import mapping, wire
from dragoman.providers.convore.api import Api, Body
from dragoman.providers.convore.message_update import body_of
from dragoman.providers.convore.reading import ConvoreReader

_CLOSED: Final = frozenset({"trash", "spam"})


@dataclass(frozen=True, slots=True)
class WriteContext:
    """A conversation with its channel, as far as they are known."""

    conversation: wire.Conversation
    channel: wire.Channel | None

    @property
    def others(self) -> list[wire.Participant]:
        """Its people without the channel itself."""
        return mapping.others(self.conversation.participants, mapping.addresses_of(self.channel))

    @property
    def is_chat(self) -> bool:
        """Whether its people are known by chat handles."""
        if self.channel is not None and self.channel.provider is not None:
            return self.channel.provider == mapping.CHAT
        return any(one.handle and one.handle.type == mapping.CHAT for one in self.conversation.participants)


class MessageWriter:
    """Writes for one account. Nothing is ever written twice."""

    def __init__(self, api: Api, reader: ConvoreReader) -> None:
        self._api = api
        self._reader = reader

    async def send(self, conversation: str, draft: Draft) -> Message:
        """Send a message into a conversation.

        Without ``reply_to`` it answers the last message that came in, and the channel works out who receives it.
        Where none came in yet, it goes to all participants.
        """
        if not draft.text.strip():
            raise InvalidArgument("The text is empty.", hint="Give the text of the message.")
        context = await self._context_of(conversation)
        # The service would accept the message, and nobody would see it.
        _require_open(context)
        target = await self._target(conversation, draft, context)
        subject = {"subject": draft.subject} if draft.subject else {}
        answer = await self._api.send({**target, **subject, "body": to_html(draft.text)})
        # A list that was read before would hide the new message for two minutes.
        self._reader.forget(conversation)
        return await self._reader.stored(answer, conversation)

    async def update(self, conversation: str, message: str, change: Change) -> Message:
        """Change Convore's record of a message; a mail that was sent stays what its recipients have."""
        body = body_of(change)
        # The service finds a message by its id alone, also one of another conversation.
        await self._reader.checked(conversation, message)
        answer = await self._api.update(message, body)
        self._reader.forget(conversation)
        return await self._reader.stored(answer, conversation)

    async def import_(self, conversation: str, message: Message) -> Message:
        """Store a message from elsewhere; with the id of a channel it begins a conversation.

        A message that is there already is returned instead: by its id elsewhere, or by time, sender and text.
        """
        if message.sent_at is None:
            raise InvalidArgument("Convore needs the time of a message.", hint="Give sent_at.")
        context, channel = await self._context_or_channel(conversation)
        body = _import_body(message, context)
        # A channel begins a new conversation, in which nothing can be yet.
        if message.id and channel is None:
            there = await self._reader.same(conversation, message, mapping.value_of(_sender(message.author, context)))
            if there is not None:
                return there
        place = {"channel_id": channel} if channel else {"conversation_id": conversation}
        answer = await self._api.import_({**place, **body})
        self._reader.forget(conversation)
        return await self._reader.stored(answer, conversation)

    async def _context_of(self, conversation: str) -> WriteContext:
        answer = await self._api.conversation(conversation)
        return WriteContext(answer.value, await self._channel(answer.value.channel_id))

    async def _channel(self, channel: str | None) -> wire.Channel | None:
        """The channel; ``None`` when the key may not see it, which need not keep it from being used."""
        try:
            return await self._api.channel(channel) if channel else None
        except (NotFound, PermissionDenied):
            return None

    async def _context_or_channel(self, conversation: str) -> tuple[WriteContext, str | None]:
        """The target of an import: a conversation, or else a channel by its id."""
        try:
            return await self._context_of(conversation), None
        except NotFound as error:
            try:
                channel = await self._api.channel(conversation)
            # What was named is a conversation, as far as anybody knows; that it is no channel says nothing.
            except DragomanError:
                raise error from None
            return WriteContext(wire.Conversation(), channel), conversation

    async def _target(self, conversation: str, draft: Draft, context: WriteContext) -> Body:
        """The target of a message: the message that it answers, or channel and people."""
        if draft.reply_to is not None:
            answered = await self._reader.checked(conversation, draft.reply_to)
            return {"reply_to_message_id": answered.value.id or draft.reply_to}
        try:
            received = await self._reader.last_received(conversation)
        except DeadlineExceeded as error:
            error.hint = safe("Say with reply_to which message it answers.")
            raise
        if received is not None:
            return {"reply_to_message_id": received.id}
        return _to_everybody(conversation, draft, context)


def _to_everybody(conversation: str, draft: Draft, context: WriteContext) -> Body:
    found = context.others
    if not found or not context.conversation.channel_id:
        raise InvalidArgument(
            "Nobody but the channel itself takes part in this conversation, so there is nobody to send to.",
            hint="Send to a conversation with somebody in it.",
        )
    body: dict[str, object] = {"channel_id": context.conversation.channel_id, "conversation_id": conversation}
    # The short form is documented for mail only; chat handles need the long one.
    if all(one.handle is not None and one.handle.type in {None, mapping.EMAIL} for one in found):
        body["to"] = [mapping.value_of(one) for one in found]
    else:
        body["recipients"] = [mapping.in_role(one, "to") for one in found]
    # Mail programs put a mail of another subject into a thread of its own.
    if context.conversation.subject and not draft.subject:
        body["subject"] = context.conversation.subject
    return body


def _require_open(context: WriteContext) -> None:
    if context.channel is not None and context.channel.status == "disabled":
        raise Conflict(
            "The channel of this conversation is switched off in Convore. Nothing was sent.",
            hint="Switch the channel on, or send to a conversation of another one.",
        )
    if context.conversation.status in _CLOSED:
        raise Conflict(
            sentence("The conversation is {}. Nothing was sent.", _place_of(context.conversation.status)),
            hint="Move it back in Convore first.",
        )


def _place_of(status: str | None) -> SafeText:
    return safe("marked as spam" if status == "spam" else "in the trash")


def _import_body(message: Message, context: WriteContext) -> Body:
    sender = _sender(message.author, context)
    outbound = mapping.address_of(sender.handle) in mapping.addresses_of(context.channel)
    date = message.sent_at.astimezone(UTC).isoformat().replace("+00:00", "Z") if message.sent_at else None
    body: dict[str, object | None] = {
        "date": date,
        "direction": "outbound" if outbound else "inbound",
        "sender": mapping.in_role(sender, "from"),
        "recipients": _recipients(sender, context, outbound=outbound),
        "subject": message.subject or None,
        "body": to_html(message.text) or None,
        "reply_to_message_id": message.reply_to,
    }
    return {name: value for name, value in body.items() if value is not None}


def _recipients(sender: wire.Participant, context: WriteContext, *, outbound: bool) -> list[dict[str, object]]:
    """Recipients of an imported message: the channel, or for its own messages all others."""
    channel = mapping.primary(context.channel)
    if not outbound and channel is not None:
        return [mapping.in_role(channel, "to")]
    from_whom = mapping.address_of(sender.handle)
    found = [one for one in context.others if mapping.address_of(one.handle) != from_whom]
    if not found:
        raise InvalidArgument(
            "It cannot be told who got this message, and Convore wants to know.",
            hint="Import it into a conversation with somebody else in it, or as written by somebody else.",
        )
    return [mapping.in_role(one, "to") for one in found]


def _sender(author: Author, context: WriteContext) -> wire.Participant:
    """The author with an address: the given one, or that of the only one of this name who takes part."""
    writer = mapping.writer_of(author)
    if writer is not None and author.email:
        return writer
    addresses = context.channel.addresses if context.channel else ()
    own = [wire.Participant(handle=one.handle, name=one.name) for one in addresses]
    # A name is enough where exactly one person of the conversation has it.
    known = mapping.named([*mapping.shown(context.conversation.participants), *own], author.name)
    found = known or writer
    if found is not None:
        return found
    if context.is_chat:
        return wire.Participant(handle=wire.Handle(type=mapping.CHAT, value=author.id or author.name), name=author.name)
    raise InvalidArgument(
        "Convore needs the e-mail address of the author.", hint="Write the author as Name <name@example.com>."
    )
