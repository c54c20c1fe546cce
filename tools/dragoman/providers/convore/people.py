"""Who is who in a message or a conversation. Pure.

Recipients of blind copies are named nowhere: showing them would tell what was kept from the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from dragoman.model import Author
from dragoman.providers.convore import wire

EMAIL: Final = "email"
CHAT: Final = "convore_chat"
HIDDEN: Final = "bcc"

_NOBODY: Final = "user"

Spot: TypeAlias = tuple[str, str]
"""Where somebody is reached, for comparing: type and value without case."""


def author_of(sender: wire.Participant | None) -> Author:
    """The sender of a message."""
    value, name = value_of(sender), name_of(sender)
    email = value if sender and sender.handle and sender.handle.type == EMAIL and value else None
    return Author(id=value, name=name or _NOBODY, email=email)


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


def spot_of(handle: wire.Handle | None) -> Spot | None:
    """The handle for comparing; ``None`` when it has no value."""
    value = (handle.value or "").strip().casefold() if handle else ""
    return ((handle.type or EMAIL) if handle else EMAIL, value) if value else None


def shown(participants: Iterable[wire.Participant]) -> Iterator[wire.Participant]:
    """Those who may be named, each once."""
    seen = set[Spot | str]()
    for one in participants:
        key = spot_of(one.handle) or name_of(one)
        if key and one.role != HIDDEN and key not in seen:
            seen.add(key)
            yield one


def with_role(participants: Iterable[wire.Participant], role: str) -> list[str]:
    """The full names of those with a role."""
    return [full_name(one) for one in participants if one.role == role and name_of(one)]


def spots_of(channel: wire.Channel | None) -> frozenset[Spot]:
    """The addresses of a channel."""
    addresses = channel.addresses if channel else ()
    return frozenset(spot for one in addresses if (spot := spot_of(one.handle)))


def others(participants: Iterable[wire.Participant], own: frozenset[Spot]) -> list[wire.Participant]:
    """Those who may be named and can be reached, but for the channel itself."""
    found = ((one, spot_of(one.handle)) for one in shown(participants))
    return [one for one, spot in found if spot is not None and spot not in own]


def primary(channel: wire.Channel | None) -> wire.Participant | None:
    """The address of a channel that messages to it go to."""
    usable = [one for one in (channel.addresses if channel else ()) if spot_of(one.handle)]
    best = sorted(usable, key=lambda one: one.is_primary is not True)[:1]
    return next((wire.Participant(handle=one.handle, name=one.name) for one in best), None)


def named(participants: Sequence[wire.Participant], name: str) -> wire.Participant | None:
    """The only one who is called so."""
    wanted = name.casefold()
    found = {spot_of(one.handle): one for one in participants if name_of(one).casefold() == wanted}
    return next(iter(found.values())) if len(found) == 1 and None not in found else None


def in_role(participant: wire.Participant, role: str) -> dict[str, object]:
    """A participant as a request has it."""
    handle = participant.handle or wire.Handle()
    value, name = value_of(participant), " ".join((participant.name or "").split())
    body: dict[str, object] = {"handle": {"type": handle.type or EMAIL, "value": value}, "role": role}
    return {**body, "name": name} if name else body
