"""How Slack is written to."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from dragoman.core.errors import BadResponse, DragomanError
from dragoman.core.json_fields import record_of, text_of
from dragoman.core.model import Message
from dragoman.providers.kit.members import Member
from dragoman.providers.slack.api import POST, UPDATE, Api
from dragoman.providers.slack.people import People
from dragoman.providers.slack.reading import MessageReader
from dragoman.providers.slack.wire import Object, root_of, ts_at, ts_of
from dragoman.transport.http import HttpResponse

LONGEST: Final = 12_000
"""Characters of a text that Slack takes."""

_EVENT: Final = "dragoman_send"
_MOST_LOOKED_AT: Final = 5  # parts in which a sent message is looked for
_LIVE: Final = re.compile(r"<(?=!|[a-zA-Z][a-zA-Z0-9+.-]*:[^<>\n]*\||([@#])([A-Z0-9]{3,30})(?:\|[^<>\n]*)?>|[@#])")


class MessageWriter:
    """Writes for one account; it is the :class:`.WriteTarget` of its :class:`.ThreadWriter`."""

    def __init__(self, api: Api, people: People, reader: MessageReader) -> None:
        self._api = api
        self._people = people
        self._reader = reader

    async def post(self, conversation: str, text: str, root: str | None, key: str) -> Message:
        """Send a text without previews of links. Where Slack refuses its metadata, it is sent without them."""
        body: dict[str, object] = {
            "channel": conversation,
            "markdown_text": text,
            "unfurl_links": False,
            "unfurl_media": False,
            **({"thread_ts": root} if root else {}),
        }
        metadata = {"event_type": _EVENT, "event_payload": {"key": key}}
        try:
            answer = await self._api.write(POST, {**body, "metadata": metadata}, place=conversation)
        except BadResponse as error:
            if error.sent is not False:
                raise
            answer = await self._api.write(POST, body, place=conversation)  # its form was refused, so nothing was sent
        return await self._stored(answer, conversation, text_of(answer.value, "ts"))

    async def edit(self, conversation: str, message: str, text: str) -> Message:
        """Change the text of a message."""
        body: Mapping[str, object] = {"channel": conversation, "ts": ts_of(message), "markdown_text": text}
        return await self._stored(await self._api.write(UPDATE, body), conversation, ts_of(message))

    async def thread_of(self, conversation: str, message: str) -> str:
        """The id of the root of a thread. Slack does not refuse an unknown one: it posts to the whole channel."""
        answered = await self._reader.raw(conversation, message)
        return root_of(answered) or ts_of(answered.get("ts"))

    async def sent_since(self, conversation: str, at: int, root: str | None) -> list[Object]:
        """Messages of a conversation or thread from a time on, with their metadata."""
        method, where = ("conversations.replies", {"ts": root}) if root else ("conversations.history", {})
        bounds = {"oldest": ts_at(at), "include_all_metadata": "true", "limit": "100"}
        asked, found = {"channel": conversation, **where, **bounds}, list[Object]()
        async for part in self._api.messages(method, asked, _MOST_LOOKED_AT):
            found += part.messages
        return sorted(found, key=lambda one: ts_of(one.get("ts")))

    def key_of(self, raw: Object) -> str | None:
        """The key that a message carries; empty where its metadata are those of another program."""
        metadata = record_of(raw, "metadata")
        if not metadata:
            return None
        is_ours = text_of(metadata, "event_type") == _EVENT
        return text_of(record_of(metadata, "event_payload"), "key") if is_ours else ""

    def mention(self, member: Member) -> str:
        """Somebody in a text."""
        return f"<@{member.id}>"

    async def to_wire(self, text: str, members: Collection[str]) -> str:
        """A text in which only people and channels that there are can be named by id."""
        titles = await self._people.titles.get_all(re.findall(r"<#([A-Z0-9]{3,30})", text))
        return _LIVE.sub(lambda found: "<" if found[2] in members or found[2] in titles else "&lt;", text)

    async def _stored(self, answer: HttpResponse[Object], conversation: str, ts: str) -> Message:
        """What was written, as the answer has it; read anew where that is incomplete."""
        if not ts_of(ts):
            raise answer.failure("The answer of {service} does not name the message")
        raw = {**record_of(answer.value, "message"), "ts": ts}
        conversation = text_of(answer.value, "channel") or conversation
        if text_of(raw, "user", "bot_id"):
            return (await self._reader.to_messages(conversation, [raw]))[0]
        try:
            return await self._reader.message(conversation, ts)
        except DragomanError:
            return (await self._reader.to_messages(conversation, [raw]))[0]
