"""The members of a workspace, and the names that its messages need."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from dragoman.core.json_fields import JsonObject
from dragoman.providers.kit.directory import Directory
from dragoman.providers.kit.lookup import Lookup
from dragoman.transport.http import DerivedCache


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whom an account speaks for.

    Attributes:
        id: By which messages name it.
        name: What it is called.
        is_bot: It is a program that appears as itself, and no person.
        organisations: Ids of those that it belongs to, such as a workspace, tenant or server.
    """

    id: str
    name: str = ""
    is_bot: bool = False
    organisations: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in the list of people.

    Attributes:
        organisations: Ids of those that this person belongs to; empty where that is not told.
        is_guest: Of ours, and sees only a part of it.
        is_stranger: Of another organisation, whatever the ids say.
        is_gone: Has left, and cannot be written to.
    """

    id: str
    name: str
    handle: str = ""
    shown_name: str = ""
    email: str = ""
    organisations: frozenset[str] = frozenset()
    is_bot: bool = False
    is_guest: bool = False
    is_stranger: bool = False
    is_gone: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """All that somebody may be called."""
        return self.id, self.name, self.handle, self.shown_name, self.email

    @property
    def aliases(self) -> tuple[str, ...]:
        """Further names of a person."""
        return tuple({one: None for one in (self.handle, self.shown_name) if one and one != self.name})

    def is_outside(self, own: Collection[str]) -> bool:
        """Whether this person belongs to none of our organisations."""
        # Unknown organisations prove nothing, and a wrong warning is soon ignored.
        return self.is_stranger or bool(self.organisations and own and self.organisations.isdisjoint(own))

    def label(self) -> str:
        """The name for a list of those who read along."""
        return f"{self.name} (guest)" if self.is_guest else self.name


class Mentioned(Protocol):
    """Ids that stand in messages."""

    @property
    def users(self) -> Iterable[str]:
        """People."""
        ...

    @property
    def bots(self) -> Iterable[str]:
        """Programs that are no people."""
        ...

    @property
    def channels(self) -> Iterable[str]:
        """Conversations."""
        ...

    @property
    def groups(self) -> Iterable[str]:
        """Groups of people."""
        ...

    @property
    def profiles(self) -> Mapping[str, str]:
        """Names of people that messages tell themselves, by id."""
        ...


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The names that a page needs, as far as they could be found out."""

    users: Mapping[str, Member]
    bots: Mapping[str, str]
    titles: Mapping[str, str]
    groups: Mapping[str, str]

    def digest(self) -> int:
        """The key of these names among others."""
        return hash((*self.users.values(), *self.bots.items(), *self.titles.items(), *self.groups.items()))

    def name_of(self, id_: str) -> str:
        """A person."""
        return self.users[id_].name if id_ in self.users else ""

    def title_of(self, id_: str) -> str:
        """A channel."""
        return self.titles.get(id_, "")

    def group_of(self, id_: str) -> str:
        """A group of people."""
        return self.groups.get(id_, "")


class NameBook:
    """Finds names for one account.

    Args:
        directory: The people of the workspace.
        titles: Titles of channels by id.
        bots: Names of programs that are no people.
        groups: Names of groups of people.
        mentioned: Finds what messages mention.

    Attributes:
        directory: The first argument.
        titles: Likewise.
    """

    def __init__(
        self,
        directory: Directory[Member],
        *,
        titles: Lookup[str, str],
        bots: Lookup[str, str],
        groups: Lookup[str, str],
        mentioned: Callable[[Iterable[JsonObject]], Mentioned],
    ) -> None:
        self.directory = directory
        self.titles = titles
        self._bots = bots
        self._groups = groups
        self._find_mentioned = mentioned
        self._mentioned = DerivedCache[Mentioned]()

    async def names(self, messages: Iterable[JsonObject], part: object = None) -> KnownNames:
        """The names that messages need; ``part`` is what holds all of them, which may have been looked at before."""

        def find() -> Mentioned:
            return self._find_mentioned(messages)

        return await self.known(find() if part is None else self._mentioned.get(part, None, find))

    async def known(self, ids: Mentioned) -> KnownNames:
        """The names of what messages mention; the messages' own word counts where the directory has none."""
        names = KnownNames(
            await self.directory.get_all(ids.users),
            await self._bots.get_all(ids.bots),
            await self.titles.get_all(ids.channels),
            await self._groups.get_all(ids.groups),
        )
        # Guests and people who left may be missing in the directory.
        told = {id_: Member(id=id_, name=name) for id_, name in ids.profiles.items() if id_ not in names.users}
        return replace(names, users={**told, **names.users}) if told else names
