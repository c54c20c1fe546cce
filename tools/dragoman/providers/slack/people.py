"""Names for what messages carry as ids: people, bots, groups and channels. Looked up once, for whole pages."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from dragoman.core.json_fields import JsonObject, record_of, records_of, text_of, texts_of
from dragoman.core.slack.references import References
from dragoman.providers.kit.directory import Directory
from dragoman.providers.kit.lookup import Lookup
from dragoman.providers.kit.members import KnownNames, Member, NameBook
from dragoman.providers.slack.api import Api, next_of
from dragoman.transport.http import DerivedCache

SLACKBOT: Final = "USLACKBOT"


class People(NameBook):
    """Finds names for one account."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._references = DerivedCache[References]()
        super().__init__(
            Directory[Member](self._fetch_user, self._list_users),
            bots=Lookup[str, str].one_by_one(self._fetch_bot),
            titles=Lookup[str, str].one_by_one(self._fetch_title, at_once=5),
            groups=Lookup[str, str](self._fetch_groups),
        )

    async def names(self, messages: Iterable[JsonObject], part: object = None) -> KnownNames:
        """The names that messages need; ``part`` is what holds all of them, which may have been looked at before."""

        def collect() -> References:
            found = References()
            for message in messages:
                found.add_message(message)
            found.users.pop(SLACKBOT, None)
            return found

        found = collect() if part is None else self._references.get(part, None, collect)
        names = await self.known(found)
        told = {id_: Member(id=id_, name=name) for id_, name in found.profiles.items() if id_ not in names.users}
        return replace(names, users={**told, **names.users}) if told else names

    async def _list_users(self) -> AsyncGenerator[tuple[list[Member], bool]]:
        async for answer in self._api.list("users.list"):
            yield [_member(one) for one in records_of(answer, "members")], bool(next_of(answer))

    async def _fetch_user(self, id_: str) -> Member:
        return _member(record_of(await self._api.read("users.info", user=id_), "user"))

    async def _fetch_bot(self, id_: str) -> str | None:
        return text_of(record_of(await self._api.read("bots.info", bot=id_), "bot"), "name") or None

    async def _fetch_title(self, id_: str) -> str | None:
        answer = await self._api.read("conversations.info", channel=id_)
        return text_of(record_of(answer, "channel"), "name") or None

    async def _fetch_groups(self, ids: Sequence[str]) -> Mapping[str, str]:
        del ids  # they are listed together only
        groups = records_of(await self._api.read("usergroups.list"), "usergroups")
        return {text_of(one, "id"): text_of(one, "handle", "name") for one in groups}


def _member(raw: JsonObject) -> Member:
    profile, enterprise = record_of(raw, "profile"), record_of(raw, "enterprise_user")
    names = (text_of(profile, "real_name"), text_of(raw, "real_name"), text_of(profile, "display_name"))
    id_, handle, team = text_of(raw, "id"), text_of(raw, "name"), text_of(raw, "team_id")
    teams = (team, text_of(enterprise, "enterprise_id"), *texts_of(enterprise, "teams")) if team else ()
    return Member(
        id=id_,
        name=next((one for one in (*names, handle) if one.strip()), id_),
        handle=handle,
        shown_name=text_of(profile, "display_name"),
        email=text_of(profile, "email"),
        organisations=frozenset(filter(None, teams)),
        is_bot=any(raw.get(key) is True for key in ("is_bot", "is_workflow_bot", "is_connector_bot")),
        is_guest=raw.get("is_restricted") is True or raw.get("is_ultra_restricted") is True,
        is_stranger=raw.get("is_stranger") is True,
        is_gone=raw.get("deleted") is True,
    )
