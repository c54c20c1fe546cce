"""Services that tell what is new in different ways, and how tests ask for it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from dragoman.core.errors import Conflict, Unavailable
from dragoman.core.model import Author, Changes, Conversation, Message, Order, Page
from dragoman.providers.base.provider import ConversationQuery, MessageQuery, Provider

START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=9)
ROOMS = ("deck", "hold")


class Wire(Provider):
    """A service that tells nothing of changes, in pages of three."""

    name = "wire"
    log: ClassVar[list[Message]] = []
    asked: ClassVar[list[str]] = []

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        self.asked.append("list_conversations")
        last = {one.conversation: one.sent_at for one in self.log}
        rooms = sorted((room for room in last), key=lambda room: last[room], reverse=True)
        return Page(items=[Conversation(id=room, title=room, last_message_at=last[room], unread=1) for room in rooms])

    async def list_messages(self, conversation: str, query: MessageQuery) -> Page[Message]:
        self.asked.append(f"list_messages {conversation}")
        found = [one for one in self.log if one.conversation == conversation]
        found = [one for one in found if query.since is None or one.sent_at >= query.since]
        found = [one for one in found if query.until is None or one.sent_at < query.until]
        if query.order is Order.LATEST:
            return Page(items=found[-7:], cursor="more" if len(found) > 7 else None)
        start = int(query.cursor or 0)
        more = str(start + 3) if start + 3 < len(found) else None
        return Page(items=found[start : start + 3], cursor=more)

    async def get_message(self, conversation: str, message: str) -> Message:
        return next(one for one in self.log if one.id == message)

    async def own_author(self) -> Author:
        return Author(name="Ann Lee", id="U1", own=True)

    @classmethod
    def post(cls, room: str = "deck", text: str = "hello", *, late: int = 0) -> str:
        at = START + timedelta(minutes=len(cls.log)) - timedelta(seconds=late)
        id_ = f"m{len(cls.log)}"
        cls.log.append(Message(id=id_, conversation=room, author=Author(name="Bo"), sent_at=at, text=text))
        cls.told.append(id_)
        return id_

    @classmethod
    def edit(cls, id_: str) -> None:
        at = START + timedelta(minutes=len(cls.log), seconds=len(cls.told))
        place = [one.id for one in cls.log].index(id_)
        cls.log[place] = replace(cls.log[place], text=f"{cls.log[place].text}!", edited_at=at)
        cls.told.append(id_)

    told: ClassVar[list[str]] = []


class Bell(Wire):
    """The same service with changes, two at a time."""

    name = "bell"
    forgotten: ClassVar[int] = 0

    async def changes(self, position: str | None) -> Changes:
        if position is None:
            return Changes(position=str(len(self.told)))
        start = int(position)
        if start < self.forgotten:
            raise Conflict("The position is not known.")
        end = min(start + 2, len(self.told))
        by_id = {one.id: one for one in self.log}
        found = [by_id[id_] for id_ in self.told[start:end]]
        return Changes(messages=found, position=str(end), more=end < len(self.told))


class Log(Bell):
    """A service that knows all changes that ever were."""

    name = "log"
    first_position = "0"


class Broken(Wire):
    name = "broken"

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        raise Unavailable("It does not answer.", hint="Try again.")


class Silent(Wire):
    name = "silent"

    async def own_author(self) -> None:
        return None

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        page = await super().list_conversations(query)
        return replace(page, items=[replace(one, unread=None) for one in page.items])


class Crowd(Wire):
    """A service with many conversations, of which a list shows twenty at once; some cannot be read."""

    name = "crowd"
    locked: ClassVar[set[str]] = set()

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        items, start = (await super().list_conversations(query)).items, int(query.cursor or 0)
        end = start + 20
        return Page(items=items[start:end], cursor=str(end) if end < len(items) else None)

    async def list_messages(self, conversation: str, query: MessageQuery) -> Page[Message]:
        if conversation in self.locked:
            raise Unavailable("It is locked.")
        return await super().list_messages(conversation, query)


def empty() -> None:
    Crowd.locked.clear()
    for kind in (Wire, Bell):
        kind.log.clear()
        kind.told.clear()
        kind.asked.clear()
    Bell.forgotten = 0
