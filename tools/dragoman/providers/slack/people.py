"""Names for what messages carry as ids: people, bots, groups and channels."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from typing import Final

from dragoman.core.json_fields import JsonObject, flag_of, record_of, records_of, text_of, texts_of
from dragoman.core.slack.references import References
from dragoman.providers.kit.directory import Directory
from dragoman.providers.kit.lookup import Lookup
from dragoman.providers.kit.members import Member, NameBook
from dragoman.providers.slack.api import Api, next_of

SLACKBOT: Final = "USLACKBOT"
_BOTS: Final = ("is_bot", "is_workflow_bot", "is_connector_bot")


def name_book(api: Api) -> NameBook:
    """What finds names for one account."""

    async def fetch_user(id_: str) -> Member:
        return _member(record_of(await api.read("users.info", user=id_), "user"))

    async def list_users() -> AsyncGenerator[tuple[list[Member], bool]]:
        async for answer in api.list("users.list"):
            yield [_member(one) for one in records_of(answer, "members")], bool(next_of(answer))

    def names_of(method: str, kind: str) -> Lookup[str, str]:
        async def fetch(id_: str) -> str | None:
            return text_of(record_of(await api.read(method, **{kind: id_}), kind), "name") or None

        return Lookup[str, str].one_by_one(fetch, at_once=5)

    async def fetch_groups(_: Sequence[str]) -> Mapping[str, str]:
        groups = records_of(await api.read("usergroups.list"), "usergroups")  # they are listed together only
        return {text_of(one, "id"): text_of(one, "handle", "name") for one in groups}

    return NameBook(
        Directory[Member](fetch_user, list_users),
        titles=names_of("conversations.info", "channel"),
        bots=names_of("bots.info", "bot"),
        groups=Lookup[str, str](fetch_groups),
        mentioned=_references,
    )


def _references(messages: Iterable[JsonObject]) -> References:
    found = References()
    for message in messages:
        found.add_message(message)
    found.users.pop(SLACKBOT, None)
    return found


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
        is_bot=any(flag_of(raw, key) for key in _BOTS),
        is_guest=flag_of(raw, "is_restricted") or flag_of(raw, "is_ultra_restricted"),
        is_stranger=flag_of(raw, "is_stranger"),
        is_gone=flag_of(raw, "deleted"),
    )
