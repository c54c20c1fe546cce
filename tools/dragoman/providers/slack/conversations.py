"""Lists conversations and the people who can be written to, and tells who reads a conversation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Final

import anyio

from dragoman.core.errors import DragomanError, NotFound, PermissionDenied, UnsupportedOperation
from dragoman.core.folding import fold
from dragoman.core.json_fields import JsonObject, count_of, record_of, records_of, text_of, texts_of
from dragoman.core.model import Audience, Conversation, ConversationKind
from dragoman.core.queries import ConversationQuery
from dragoman.core.slack.mrkdwn import decode_entities
from dragoman.providers.kit.cache import TtlCache
from dragoman.providers.kit.conversation_list import ConversationList, matches
from dragoman.providers.kit.times import from_us, parse_time
from dragoman.providers.slack.api import Api, Identity
from dragoman.providers.slack.people import People, User
from dragoman.providers.slack.search import search_recent
from dragoman.providers.slack.wire import Object, ts_of

_SCOPES: Final = {
    "public_channel": "channels:read",
    "private_channel": "groups:read",
    "mpim": "mpim:read",
    "im": "im:read",
}
_FRESH: Final = 60.0  # seconds for which public channels are not listed again
_FEW: Final = 12  # conversations whose newest messages are worth a call each
_LARGEST: Final = 999  # of a part of a list, in which most may be left out
_MOST_NAMED: Final = 200
_OTHERS: Final = "others of another organisation"


class ConversationReader:
    """Reads conversations for one account.

    Attributes:
        page: Gives a page of those that the account is in, and, of a text, of public channels and people.
    """

    def __init__(self, api: Api, people: People) -> None:
        self._api = api
        self._people = people
        self.page = ConversationList(self._own, self._elsewhere).page
        self._public = TtlCache[str, list[Conversation]](1, _FRESH)

    async def one(self, conversation: str) -> Conversation:
        """One conversation, or a person who can be written to."""
        if conversation.startswith("@"):
            user = await self._people.directory.find(conversation)
            direct = await self.direct(user, create=False)
            if direct is None:
                return self._person(user)
            conversation = direct
        raw = await self._info(conversation)
        (found,) = await self._mapped([raw])
        return found

    async def direct(self, user: User, *, create: bool) -> str | None:
        """The id of the direct conversation with somebody; ``None`` where there is none and none is to be opened."""
        opening = {} if create else {"prevent_creation": "true"}
        try:
            answer = await self._api.read("conversations.open", users=user.id, **opening)
        except (NotFound, PermissionDenied):
            if create:
                raise
            return None
        return text_of(record_of(answer, "channel"), "id") or None

    async def audience(self, conversation: str) -> Audience:
        """Who reads a conversation, and who of them is from outside."""
        us = await self._api.identity()
        own = {} if us.bot_id else await self._people.users([us.user_id])
        sender = "" if us.bot_id else own[us.user_id].name if own else us.name or us.user_id
        if conversation.startswith("@"):
            user = await self._people.directory.find(conversation)
            person = self._person(user)
            external = person.participants if user.is_outside(us) else ()
            return Audience(conversation=replace(person, external=external), sender=sender)
        raw = await self._info(conversation)
        (found,) = await self._mapped([raw])
        users = await self.members(conversation)
        others = [one for one in users if one.id != us.user_id]
        outside = tuple(one.label() for one in others if one.is_outside(us))
        if not outside and raw.get("is_ext_shared") is True:
            outside = (_OTHERS,)
        names = tuple(one.label() for one in others)
        members = count_of(raw, "num_members") or (len(users) if found.kind is not ConversationKind.CHANNEL else None)
        there = replace(found, participants=names or found.participants, members=members, external=outside)
        return Audience(conversation=there, sender=sender)

    async def _info(self, conversation: str) -> Object:
        answer = await self._api.read("conversations.info", channel=conversation, include_num_members="true")
        return dict(record_of(answer, "channel")) | {"id": conversation}

    async def members(self, conversation: str) -> list[User]:
        """The first people of a conversation, as far as they are known."""
        ids = list[str]()
        async for answer in self._api.parts("conversations.members", channel=conversation):
            ids += texts_of(answer, "members")
            if len(ids) >= _MOST_NAMED:
                break
        return list((await self._people.users(ids[:_MOST_NAMED])).values())

    async def _own(self) -> list[Conversation]:
        found = await self._mapped(await self.memberships())
        times = await self._newest(one.id for one in found)
        return [replace(one, last_message_at=times.get(one.id)) for one in found]

    async def memberships(self) -> list[Object]:
        """The conversations that the account is in, as Slack has them."""
        try:
            return await self._list("users.conversations", self._kinds())
        except (NotFound, UnsupportedOperation):  # what speaks Slack's protocol need not have it
            everywhere = await self._list("conversations.list", self._kinds())
            return [one for one in everywhere if one.get("is_member") is not False]

    async def _newest(self, ids: Iterable[str]) -> dict[str, datetime | None]:
        """When conversations had their last message: of a person those of the week, and of a few all."""
        times: dict[str, datetime | None] = {}
        with suppress(DragomanError):
            recent = await search_recent(self._api, None)
            times |= {one: from_us(at) for one, at in recent.newest.items()} if recent else {}
        unknown = [one for one in ids if one not in times]

        async def look(conversation: str) -> None:
            with suppress(DragomanError):
                history = await self._api.messages("conversations.history", channel=conversation, limit=1)
                newest = next((ts_of(one.get("ts")) for one in history.messages), "")
                times[conversation] = parse_time(newest)

        async with anyio.create_task_group() as tasks:
            for id_ in unknown if len(unknown) <= _FEW else ():
                tasks.start_soon(look, id_)
        return times

    def _kinds(self) -> list[str]:
        """Kinds of conversations that the token may list; one too many would fail the whole call."""
        allowed = [kind for kind, scope in _SCOPES.items() if self._api.scopes.include(scope) is not False]
        return allowed or list(_SCOPES)

    async def _list(self, method: str, kinds: Sequence[str]) -> list[Object]:
        """All conversations of some kinds; one that the token may not list fails the whole call, and is left out."""
        found = dict[str, Object]()
        try:
            async for answer in self._api.parts(method, limit=_LARGEST, types=",".join(kinds), exclude_archived="true"):
                found.update((text_of(one, "id"), dict(one)) for one in records_of(answer, "channels"))
        except PermissionDenied as refusal:
            for kind in kinds if len(kinds) > 1 else ():
                with suppress(PermissionDenied):
                    found.update((text_of(one, "id"), one) for one in await self._list(method, [kind]))
            if not found:
                raise refusal from None
        return [one for id_, one in found.items() if id_]

    async def _elsewhere(
        self, query: ConversationQuery, wanted: str, own: Sequence[Conversation]
    ) -> list[Conversation]:
        """Public channels that the account is not in, and people without a direct conversation."""
        found, known = list[Conversation](), {one.id for one in own}
        exact = any(fold(one.title) == wanted for one in own)
        if query.kind in (None, ConversationKind.CHANNEL) and not exact:
            found += [one for one in await self._public_channels() if one.id not in known and matches(one, wanted)]
        if query.kind in (None, ConversationKind.DIRECT) and not query.exact:
            there = {name for one in own if one.kind is ConversationKind.DIRECT for name in one.participants}
            us = await self._api.identity()
            found += [
                self._person(user)
                for user in await self._people.directory.matching(wanted)
                if user.name not in there and user.id != us.user_id
            ]
        return found

    async def _public_channels(self) -> list[Conversation]:
        known = self._public.get("")
        if known is None:
            known = await self._mapped(await self._list("conversations.list", ["public_channel"]))
            self._public.put("", known)
        return known

    def _person(self, user: User) -> Conversation:
        return Conversation(id=f"@{user.id}", title=user.name, kind=ConversationKind.DIRECT, participants=(user.name,))

    async def _mapped(self, found: Sequence[JsonObject]) -> list[Conversation]:
        groups = {text_of(one, "id"): await self._group(one) for one in found if one.get("is_mpim") is True}
        directs = [user for one in found if (user := text_of(one, "user"))]
        users = await self._people.users([*directs, *(id_ for ids in groups.values() for id_ in ids)])
        us = await self._api.known_identity()
        for one in found:
            if name := text_of(one, "name"):
                self._people.titles.put(text_of(one, "id"), name)
        return [_conversation(one, users, groups.get(text_of(one, "id"), []), us) for one in found]

    async def _group(self, raw: JsonObject) -> list[str]:
        """Ids of the others in a group."""
        us = await self._api.known_identity()
        there = texts_of(raw, "members")
        if not there:
            try:
                answer = await self._api.read("conversations.members", channel=text_of(raw, "id"), limit=20)
            except DragomanError:
                return []
            there = texts_of(answer, "members")
        return [one for one in there if us is None or one != us.user_id]


def _conversation(raw: JsonObject, users: dict[str, User], group: Sequence[str], us: Identity | None) -> Conversation:
    id_ = text_of(raw, "id")
    if raw.get("is_im") is True:
        kind, there = ConversationKind.DIRECT, [text_of(raw, "user")]
    else:
        kind = ConversationKind.GROUP if raw.get("is_mpim") is True else ConversationKind.CHANNEL
        there = list(group)
    people = tuple(users[one].name if one in users else one for one in there if one)
    title = text_of(raw, "name", "name_normalized") if kind is ConversationKind.CHANNEL else ", ".join(people)
    if kind is ConversationKind.GROUP and not title:
        title = ", ".join(text_of(raw, "name").removeprefix("mpdm-").rpartition("-")[0].split("--"))
    unread = count_of(raw, "unread_count_display")
    topic = text_of(record_of(raw, "topic"), "value") or text_of(record_of(raw, "purpose"), "value")
    return Conversation(
        id=id_,
        title=title or id_,
        kind=kind,
        topic=decode_entities(topic),
        last_message_at=parse_time(ts_of(record_of(raw, "latest").get("ts"))),
        participants=people,
        members=count_of(raw, "num_members"),
        external=tuple(users[one].label() for one in there if us and one in users and users[one].is_outside(us)),
        unread=count_of(raw, "unread_count") if unread is None else unread,
        status=next((status for key, status in _STATUS.items() if raw.get(key) is True), None),
        url=us.permalink(id_) if us else None,
        extra={key.removeprefix("is_"): True for key in _EXTRA if raw.get(key) is True},
    )


_STATUS: Final = {"is_archived": "archived", "is_frozen": "frozen", "is_user_deleted": "deactivated"}
_EXTRA: Final = ("is_private", "is_ext_shared", "is_read_only", "is_thread_only", "is_non_threadable")
