"""A chat service whose whole truth is known, with the faults that services have, and a clock that never waits."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import anyio.lowlevel
import apsw

from dragoman.core.errors import Conflict, InvalidArgument, NotFound
from dragoman.core.model import Author, Changes, Conversation, Hit, Message, Order, Page, SearchPage
from dragoman.providers.base.account_settings import AccountSettings
from dragoman.providers.base.provider import ConversationQuery, MessageQuery, Provider, SearchQuery
from dragoman.store.coverage import BEGINNING, OPEN

NOW = 1_770_000_000.0
DAY = timedelta(days=1)


class FakeClock:
    """Stands still but for waiting, which is over at once."""

    def __init__(self):
        self.now = NOW
        self.shift = 0.0
        self.waits = []

    def monotonic(self):
        return self.now

    def wall(self):
        return self.now + self.shift

    def time(self):
        return datetime.fromtimestamp(self.wall(), UTC)

    async def sleep(self, seconds):
        self.waits.append(seconds)
        self.now += max(0.0, seconds)
        await anyio.lowlevel.checkpoint()


@dataclass
class Chat:
    """The service.

    Attributes:
        faults: Raised one after the other, each by the next request of its operation.
        dead: Raised by every request.
        broken: Raised by every request for a conversation.
        random: Shuffles pages, and changes too, and repeats some.
        disordered: Pages follow each other in another order than that of time.
        seconds: How long a request takes.
        limits: Of the pages of messages that were asked for.
    """

    clock: FakeClock
    page: int = 7
    rooms: dict = field(default_factory=dict)
    titles: dict = field(default_factory=dict)
    arrived: dict = field(default_factory=dict)
    log: list = field(default_factory=list)
    asked: Counter = field(default_factory=Counter)
    order: list = field(default_factory=list)
    faults: dict = field(default_factory=dict)
    dead: Exception | None = None
    broken: dict = field(default_factory=dict)
    random: object = None
    disordered: bool = False
    epoch: int = 0
    on_request: object = None
    seconds: float = 0.05
    limits: list = field(default_factory=list)

    def post(self, room="deck", text="hello", *, ago=timedelta(), **rest):
        id_ = f"{room}-{len(self.arrived)}"
        sent_at = self.clock.time() - ago
        message = Message(id=id_, conversation=room, author=Author(name="Bo"), sent_at=sent_at, text=text, **rest)
        self.rooms.setdefault(room, []).append(message)
        self.rooms[room].sort(key=lambda one: (one.sent_at, one.id))
        self.titles.setdefault(room, room.title())
        self.arrived[id_] = self.clock.time()
        self.log.append(message)
        return id_

    def fill(self, room, count, *, step=DAY):
        """Old messages, one a step, before the present."""
        for number in range(count, 0, -1):
            self.post(room, f"old {number}", ago=number * step)
        self.log.clear()

    def edit(self, room, id_, text):
        self._change(room, id_, text=text, edited_at=self.clock.time())

    def delete(self, room, id_):
        self._change(room, id_, text="", deleted_at=self.clock.time())

    def _change(self, room, id_, **how):
        place = [one.id for one in self.rooms[room]].index(id_)
        self.rooms[room][place] = replace(self.rooms[room][place], **how)
        self.log.append(self.rooms[room][place])

    def drop(self, room):
        """The conversation is deleted."""
        del self.rooms[room]

    def request(self, operation, *about):
        self.asked[operation] += 1
        self.order.append((operation, *about))
        self.clock.now += self.seconds
        if self.on_request is not None:
            self.on_request()
        if self.dead is not None:
            raise self.dead
        if self.faults.get(operation):
            raise self.faults[operation].pop(0)
        if about and about[0] in self.broken:
            raise self.broken[about[0]]

    def shuffled(self, items):
        if self.random is None:
            return list(items)
        shuffled = [*items, *items[:2]]
        self.random.shuffle(shuffled)
        return shuffled

    def alive(self, room):
        return [one for one in self.rooms[room] if one.deleted_at is None]


SERVICES: dict[str, Chat] = {}


class ChatSettings(AccountSettings):
    chat: str


class Silent(Provider):
    """The service as one that tells nothing of changes."""

    name: ClassVar[str] = "silent"
    Settings: ClassVar[type[AccountSettings]] = ChatSettings

    @property
    def chat(self) -> Chat:
        return SERVICES[self.settings.chat]

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        chat = self.chat
        chat.request("list_conversations")
        last = {room: max((one.sent_at for one in chat.alive(room)), default=None) for room in chat.rooms}
        rooms = sorted(last, key=lambda room: (last[room] or BEGINNING, room), reverse=True)
        start = _start(query.cursor)
        page = rooms[start : start + 5]
        items = [Conversation(id=room, title=chat.titles[room], last_message_at=last[room]) for room in page]
        return Page(items=items, cursor=f"c{start + 5}" if start + 5 < len(rooms) else None)

    async def get_conversation(self, conversation: str) -> Conversation:
        self.chat.request("get_conversation", conversation)
        if conversation not in self.chat.rooms:
            raise NotFound("There is no such room.")
        return Conversation(id=conversation, title=self.chat.titles[conversation])

    async def list_messages(self, conversation: str, query: MessageQuery) -> Page[Message]:
        chat = self.chat
        chat.request("list_messages", conversation)
        chat.limits.append(query.limit)
        if conversation not in chat.rooms:
            raise NotFound("There is no such room.")
        found = [one for one in chat.alive(conversation) if query.until is None or one.sent_at < query.until]
        found = [one for one in found if query.since is None or one.sent_at >= query.since]
        if query.order is Order.OLDEST:
            ids = [one.id for one in found]
            found = found[ids.index(query.cursor) + 1 if query.cursor else 0 :]
            page = found[: chat.page]
            return Page(items=chat.shuffled(page), cursor=page[-1].id if len(page) < len(found) else None)
        if chat.disordered:
            found = [*found[1::2], *found[::2]]
        if query.cursor is not None:
            ids = [one.id for one in found]
            if query.cursor not in ids:
                raise InvalidArgument("The cursor is stale.")
            found = found[: ids.index(query.cursor)]
        page = found[-chat.page :]
        return Page(items=chat.shuffled(page), cursor=page[0].id if len(page) < len(found) else None)


class Telling(Silent):
    """The service as one that tells changes."""

    name: ClassVar[str] = "telling"

    async def changes(self, position: str | None) -> Changes:
        chat = self.chat
        chat.request("changes")
        if position is None:
            return Changes(position=f"{chat.epoch}:{len(chat.log)}")
        epoch, _, start = position.partition(":")
        if int(epoch) != chat.epoch:
            raise Conflict("The position is not known any more.")
        end = min(len(chat.log), int(start) + 5)
        items = chat.shuffled(chat.log[int(start) : end])
        return Changes(messages=items, position=f"{chat.epoch}:{end}", more=end < len(chat.log))


class Searching(Telling):
    """One that searches itself: the newest first, letter for letter."""

    name: ClassVar[str] = "searching"

    async def search_messages(self, query: SearchQuery) -> SearchPage:
        self.chat.request("search_messages")
        found = [one for room in self.chat.rooms for one in self.chat.alive(room) if query.text in one.text]
        start = int(query.cursor or 0)
        end = start + query.limit
        hits = [Hit(message=one) for one in sorted(found, key=lambda one: one.sent_at, reverse=True)[start:end]]
        return SearchPage(items=hits, cursor=str(end) if end < len(found) else None)


class Waiting(Telling):
    """The service as one that can be waited for."""

    name: ClassVar[str] = "waiting"

    async def wait_for_changes(self, position: str, timeout: float) -> bool:  # noqa: ASYNC109  # as the base
        self.chat.request("wait_for_changes", position)
        return len(self.chat.log) > int(position.partition(":")[2])


def _start(cursor):
    if cursor is None:
        return 0
    if not cursor.startswith("c"):
        raise InvalidArgument("The cursor is stale.")
    return int(cursor[1:])


def stored(path, account="acc"):
    """Texts by conversation and id, read from the file itself; each message is there once."""
    con = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    statement = (
        "SELECT p.id, m.id, m.text FROM seen_messages m JOIN seen_places p USING(place)"
        " WHERE p.account = ? AND m.live = 1"
    )
    rows = list(con.execute(statement, (account,)))
    con.close()
    texts = {(room, id_): text for room, id_, text in rows}
    assert len(texts) == len(rows)
    return texts


async def unfounded_claims(store, chat, path, account="acc", known_by=None):
    """What the coverage claims and is not there."""
    texts = stored(path, account)
    claims = []
    for room, messages in chat.rooms.items():
        held = await store.sync.coverage(account, room)
        for one in messages:
            spans = [span for span in held.coverage.spans if span.since <= one.sent_at < span.until]
            if not spans or one.deleted_at is not None or (room, one.id) in texts:
                continue
            if spans[0].until == OPEN and (held.fresh_at is None or chat.arrived[one.id] >= held.fresh_at):
                continue
            if chat.arrived[one.id] >= (known_by or OPEN):
                continue
            claims.append((room, one.id, spans[0], held.fresh_at))
    return claims


def truth(chat):
    return {(room, one.id): one.text for room in chat.rooms for one in chat.alive(room)}
