"""Slack's conversations: channels, groups and direct ones, and the people in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dragoman.core.errors import NotFound, UnsupportedOperation
from dragoman.core.json_fields import JsonObject, count_of, flag_of, record_of, records_of, text_of, texts_of
from dragoman.core.model import Conversation, ConversationKind
from dragoman.core.slack.mrkdwn import decode_entities
from dragoman.core.times import parse_time
from dragoman.providers.kit.rooms import Room
from dragoman.providers.kit.scopes import ask_by_kind
from dragoman.providers.slack.api import Account, Api
from dragoman.providers.slack.settings import APP
from dragoman.providers.slack.wire import ts_of

_LARGEST: Final = 999  # of a part of a list, in which most may be left out
_STATUS: Final = {"is_archived": "archived", "is_frozen": "frozen", "is_user_deleted": "deactivated"}
_EXTRA: Final = ("is_private", "is_ext_shared", "is_read_only", "is_thread_only", "is_non_threadable")


class ConversationReader:
    """Reads conversations for one account; it is the :class:`.RoomSource` of its :class:`.Rooms`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def joined(self) -> list[Room]:
        """The conversations that the account is in."""
        kinds = self._api.scopes.allowed(APP.kinds("listing"))
        try:
            return await self._list("users.conversations", kinds)
        except (NotFound, UnsupportedOperation):  # what speaks Slack's protocol need not have it
            return await self._list("conversations.list", kinds)

    async def public(self) -> list[Room]:
        """All public channels."""
        return await self._list("conversations.list", ["public_channel"], joined=False)

    async def room(self, conversation: str) -> Room:
        """One conversation."""
        answer = await self._api.read("conversations.info", channel=conversation, include_num_members="true")
        return _room({**record_of(answer, "channel"), "id": conversation}, await self._api.us.get_or_none())

    async def members(self, conversation: str, most: int) -> list[str]:
        """Ids of the first people of a conversation."""
        ids = list[str]()
        async for answer in self._api.list("conversations.members", channel=conversation, limit=most):
            ids += texts_of(answer, "members")
            if len(ids) >= most:
                break
        return ids

    async def open_direct(self, person: str, *, create: bool) -> str | None:
        """The id of the direct conversation with somebody."""
        opening = {} if create else {"prevent_creation": "true"}
        answer = await self._api.read("conversations.open", users=person, **opening)
        return text_of(record_of(answer, "channel"), "id") or None

    async def _list(self, method: str, kinds: Sequence[str], *, joined: bool = True) -> list[Room]:
        """All conversations of some kinds, each once."""

        async def ask(asked: Sequence[str]) -> list[JsonObject]:
            parts = self._api.list(method, limit=_LARGEST, types=",".join(asked), exclude_archived="true")
            return [one async for part in parts for one in records_of(part, "channels")]

        found = {text_of(one, "id"): one for one in await ask_by_kind(ask, kinds)}
        us = await self._api.us.get_or_none()
        there = [one for id_, one in found.items() if id_ and not (joined and one.get("is_member") is False)]
        return [_room(one, us) for one in there]


def _room(raw: JsonObject, us: Account | None) -> Room:
    user = text_of(raw, "user") if flag_of(raw, "is_im") else ""
    people = texts_of(raw, "members") if flag_of(raw, "is_mpim") else [user] if user else []
    return Room(_conversation(raw, us), people, flag_of(raw, "is_ext_shared"))


def _conversation(raw: JsonObject, us: Account | None) -> Conversation:
    id_, kind, name = text_of(raw, "id"), ConversationKind.CHANNEL, text_of(raw, "name", "name_normalized")
    if flag_of(raw, "is_im"):
        kind, name = ConversationKind.DIRECT, ""
    elif flag_of(raw, "is_mpim"):  # its name is one like mpdm-maria--oleg-1
        kind = ConversationKind.GROUP
        name = ", ".join(name.removeprefix("mpdm-").rpartition("-")[0].split("--"))
    unread = count_of(raw, "unread_count_display")
    topic = text_of(record_of(raw, "topic"), "value") or text_of(record_of(raw, "purpose"), "value")
    return Conversation(
        id=id_,
        title=name,
        kind=kind,
        topic=decode_entities(topic),
        last_message_at=parse_time(ts_of(record_of(raw, "latest").get("ts"))),
        members=count_of(raw, "num_members"),
        unread=count_of(raw, "unread_count") if unread is None else unread,
        status=next((status for key, status in _STATUS.items() if flag_of(raw, key)), None),
        url=us.permalink(id_) if us else None,
        extra={key.removeprefix("is_"): True for key in _EXTRA if flag_of(raw, key)},
    )
