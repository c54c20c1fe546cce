"""Readers of a conversation and receivers of a message, for the user who confirms a write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from dragoman.core.errors import DragomanError
from dragoman.core.model import Audience, Conversation
from dragoman.providers.base.provider import Draft
from dragoman.providers.convore import mapping, wire
from dragoman.providers.convore.api import Api
from dragoman.providers.convore.mapping import AddressKey, to_conversation
from dragoman.providers.convore.reading import ConvoreReader


async def audience_of(api: Api, reader: ConvoreReader, conversation: str, draft: Draft | None) -> Audience:
    """Participants of a conversation, outsiders among them, and receivers of a draft."""
    answer = await api.conversation(conversation)
    found = to_conversation(answer.value)
    if found is None:
        raise answer.failure("The answer of {service} is no conversation")
    # Colleagues are told from outsiders by the addresses of the organisation's channels.
    own = await _own(api, answer.value.channel_id)
    room = replace(found, id=conversation)
    try:
        answered = None if draft is None else await _answered(reader, conversation, draft)
    except DragomanError:
        # Sending will say what is wrong with it; who takes part can be told all the same.
        return _audience(room, answer.value.participants, own)
    told = _audience(room, [*answer.value.participants, *_had(answered)], own)
    return told if draft is None else _addressed(told, answer.value, answered, own or frozenset())


def _audience(room: Conversation, there: Sequence[wire.Participant], own: frozenset[AddressKey] | None) -> Audience:
    names = tuple(mapping.name_of(one) for one in mapping.shown(there))
    external = () if own is None else _reached(mapping.outside(there, own))
    return Audience(conversation=replace(room, participants=names, external=external))


def _had(message: wire.Message | None) -> list[wire.Participant]:
    """Those who have written and received a message: not all of them need take part in its conversation."""
    if message is None:
        return []
    return [one for one in (message.sender, *message.recipients) if one is not None]


async def _own(api: Api, channel: str | None) -> frozenset[AddressKey] | None:
    """The addresses of all channels; ``None`` when those of this channel are not told."""
    if not channel:
        return None
    try:
        known = {one.id: mapping.addresses_of(one) for one in (await api.channels()).data}
        # The list is cut at a hundred channels.
        if channel not in known:
            known[channel] = mapping.addresses_of(await api.channel(channel))
    except DragomanError:
        return None
    return frozenset[AddressKey]().union(*known.values()) if known.get(channel) else None


async def _answered(reader: ConvoreReader, conversation: str, draft: Draft) -> wire.Message | None:
    if draft.reply_to is not None:
        return (await reader.checked(conversation, draft.reply_to)).value
    return await reader.last_received(conversation)


def _addressed(
    told: Audience, conversation: wire.Conversation, answered: wire.Message | None, own: frozenset[AddressKey]
) -> Audience:
    """The recipients: the author of the answered message, and others of it if the channel adds them."""
    if answered is None:
        return replace(told, receivers=_reached(mapping.others(conversation.participants, own)))
    sender = answered.sender if answered.direction == "inbound" else None
    writer = mapping.others([sender] if sender else [], own)
    known = {mapping.address_of(one.handle) for one in writer}
    # Whether an answer goes to all is a setting of the channel, which the API does not tell.
    perhaps = [one for one in mapping.others(answered.recipients, own) if mapping.address_of(one.handle) not in known]
    return replace(told, receivers=_reached(writer), perhaps=_reached(perhaps))


def _reached(found: Iterable[wire.Participant]) -> tuple[str, ...]:
    return tuple(mapping.reached(one) for one in found)
