"""A whole provider in one file, as somebody outside would write it: letters in a loft, carried by pigeons."""

from collections import defaultdict
from collections.abc import Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count

import anyio.lowlevel
from pydantic import SecretStr

from dragoman import (
    AccountSettings,
    Change,
    Conversation,
    ConversationQuery,
    Draft,
    DragomanError,
    Hit,
    InvalidArgument,
    Message,
    MessageQuery,
    NotFound,
    Order,
    Page,
    Provider,
    SearchPage,
    SearchQuery,
)
from dragoman.core.model import Author, Edit

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class Loft:
    """What a pigeon loft holds, and how it misbehaves."""

    rooms: dict[str, Conversation] = field(default_factory=dict)
    letters: dict[str, list[Message]] = field(default_factory=dict)
    failure: type[DragomanError] | None = None
    ids: count = field(default_factory=lambda: count(1))


LOFTS: dict[str, Loft] = defaultdict(Loft)


class PigeonSettings(AccountSettings):
    loft: str
    whistle: SecretStr = SecretStr("")


class CarrierPigeon(Provider):
    name = "carrier-pigeon"
    Settings = PigeonSettings

    @classmethod
    @asynccontextmanager
    async def open(cls, settings):
        await anyio.lowlevel.checkpoint()
        yield cls(settings)

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        loft = await self._fly()
        rooms = [replace(room, last_message_at=self._last(loft, room.id)) for room in loft.rooms.values()]
        if query.text:
            rooms = [room for room in rooms if query.text.casefold() in room.title.casefold()]
        if query.kind:
            rooms = [room for room in rooms if room.kind is query.kind]
        rooms.sort(key=lambda room: room.last_message_at or BEGINNING, reverse=True)
        start = _position(query.cursor, len(rooms))
        end = start + query.limit
        return Page(items=rooms[start:end], cursor=str(end) if end < len(rooms) else None)

    async def get_conversation(self, conversation: str) -> Conversation:
        loft = await self._fly()
        self._letters(loft, conversation)
        return loft.rooms[conversation]

    async def list_messages(self, conversation: str, query: MessageQuery) -> Page[Message]:
        everything = self._letters(await self._fly(), conversation)
        latest = query.order is Order.LATEST
        border = _position(query.cursor, len(everything)) if query.cursor else len(everything) if latest else 0
        rest = everything[:border] if latest else everything[border:]
        found = [letter for letter in rest if _fits(letter, query, everything)]
        chosen = found[-query.limit :] if latest else found[: query.limit]
        cursor = None
        if len(chosen) < len(found):
            cursor = self.cursor_after(chosen[0] if latest else chosen[-1], query)
        return Page(items=chosen, cursor=cursor)

    async def get_message(self, conversation: str, message: str) -> Message:
        return self._find(self._letters(await self._fly(), conversation), message)

    async def search_messages(self, query: SearchQuery) -> SearchPage:
        loft = await self._fly()
        letters = [each for room in loft.letters.values() for each in room if _matches(each, query)]
        start = _position(query.cursor, len(letters))
        end = start + query.limit
        hits = [_hit(each, query.text) for each in letters[start:end]]
        return SearchPage(items=hits, cursor=str(end) if end < len(letters) else None)

    async def send_message(self, conversation: str, draft: Draft) -> Message:
        me = Author(id="me", name="Me")
        letter = Message(id="", conversation=conversation, author=me, sent_at=datetime.now(UTC), text=draft.text)
        return await self._deliver(conversation, replace(letter, subject=draft.subject, reply_to=draft.reply_to))

    async def update_message(self, conversation: str, message: str, change: Change) -> Message:
        letters = self._letters(await self._fly(), conversation)
        before = self._find(letters, message)
        after = before
        if change.text is not None:
            history = (*before.history, Edit(text=before.text, at=before.sent_at))
            after = replace(after, text=change.text, edited_at=datetime.now(UTC), history=history)
        if change.subject is not None:
            after = replace(after, subject=change.subject or None)
        if change.labels is not None:
            after = replace(after, labels=change.labels)
        letters[letters.index(before)] = after
        return after

    async def import_message(self, conversation: str, message: Message) -> Message:
        return await self._deliver(conversation, message)

    def cursor_after(self, message: Message, query: MessageQuery) -> str | None:
        ids = [each.id for each in LOFTS[self.settings.loft].letters[message.conversation]]
        return str(ids.index(message.id) + (query.order is Order.OLDEST))

    async def _fly(self) -> Loft:
        await anyio.lowlevel.checkpoint()
        loft = LOFTS[self.settings.loft]
        if loft.failure:
            raise loft.failure("The pigeon came back without a letter.", hint="Send it again tomorrow.")
        return loft

    async def _deliver(self, conversation: str, message: Message) -> Message:
        loft = await self._fly()
        letters = self._letters(loft, conversation)
        for letter in letters:
            if message.id and letter.id == message.id:
                return letter
        kept = replace(message, id=message.id or f"p{next(loft.ids)}", conversation=conversation)
        letters.append(kept)
        letters.sort(key=lambda letter: letter.sent_at or BEGINNING)
        return kept

    def _letters(self, loft: Loft, conversation: str) -> list[Message]:
        if conversation not in loft.letters:
            raise NotFound("The loft has no such room.", hint="List the conversations to find its id.")
        return loft.letters[conversation]

    def _find(self, letters: Iterable[Message], message: str) -> Message:
        for letter in letters:
            if letter.id == message:
                return letter
        raise NotFound("The room has no such letter.", hint="List its messages to find the id.")

    def _last(self, loft: Loft, room: str) -> datetime | None:
        return max((each.sent_at for each in loft.letters[room] if each.sent_at), default=None)


def _position(cursor: str | None, end: int) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit()) or int(cursor) > end:
        raise InvalidArgument("The cursor belongs to another list.", hint="Start again without a cursor.")
    return int(cursor)


def _fits(letter: Message, query: MessageQuery, everything: list[Message]) -> bool:
    if query.thread and query.thread not in _ancestors(letter, {each.id: each for each in everything}):
        return False
    return _written(letter, query)


def _written(letter: Message, query: MessageQuery | SearchQuery) -> bool:
    sent_at = letter.sent_at or BEGINNING
    late_enough = query.since is None or sent_at >= query.since
    early_enough = query.until is None or sent_at < query.until
    by = query.author is None or query.author.casefold() in f"{letter.author.name} {letter.author.id}".casefold()
    return late_enough and early_enough and by


def _ancestors(letter: Message, letters: dict[str, Message]) -> set[str]:
    found: set[str] = set()
    at: Message | None = letter
    while at is not None and at.id not in found:
        found.add(at.id)
        at = letters.get(at.reply_to or "")
    return found


def _matches(letter: Message, query: SearchQuery) -> bool:
    here = query.conversation is None or letter.conversation == query.conversation
    return here and query.text.casefold() in letter.text.casefold() and _written(letter, query)


def _hit(letter: Message, text: str) -> Hit:
    start = letter.text.casefold().find(text.casefold())
    return Hit(message=letter, highlights=((start, start + len(text)),) if text and start >= 0 else ())
