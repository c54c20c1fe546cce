"""Names for what messages carry as ids: people, bots, groups and channels. Looked up once, for whole pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from dragoman.core.errors import DragomanError
from dragoman.core.folding import fold
from dragoman.core.json_fields import JsonObject, is_list, record_of, records_of, text_of
from dragoman.core.slack.references import References
from dragoman.providers.kit.cache import TtlCache
from dragoman.providers.kit.lookup import Lookup
from dragoman.providers.kit.people import by_name, only_person
from dragoman.providers.slack.api import Api, Identity

SLACKBOT: Final = "USLACKBOT"
_HOUR: Final = 3600.0
_FEW: Final = 3  # people who are looked up one by one; for more of them the list of a small workspace is shorter
_USER_ID: Final = re.compile(r"[UW][A-Z0-9]{5,30}")


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

    @property
    def calls(self) -> set[str]:
        """What somebody may be called, folded."""
        return {fold(one) for one in (self.id, self.name, self.handle, self.shown_name, self.email) if one}

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
    """Finds names for one account."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._users = Lookup[str, User](self._fetch_users, batch=1)
        self._bots = Lookup[str, str](self._fetch_bots, batch=1)
        self.titles = Lookup[str, str](self._fetch_titles, batch=1, at_once=5)
        self._groups = Lookup[str, str](self._fetch_groups)
        self._all = TtlCache[str, Sequence[User]](1, _HOUR)
        self._is_small = True

    async def names(self, messages: Iterable[JsonObject]) -> KnownNames:
        """The names that messages need."""
        found = References()
        for message in messages:
            found.add_message(message)
        return KnownNames(
            await self.users(found.users),
            await self._bots.get_all(found.bots),
            await self.titles.get_all(found.channels),
            await self._groups.get_all(found.groups),
        )

    async def users(self, ids: Iterable[str]) -> dict[str, User]:
        """People by id, as far as they can be found."""
        wanted = [one for one in dict.fromkeys(ids) if one and one != SLACKBOT]
        missing = [one for one in wanted if self._users.get(one) is None]
        if len(missing) > _FEW and self._is_small:
            with suppress(DragomanError):
                answer = await self._api.read("users.list", limit=200)
                self._is_small = not text_of(record_of(answer, "response_metadata"), "next_cursor")
                self._note(_user(one) for one in records_of(answer, "members"))
        return await self._users.get_all(wanted)

    async def find(self, called: str) -> User:
        """The only person of an id, handle, name or address.

        Raises:
            NotFound: There is none.
            InvalidArgument: There are several; the sentence names them.
        """
        called = called.strip().removeprefix("@")
        if _USER_ID.fullmatch(called):
            known = (await self.users([called])).get(called)
            if known is not None:
                return known
        return only_person(
            called, by_name(await self.everybody(), lambda one: one.calls), lambda one: (one.id, one.name)
        )

    async def partner(self, direct: str) -> str:
        """The id of the other one in a direct conversation."""
        return text_of(record_of(await self._api.read("conversations.info", channel=direct), "channel"), "user")

    async def everybody(self) -> Sequence[User]:
        """All people of the workspace who have not left; read where a name has to be found, and then kept."""
        known = self._all.get("")
        if known is None:
            known = [
                _user(one)
                async for answer in self._api.parts("users.list")
                for one in records_of(answer, "members")
                if one.get("deleted") is not True
            ]
            self._note(known)
            self._all.put("", known)
        return known

    def _note(self, users: Iterable[User]) -> None:
        for one in users:
            self._users.put(one.id, one)

    async def _fetch_users(self, ids: Sequence[str]) -> Mapping[str, User]:
        return {one: _user(record_of(await self._api.read("users.info", user=one), "user")) for one in ids}

    async def _fetch_bots(self, ids: Sequence[str]) -> Mapping[str, str]:
        answers = {one: record_of(await self._api.read("bots.info", bot=one), "bot") for one in ids}
        return {one: name for one, bot in answers.items() if (name := text_of(bot, "name"))}

    async def _fetch_titles(self, ids: Sequence[str]) -> Mapping[str, str]:
        answers = {one: await self._api.read("conversations.info", channel=one) for one in ids}
        return {one: name for one, it in answers.items() if (name := text_of(record_of(it, "channel"), "name"))}

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
    )
