"""A service in memory that notes what it really receives, and by which call, with a fate for each call."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from writing_call import Clock, Doing, current

from dragoman.core.errors import NotFound, OutcomeUnknown, Unavailable
from dragoman.core.model import Author, Message
from dragoman.providers.base.provider import Change, Draft
from dragoman.testing.journal_service import JournalProvider

ROOMS = ("one", "two")
PACE = 3
ACCOUNTS = {
    "off": {"write": "off"},
    "confirm": {"write": "confirm"},
    "allow": {"write": "allow"},
    "listed": {"write": "allow", "write_to": ("listed-one",)},
    "paced": {"write": "allow", "sends_per_minute": PACE},
}
PLACES = [f"{account}-{room}" for account in ACCOUNTS for room in ROOMS]


def places_of(accounts) -> list[str]:
    return [f"{account}:{account}-{room}" for account in accounts for room in ROOMS]


class Text(NamedTuple):
    """A text that a message had, and whose doing it was; somebody else's is nobody's."""

    message: str
    text: str
    by: Doing | None


class Service:
    """What was really written and changed, by whom; rooms in which others may speak too."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.written: list[tuple[Message, Doing | None]] = []
        self.texts: list[Text] = []

    def put(self, room, text, by: Doing | None, author: str = "me", reply_to=None, at=None) -> Message:
        identifier = f"m{len(self.written)}"
        message = Message(
            id=identifier,
            conversation=room,
            author=Author(name=author),
            sent_at=at or self.clock.moment(),
            text=text,
            reply_to=reply_to,
        )
        self.written.append((message, by))
        self._note(identifier, text, by)
        return message

    def change(self, room, identifier, text, by: Doing | None) -> Message:
        number = next((n for n, (one, _) in enumerate(self.written) if one.id == identifier), None)
        if number is None or self.written[number][0].conversation != room:
            raise NotFound("There is no such message.", hint="list_messages shows them.")
        before, author = self.written[number]
        after = replace(before, text=text, edited_at=self.clock.moment())
        self.written[number] = (after, author)
        self._note(identifier, text, by)
        return after

    def messages(self, room: str) -> list[Message]:
        if room not in PLACES:
            raise NotFound("There is no such room.", hint="list_conversations shows the rooms.")
        return [message for message, _ in self.written if message.conversation == room]

    def texts_of(self, identifier: str) -> list[Text]:
        """All that a message has said, the last as it stands."""
        return [one for one in self.texts if one.message == identifier]

    def _note(self, identifier: str, text: str, by: Doing | None) -> None:
        self.texts.append(Text(identifier, text, by))
        if by is not None:
            by.received.append(identifier)


class SimulatedProvider(JournalProvider):
    """The journal's provider on a service in memory, which has a fate for each call."""

    now: Service

    def __init__(self, settings) -> None:
        super().__init__(settings)
        self.service = self.now

    async def list_messages(self, conversation, query):
        _listen()
        return await super().list_messages(conversation, query)

    async def get_message(self, conversation, message):
        _listen()
        return await super().get_message(conversation, message)

    def could_be_sent_by_us(self, message: Message) -> bool:
        return message.author.name == "me"

    async def send_message(self, conversation: str, draft: Draft) -> Message:
        more = {"author": "me", "reply_to": draft.reply_to}
        return await _received(draft.text, lambda text, by: self.service.put(conversation, text, by, **more))

    async def import_message(self, conversation: str, message: Message) -> Message:
        more = {"author": message.author.name, "reply_to": message.reply_to, "at": message.sent_at}
        return await _received(message.text, lambda text, by: self.service.put(conversation, text, by, **more))

    async def update_message(self, conversation: str, message: str, change: Change) -> Message:
        return await _received(change.text, lambda text, by: self.service.change(conversation, message, text, by))


def _listen() -> None:
    doing = current.get()
    if doing is not None and doing.deaf:
        raise Unavailable("The service is closed.", hint="Try again later.")


async def _received(text: str, store: Callable[[str, Doing], Message]) -> Message:
    """What becomes of a write on its way."""
    doing = current.get()
    assert doing is not None

    async def arrive() -> Message:
        if doing.fault == "refused":
            doing.refused = True
            raise Unavailable("The service is closed.", hint="Try again later.")
        if doing.fault == "dropped":
            raise OutcomeUnknown("The connection broke.", hint="Look with list_messages first.")
        try:
            message = store(text[: len(text) // 2] if "cut" in doing.fault else text, doing)
        except NotFound:
            doing.refused = True
            raise
        if "lost" in doing.fault:
            raise OutcomeUnknown("The connection broke.", hint="Look with list_messages first.")
        return message

    return await doing.step(arrive)
