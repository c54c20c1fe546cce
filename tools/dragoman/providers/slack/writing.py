"""Sends and changes messages, each once."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final

from dragoman.core.errors import BadResponse, DragomanError, InvalidArgument, UnsupportedOperation
from dragoman.core.json_fields import record_of, text_of
from dragoman.core.model import Message
from dragoman.core.queries import Change, Draft
from dragoman.core.safe_text import sentence
from dragoman.providers.base.sent_message_match import CLOCKS_DIFFER, marker_of, match_sent_message
from dragoman.providers.kit.people import by_name, write_mentions
from dragoman.providers.kit.times import to_us
from dragoman.providers.slack.api import POST, UPDATE, Api
from dragoman.providers.slack.conversations import ConversationReader
from dragoman.providers.slack.people import People, User
from dragoman.providers.slack.reading import MessageReader
from dragoman.providers.slack.wire import Object, root_of, ts_at, ts_of
from dragoman.transport.http import HttpResponse

LONGEST: Final = 12_000
"""Characters of a text that Slack takes."""

_EVENT: Final = "dragoman_send"
_LIVE: Final = re.compile(r"<(?=!|[a-zA-Z][a-zA-Z0-9+.-]*:[^<>\n]*\||([@#])([A-Z0-9]{3,30})(?:\|[^<>\n]*)?>|[@#])")


class MessageWriter:
    """Writes for one account."""

    def __init__(
        self,
        api: Api,
        people: People,
        conversations: ConversationReader,
        reader: MessageReader,
        forget: Callable[[str, str | None], None],
    ) -> None:
        self._api = api
        self._people = people
        self._conversations = conversations
        self._reader = reader
        self._forget = forget

    async def send(self, conversation: str, draft: Draft) -> Message:
        """Send a message; to a person, whose direct conversation is opened.

        Raises:
            NotFound: There is no such conversation, or the message to answer is gone.
            OutcomeUnknown: It may have gone out.
        """
        if draft.subject:
            raise UnsupportedOperation("Messages of Slack have no subject.", hint="Send it without subject.")
        conversation = await self._place(conversation, create=True) or conversation
        root = await self._root(conversation, draft)
        body: dict[str, object] = {
            "channel": conversation,
            "markdown_text": await self._text(conversation, draft.text),
            "unfurl_links": False,
            "unfurl_media": False,
            **({"thread_ts": root} if root else {}),
        }
        metadata = {"event_type": _EVENT, "event_payload": {"key": marker_of(draft)}}
        try:
            answer = await self._api.write(POST, {**body, "metadata": metadata})
        except BadResponse as error:
            if error.sent is not False:
                raise
            answer = await self._api.write(POST, body)  # its form was refused, so nothing was sent
        self._forget(conversation, root)
        return await self._stored(answer, conversation, text_of(answer.value, "ts"))

    async def update(self, conversation: str, message: str, change: Change) -> Message:
        """Change the text of one of the account's own messages."""
        if change.subject is not None or change.labels is not None:
            raise UnsupportedOperation("Of messages of Slack only the text can be changed.", hint="Give text alone.")
        ts = ts_of(message)
        text = await self._text(conversation, change.text or "")
        answer = await self._api.write(UPDATE, {"channel": conversation, "ts": ts, "markdown_text": text})
        stored = await self._stored(answer, conversation, ts)
        self._forget(conversation, stored.reply_to)
        return stored

    async def find_sent(
        self, conversation: str, draft: Draft, since: datetime, known: Collection[str]
    ) -> Message | None:
        """The message that a send of unknown outcome has made, by its key; by its text where it has none."""
        place = await self._place(conversation, create=False)
        if place is None:
            return None
        conversation, root = place, await self._root(place, draft)
        oldest = ts_at(to_us(since - CLOCKS_DIFFER))
        found = await self._reader.sent_since(conversation, oldest, root)
        ours = [one for one in found if _is_sent(one, marker_of(draft)) and ts_of(one.get("ts")) not in known]
        if ours:
            return (await self._reader.to_messages(conversation, ours[:1]))[0]
        unmarked = [one for one in found if not record_of(one, "metadata")]
        messages = await self._reader.to_messages(conversation, unmarked)
        return match_sent_message(messages, draft.text, root, since, known, lambda message: message.author.own)

    async def _place(self, conversation: str, *, create: bool) -> str | None:
        """The id of a conversation; of a person that of the direct one, which may not exist yet."""
        if not conversation.startswith("@"):
            return conversation
        return await self._conversations.direct(await self._people.directory.find(conversation), create=create)

    async def _root(self, conversation: str, draft: Draft) -> str | None:
        """The first message of the thread that is answered. Slack does not refuse an unknown one: it posts to all."""
        if draft.reply_to is None:
            return None
        answered = await self._reader.raw(conversation, draft.reply_to)
        return root_of(answered) or ts_of(answered.get("ts"))

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

    async def _text(self, conversation: str, text: str) -> str:
        """A text in which names of members are mentions, and nothing rings or links that was not meant to.

        Raises:
            InvalidArgument: It is empty, or too long.
        """
        if not text.strip():
            raise InvalidArgument("The text is empty.", hint="Give the text of the message.")
        members = await self._callable(conversation) if "@" in text else {}
        text = write_mentions(text, members, lambda user: f"<@{user.id}>")
        titles = await self._people.titles.get_all(re.findall(r"<#([A-Z0-9]{3,30})", text))
        ids = {user.id for users in members.values() for user in users} | titles.keys()
        safe = _LIVE.sub(lambda found: "<" if found[2] in ids else "&lt;", text)
        if len(safe) > LONGEST:
            raise InvalidArgument(
                sentence(
                    "The text has {:,} characters as Slack counts, and it takes at most {:,}.", len(safe), LONGEST
                ),
                hint="Shorten it or send it in parts.",
            )
        return safe

    async def _callable(self, conversation: str) -> dict[str, list[User]]:
        """The members of a conversation by all that they may be called; nothing where they cannot be listed."""
        try:
            return by_name(await self._conversations.members(conversation), lambda user: user.names)
        except DragomanError:
            return {}


def _is_sent(raw: Object, key: str) -> bool:
    metadata = record_of(raw, "metadata")
    return text_of(metadata, "event_type") == _EVENT and text_of(record_of(metadata, "event_payload"), "key") == key
