"""How Slack is written to."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from dragoman.core.errors import BadResponse
from dragoman.core.json_fields import record_of, text_of
from dragoman.providers.kit.lookup import Lookup
from dragoman.providers.kit.members import Member
from dragoman.providers.kit.thread_writer import Written
from dragoman.providers.slack.api import Api
from dragoman.providers.slack.wire import Object, ts_at, ts_of
from dragoman.transport.http import HttpResponse

LONGEST: Final = 12_000
"""Characters of a text that Slack takes."""

_EVENT: Final = "dragoman_send"
_MOST_LOOKED_AT: Final = 5  # parts in which a sent message is looked for
# What Slack makes more of than text: mentions, references and links with a label.
_LIVE: Final = re.compile(r"<(?:([@#][A-Z0-9]{3,30})(?:\|[^<>\n]*)?>|(?=[!@#]|[a-zA-Z][a-zA-Z0-9+.-]*:[^<>\n]*\|))")


class MessageWriter:
    """Writes for one account; it is the :class:`.WriteTarget` of its :class:`.ThreadWriter`."""

    def __init__(self, api: Api, titles: Lookup[str, str]) -> None:
        self._api = api
        self._titles = titles

    async def post(self, conversation: str, text: str, root: str | None, key: str) -> Written[Object]:
        """Send a text without previews of links. Where Slack refuses its metadata, it is sent without them."""
        body: dict[str, object] = {"channel": conversation, "markdown_text": text}
        body |= {"unfurl_links": False, "unfurl_media": False, **({"thread_ts": root} if root else {})}
        metadata = {"event_type": _EVENT, "event_payload": {"key": key}}
        try:
            answer = await self._api.write("chat.postMessage", {**body, "metadata": metadata}, place=conversation)
        except BadResponse as error:
            if error.sent is not False:
                raise
            answer = await self._api.write("chat.postMessage", body, place=conversation)  # so nothing was sent
        return _written(answer, conversation, text_of(answer.value, "ts"))

    async def edit(self, conversation: str, message: str, text: str) -> Written[Object]:
        """Change the text of a message."""
        body = {"channel": conversation, "ts": ts_of(message), "markdown_text": text}
        return _written(await self._api.write("chat.update", body), conversation, message)

    async def sent_since(self, conversation: str, at: int, root: str | None) -> list[Object]:
        """Messages of a conversation or thread from a time on, with their metadata."""
        asked = {"channel": conversation, "oldest": ts_at(at), "include_all_metadata": "true", "limit": "100"}
        method, found = "conversations.replies" if root else "conversations.history", list[Object]()
        async for part in self._api.messages(method, {**asked, "ts": root}, _MOST_LOOKED_AT):
            found += part.entries
        return sorted(found, key=lambda one: ts_of(one.get("ts")))  # histories are newest first, threads oldest first

    def key_of(self, raw: Object) -> str | None:
        """The key that a message carries; empty where its metadata are those of another program."""
        metadata = record_of(raw, "metadata")
        is_ours = text_of(metadata, "event_type") == _EVENT
        key = text_of(record_of(metadata, "event_payload"), "key") if is_ours else ""
        return key if metadata else None

    def mention(self, member: Member) -> str:
        """Somebody in a text."""
        return f"<@{member.id}>"

    async def to_wire(self, text: str, members: Collection[str]) -> str:
        """A text in which only people and channels that there are can be named by id, without words of its own."""
        titles = await self._titles.get_all(re.findall(r"<#([A-Z0-9]{3,30})", text))
        there = {*(f"@{member}" for member in members), *(f"#{title}" for title in titles)}
        return _LIVE.sub(lambda found: f"<{found[1]}>" if found[1] in there else f"&lt;{found[0][1:]}", text)


def _written(answer: HttpResponse[Object], conversation: str, ts: str) -> Written[Object]:
    """What was written; without an author it is not the whole message."""
    if not ts_of(ts):
        raise answer.failure("The answer of {service} does not name the message")
    raw = {**record_of(answer.value, "message"), "ts": ts_of(ts)}
    return Written(text_of(answer.value, "channel") or conversation, raw, bool(text_of(raw, "user", "bot_id")))
