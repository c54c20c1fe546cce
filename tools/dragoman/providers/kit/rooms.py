"""Conversations and their people: lists of them, the direct one with somebody, and who reads along."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple, Protocol, TypeAlias

import anyio

from dragoman.core.errors import DragomanError, NotFound, PermissionDenied
from dragoman.core.folding import fold
from dragoman.core.model import Audience, Conversation, ConversationKind
from dragoman.core.queries import ConversationQuery
from dragoman.core.times import EPOCH, from_us
from dragoman.providers.kit.cache import TtlCache
from dragoman.providers.kit.conversation_list import ConversationList, matches
from dragoman.providers.kit.lookup import AskedOnce, Lookup
from dragoman.providers.kit.members import Identity, Member, NameBook
from dragoman.providers.kit.movement import Recent

_FRESH: Final = 60.0  # seconds for which public channels are not listed again
_FEW: Final = 12  # conversations that are worth a call each
_MOST_NAMED: Final = 200
_MOST_IN_TITLE: Final = 20  # people of a group
_OTHERS: Final = "others of another organisation"


class Room(NamedTuple):
    """A conversation as the service tells it.

    Attributes:
        conversation: Without its people; the title of one of people is for when their names are not known.
        people: Ids of those in a direct conversation or group; of a group without any they are asked for.
        is_shared: People of other organisations read along.
    """

    conversation: Conversation
    people: Sequence[str] = ()
    is_shared: bool = False


class RoomSource(Protocol):
    """Asks the service."""

    async def joined(self) -> Sequence[Room]:
        """The conversations that the account is in."""
        ...

    async def public(self) -> Sequence[Room]:
        """Those that anybody may join."""
        ...

    async def room(self, conversation: str, /) -> Room:
        """One conversation.

        Raises:
            NotFound: There is none.
        """
        ...

    async def members(self, conversation: str, most: int, /) -> Sequence[str]:
        """Ids of the first people of a conversation."""
        ...

    async def open_direct(self, person: str, /, *, create: bool) -> str | None:
        """The id of the direct conversation with somebody; ``None`` where it is not there and not to be opened."""
        ...


RecentSearch: TypeAlias = Callable[[datetime | None], Awaitable[Recent | None]]
"""Tells what was written since a time, or lately; ``None`` where nothing tells that."""


class Rooms:
    """The conversations of one account.

    Args:
        source: Asks the service.
        names: Finds names.
        us: Whom the account speaks for.
        recent: Tells which conversations are the liveliest.
        newest: When a conversation had its last message.

    Attributes:
        page: Gives a page of those that the account is in, and, of a text, of public channels and people.
    """

    def __init__(
        self,
        source: RoomSource,
        names: NameBook,
        us: AskedOnce[Identity],
        recent: RecentSearch,
        newest: Callable[[str], Awaitable[datetime | None]],
    ) -> None:
        self._source = source
        self._names = names
        self._us = us
        self._recent = recent
        self._newest = newest
        self._groups = Lookup[str, Sequence[str]].one_by_one(self._people_of, at_once=_FEW)
        self._public = TtlCache[str, Sequence[Conversation]](1, _FRESH)
        self.page = ConversationList(self._own, self._elsewhere).page

    async def one(self, conversation: str) -> Conversation:
        """One conversation, or a person who can be written to: ``@`` and an id, handle, name or address."""
        if conversation.startswith("@"):
            member = await self._names.directory.find(conversation)
            direct = await self._direct(member, create=False)
            if direct is None:
                return _person(member)
            conversation = direct
        (found,) = await self._named([await self._source.room(conversation)])
        return found

    async def id_of(self, conversation: str) -> str:
        """The id of a conversation; of a person that of the direct one, if there is one."""
        return (await self.one(conversation)).id if conversation.startswith("@") else conversation

    async def place(self, conversation: str, *, create: bool) -> str | None:
        """The same for a message to be sent or looked for: ``None`` where there is none and none is to be opened."""
        if not conversation.startswith("@"):
            return conversation
        return await self._direct(await self._names.directory.find(conversation), create=create)

    async def members(self, conversation: str) -> list[Member]:
        """The first people of a conversation, as far as they are known."""
        ids = await self._source.members(conversation, _MOST_NAMED)
        return list((await self._names.directory.get_all(ids[:_MOST_NAMED])).values())

    async def audience(self, conversation: str) -> Audience:
        """Readers of a conversation, with those from outside."""
        us = await self._us.get()
        own = {} if us.is_bot else await self._names.directory.get_all([us.id])
        sender = "" if us.is_bot else own[us.id].name if us.id in own else us.name or us.id
        if conversation.startswith("@"):
            member = await self._names.directory.find(conversation)
            person = _person(member)
            external = person.participants if member.is_outside(us.organisations) else ()
            return Audience(conversation=replace(person, external=external), sender=sender)
        room = await self._source.room(conversation)
        (found,) = await self._named([room])
        members = await self.members(conversation)
        others = [one for one in members if one.id != us.id]
        outside = tuple(one.label() for one in others if one.is_outside(us.organisations))
        # Whoever is not named may be from outside, and consent must not overlook them.
        if room.is_shared and (not outside or (found.members or 0) > len(members)):
            outside = (*outside, _OTHERS)
        there = replace(
            found,
            participants=tuple(one.label() for one in others) or found.participants,
            members=found.members or (len(members) if found.kind is not ConversationKind.CHANNEL else None),
            external=outside,
        )
        return Audience(conversation=there, sender=sender)

    async def _direct(self, member: Member, *, create: bool) -> str | None:
        try:
            return await self._source.open_direct(member.id, create=create)
        except (NotFound, PermissionDenied):
            if create:
                raise
            return None

    async def _own(self) -> list[Conversation]:
        found, times = await self._named(await self._source.joined()), dict[str, datetime | None]()
        with suppress(DragomanError):
            recent = await self._recent(None)
            times |= {id_: from_us(at) for id_, at in recent.newest.items()} if recent else {}
        dated = {one.id: replace(one, last_message_at=times.get(one.id, one.last_message_at)) for one in found}

        async def look(one: Conversation) -> None:
            with suppress(DragomanError):
                dated[one.id] = await self._with_latest(one)

        async with anyio.create_task_group() as tasks:
            # Asking for each would use up the rate in a large workspace.
            for one in _worth_a_look(dated.values()):
                tasks.start_soon(look, one)
        return list(dated.values())

    async def _with_latest(self, one: Conversation) -> Conversation:
        """The same with its last message's time; a service that tells the unread does so of a direct one alone."""
        if one.kind is ConversationKind.DIRECT:
            told = (await self._source.room(one.id)).conversation
            one = replace(one, unread=told.unread, last_message_at=told.last_message_at or one.last_message_at)
        return one if one.last_message_at else replace(one, last_message_at=await self._newest(one.id))

    async def _elsewhere(
        self, query: ConversationQuery, wanted: str, own: Sequence[Conversation]
    ) -> list[Conversation]:
        """Public channels that the account is not in, and people without a direct conversation."""
        found, known = list[Conversation](), {one.id for one in own}
        # Who typed a whole title means that channel, and no other is looked for.
        exact = any(fold(one.title) == wanted for one in own)
        if query.kind in (None, ConversationKind.CHANNEL) and not exact:
            found += [one for one in await self._public_channels() if one.id not in known and matches(one, wanted)]
        if query.kind in (None, ConversationKind.DIRECT) and not query.exact:
            there = {name for one in own if one.kind is ConversationKind.DIRECT for name in one.participants}
            us = await self._us.get()
            people = await self._names.directory.matching(wanted)
            found += [_person(one) for one in people if one.name not in there and one.id != us.id]
        return found

    async def _public_channels(self) -> Sequence[Conversation]:
        known = self._public.get("")
        if known is None:
            known = await self._named(await self._source.public())
            self._public.put("", known)
        return known

    async def _named(self, rooms: Sequence[Room]) -> list[Conversation]:
        """Conversations with the names of their people."""
        us, found = await self._us.get_or_none(), [one.conversation for one in rooms]
        people = {one.conversation.id: one.people for one in rooms}
        groups = [one.id for one in found if one.kind is ConversationKind.GROUP and not people[one.id]]
        people |= await self._groups.get_all(groups)
        for one in found:
            if one.kind is ConversationKind.CHANNEL and one.title:
                self._names.titles.put(one.id, one.title)
        others = {id_: [one for one in ids[:_MOST_IN_TITLE] if not us or one != us.id] for id_, ids in people.items()}
        members = await self._names.directory.get_all(id_ for ids in others.values() for id_ in ids)
        return [_with_people(one, others[one.id], members, us) for one in found]

    async def _people_of(self, group: str) -> Sequence[str] | None:
        return await self._source.members(group, _MOST_IN_TITLE) or None


def _worth_a_look(found: Iterable[Conversation]) -> Sequence[Conversation]:
    """Those to ask for one by one: all whose time is not known where they are few, and direct ones, for the unread."""
    unknown = [one for one in found if one.last_message_at is None]
    dated = [one for one in found if one.last_message_at is not None and one.kind is ConversationKind.DIRECT]
    latest = sorted(dated, key=lambda one: one.last_message_at or EPOCH, reverse=True)
    return [*(unknown if len(unknown) <= _FEW else ()), *latest][:_FEW]


def _with_people(
    one: Conversation, ids: Sequence[str], members: Mapping[str, Member], us: Identity | None
) -> Conversation:
    there = [members[id_] for id_ in ids if id_ in members]
    people = tuple(members[id_].name if id_ in members else id_ for id_ in ids)
    outside = tuple(member.label() for member in there if us is not None and member.is_outside(us.organisations))
    return replace(one, title=", ".join(people) or one.title or one.id, participants=people, external=outside)


def _person(member: Member) -> Conversation:
    names = (member.name,)
    return Conversation(id=f"@{member.id}", title=member.name, kind=ConversationKind.DIRECT, participants=names)
