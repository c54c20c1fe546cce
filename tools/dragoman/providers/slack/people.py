"""Names for what messages carry as ids: people, bots, groups and channels. Looked up once, for whole pages."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dragoman.core.json_fields import JsonObject, is_list, record_of, records_of, text_of
from dragoman.core.slack.references import References
from dragoman.providers.kit.directory import Directory
from dragoman.providers.kit.lookup import Lookup
from dragoman.providers.slack.api import Api, Identity, next_of
from dragoman.transport.http import DerivedCache

SLACKBOT: Final = "USLACKBOT"


@dataclass(frozen=True, slots=True)
class User:
    """Somebody in the list of people."""

    id: str
    name: str
    handle: str
    shown_name: str
    email: str
    team: str
    teams: frozenset[str]
    is_bot: bool
    is_guest: bool
    is_stranger: bool
    is_gone: bool

    @property
    def names(self) -> tuple[str, ...]:
        """All that somebody may be called."""
        return self.id, self.name, self.handle, self.shown_name, self.email

    def is_outside(self, us: Identity) -> bool:
        """Whether this person belongs to another organisation."""
        own = {us.team_id, us.enterprise_id} - {""}
        return self.is_stranger or bool(self.team and own and not own & {self.team, *self.teams})

    def label(self) -> str:
        """The name for a list of those who read along."""
        return f"{self.name} (guest)" if self.is_guest else self.name


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The names that a page needs, as far as they could be found out."""

    users: Mapping[str, User]
    bots: Mapping[str, str]
    titles: Mapping[str, str]
    groups: Mapping[str, str]

    def digest(self) -> int:
        """What tells these names from others."""
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


class People:
    """Finds names for one account.

    Attributes:
        titles: Titles of channels by id.
        directory: The people of the workspace.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._references = DerivedCache[References]()
        self._bots = Lookup[str, str].one_by_one(self._fetch_bot)
        self._groups = Lookup[str, str](self._fetch_groups)
        self.titles = Lookup[str, str].one_by_one(self._fetch_title, at_once=5)
        self.directory = Directory[User](self._fetch_user, self._list_users)

    async def names(self, messages: Iterable[JsonObject], part: object = None) -> KnownNames:
        """The names that messages need; ``part`` is what holds all of them, which may have been looked at before."""

        def collect() -> References:
            found = References()
            for message in messages:
                found.add_message(message)
            return found

        found = collect() if part is None else self._references.get(part, None, collect)
        return KnownNames(
            await self.users(found.users),
            await self._bots.get_all(found.bots),
            await self.titles.get_all(found.channels),
            await self._groups.get_all(found.groups),
        )

    async def users(self, ids: Iterable[str]) -> dict[str, User]:
        """People by id, as far as they can be found."""
        return await self.directory.get_all(one for one in ids if one != SLACKBOT)

    async def partner(self, direct: str) -> str:
        """The id of the other one in a direct conversation."""
        return text_of(record_of(await self._api.read("conversations.info", channel=direct), "channel"), "user")

    async def _list_users(self) -> AsyncGenerator[tuple[list[User], bool]]:
        async for answer in self._api.parts("users.list"):
            yield [_user(one) for one in records_of(answer, "members")], bool(next_of(answer))

    async def _fetch_user(self, id_: str) -> User:
        return _user(record_of(await self._api.read("users.info", user=id_), "user"))

    async def _fetch_bot(self, id_: str) -> str | None:
        return text_of(record_of(await self._api.read("bots.info", bot=id_), "bot"), "name") or None

    async def _fetch_title(self, id_: str) -> str | None:
        answer = await self._api.read("conversations.info", channel=id_)
        return text_of(record_of(answer, "channel"), "name") or None

    async def _fetch_groups(self, ids: Sequence[str]) -> Mapping[str, str]:
        del ids  # they are listed together only
        groups = records_of(await self._api.read("usergroups.list"), "usergroups")
        return {text_of(one, "id"): text_of(one, "handle", "name") for one in groups}


def _user(raw: JsonObject) -> User:
    profile, enterprise = record_of(raw, "profile"), record_of(raw, "enterprise_user")
    teams = enterprise.get("teams")
    names = (text_of(profile, "real_name"), text_of(raw, "real_name"), text_of(profile, "display_name"))
    id_, handle = text_of(raw, "id"), text_of(raw, "name")
    return User(
        id=id_,
        name=next((one for one in (*names, handle) if one.strip()), id_),
        handle=handle,
        shown_name=text_of(profile, "display_name"),
        email=text_of(profile, "email"),
        team=text_of(raw, "team_id"),
        teams=frozenset(
            one
            for one in (*(teams if is_list(teams) else ()), text_of(enterprise, "enterprise_id"))
            if isinstance(one, str) and one
        ),
        is_bot=any(raw.get(key) is True for key in ("is_bot", "is_workflow_bot", "is_connector_bot")),
        is_guest=raw.get("is_restricted") is True or raw.get("is_ultra_restricted") is True,
        is_stranger=raw.get("is_stranger") is True,
        is_gone=raw.get("deleted") is True,
    )
