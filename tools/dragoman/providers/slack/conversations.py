"""Slack's conversations: channels, groups and direct ones, and the people in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Final

from dragoman.core.errors import DragomanError, NotFound, PermissionDenied, UnsupportedOperation
from dragoman.core.json_fields import JsonObject, count_of, record_of, records_of, text_of, texts_of
from dragoman.core.model import Conversation, ConversationKind
from dragoman.core.slack.mrkdwn import decode_entities
from dragoman.core.times import from_us, parse_time
from dragoman.providers.kit.rooms import Room
from dragoman.providers.slack.api import Api, Identity
from dragoman.providers.slack.search import search_recent
from dragoman.providers.slack.wire import History, Object, ts_of

_SCOPES: Final = {
    "public_channel": "channels:read",
    "private_channel": "groups:read",
    "mpim": "mpim:read",
    "im": "im:read",
}
_LARGEST: Final = 999  # of a part of a list, in which most may be left out
_MOST_IN_GROUP: Final = 20
_STATUS: Final = {"is_archived": "archived", "is_frozen": "frozen", "is_user_deleted": "deactivated"}
_EXTRA: Final = ("is_private", "is_ext_shared", "is_read_only", "is_thread_only", "is_non_threadable")


class ConversationReader:
    """Reads conversations for one account; it is the :class:`.RoomSource` of its :class:`.Rooms`."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.identity = api.us.get
        self.known_identity = api.us.get_or_none

    async def joined(self) -> list[Room]:
        """The conversations that the account is in."""
        return [await self._room(one) for one in await self._memberships()]

    async def joined_ids(self) -> list[str]:
        """Their ids."""
        return [text_of(one, "id") for one in await self._memberships()]

    async def public(self) -> list[Room]:
        """All public channels."""
        return [await self._room(one) for one in await self._list("conversations.list", ["public_channel"])]

    async def room(self, conversation: str) -> Room:
        """One conversation."""
        answer = await self._api.read("conversations.info", channel=conversation, include_num_members="true")
        return await self._room({**record_of(answer, "channel"), "id": conversation})

    async def members(self, conversation: str, most: int) -> list[str]:
        """Ids of the first people of a conversation."""
        ids = list[str]()
        async for answer in self._api.list("conversations.members", channel=conversation):
            ids += texts_of(answer, "members")
            if len(ids) >= most:
                break
        return ids

    async def open_direct(self, person: str, *, create: bool) -> str | None:
        """The id of the direct conversation with somebody."""
        opening = {} if create else {"prevent_creation": "true"}
        answer = await self._api.read("conversations.open", users=person, **opening)
        return text_of(record_of(answer, "channel"), "id") or None

    async def newest_times(self) -> Mapping[str, datetime | None]:
        """When the conversations had their last message that a person's search finds first."""
        recent = await search_recent(self._api, None)
        return {one: from_us(at) for one, at in recent.newest.items()} if recent else {}

    async def with_latest(self, conversation: Conversation) -> Conversation:
        """The same with when it had its last message; of a direct one Slack tells the unread as well."""
        if conversation.kind is ConversationKind.DIRECT:
            answer = await self._api.read("conversations.info", channel=conversation.id)
            told = _conversation(record_of(answer, "channel"), None)
            at = told.last_message_at or conversation.last_message_at
            conversation = replace(conversation, unread=told.unread, last_message_at=at)
        if conversation.last_message_at is not None:
            return conversation
        history = (await self._api.ask("conversations.history", History, channel=conversation.id, limit=1)).value
        newest = next((ts_of(one.get("ts")) for one in history.messages), "")
        return replace(conversation, last_message_at=parse_time(newest))

    async def _memberships(self) -> list[Object]:
        try:
            return await self._list("users.conversations", self._kinds())
        except (NotFound, UnsupportedOperation):  # what speaks Slack's protocol need not have it
            everywhere = await self._list("conversations.list", self._kinds())
            return [one for one in everywhere if one.get("is_member") is not False]

    def _kinds(self) -> list[str]:
        """Kinds of conversations that the token may list; one too many would fail the whole call."""
        allowed = [kind for kind, scope in _SCOPES.items() if self._api.scopes.include(scope) is not False]
        return allowed or list(_SCOPES)

    async def _list(self, method: str, kinds: Sequence[str]) -> list[Object]:
        """All conversations of some kinds; one that the token may not list fails the whole call, and is left out."""
        found = dict[str, Object]()
        try:
            async for answer in self._api.list(method, limit=_LARGEST, types=",".join(kinds), exclude_archived="true"):
                found.update((text_of(one, "id"), dict(one)) for one in records_of(answer, "channels"))
        except PermissionDenied as refusal:
            for kind in kinds if len(kinds) > 1 else ():
                with suppress(PermissionDenied):
                    found.update((text_of(one, "id"), one) for one in await self._list(method, [kind]))
            if not found:
                raise refusal from None
        return [one for id_, one in found.items() if id_]

    async def _room(self, raw: JsonObject) -> Room:
        us = await self.known_identity()
        people = [user] if (user := text_of(raw, "user")) and raw.get("is_im") is True else []
        if raw.get("is_mpim") is True:
            there = texts_of(raw, "members") or await self._group_members(text_of(raw, "id"))
            people = [one for one in there if us is None or one != us.id]
        return Room(_conversation(raw, us), people, raw.get("is_ext_shared") is True)

    async def _group_members(self, conversation: str) -> list[str]:
        with suppress(DragomanError):
            answer = await self._api.read("conversations.members", channel=conversation, limit=_MOST_IN_GROUP)
            return texts_of(answer, "members")
        return []


def _conversation(raw: JsonObject, us: Identity | None) -> Conversation:
    id_, kind, name = text_of(raw, "id"), ConversationKind.CHANNEL, text_of(raw, "name", "name_normalized")
    if raw.get("is_im") is True:
        kind, name = ConversationKind.DIRECT, ""
    elif raw.get("is_mpim") is True:  # its name is one like mpdm-maria--oleg-1
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
        status=next((status for key, status in _STATUS.items() if raw.get(key) is True), None),
        url=us.permalink(id_) if us else None,
        extra={key.removeprefix("is_"): True for key in _EXTRA if raw.get(key) is True},
    )
