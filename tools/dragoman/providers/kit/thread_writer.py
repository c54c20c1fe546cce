"""Sends and changes messages, each once, where a reply names the first message of its thread."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from dragoman.core.context.notes import leave_note, leave_shown
from dragoman.core.errors import DragomanError, InvalidArgument, UnsupportedOperation
from dragoman.core.folding import fold
from dragoman.core.model import Message
from dragoman.core.queries import Change, Draft
from dragoman.core.safe_text import sentence
from dragoman.core.times import to_us
from dragoman.providers.base.sent_message_match import CLOCKS_DIFFER, marker_of, match_sent_message
from dragoman.providers.kit.members import Member
from dragoman.providers.kit.people import by_name, write_mentions
from dragoman.providers.kit.rooms import Rooms
from dragoman.providers.kit.thread_source import ThreadSource

_CALLS: Final = frozenset({"here", "channel", "everyone", "all"})  # which are asked about before
_MOST_TOLD: Final = 5  # names that are no mentions

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Written(NamedTuple, Generic[R_co]):
    """The message in the answer to a write.

    Attributes:
        conversation: Where it stands.
        raw: The message in the service's own form, with its id.
        is_whole: It is as it is stored; otherwise it is read.
    """

    conversation: str
    raw: R_co
    is_whole: bool = True


class WriteTarget(Protocol[R]):
    """Writes to the service. ``R`` is a message in the service's own form."""

    async def post(self, conversation: str, text: str, root: str | None, key: str, /) -> Written[R]:
        """Send a text, as an answer to ``root``, with a key by which it can be found.

        Raises:
            OutcomeUnknown: It may have gone out.
        """
        ...

    async def edit(self, conversation: str, message: str, text: str, /) -> Written[R]:
        """Change the text of a message."""
        ...

    async def sent_since(self, conversation: str, at: int, root: str | None, /) -> Sequence[R]:
        """Messages of a conversation or thread from a time on, oldest first. It is in microseconds since 1970."""
        ...

    def key_of(self, raw: R, /) -> str | None:
        """The key that a message carries; ``None`` where it carries none of anybody."""
        ...

    def mention(self, member: Member, /) -> str:
        """The mention of a person in a text."""
        ...

    async def to_wire(self, text: str, members: Collection[str], /) -> str:
        """A text in which nothing rings or links that was not meant to; ``members`` may be named by id."""
        ...


class ThreadWriter(Generic[R]):
    """Writes for one account.

    Args:
        service: Its name, for sentences.
        longest: Characters of a text that it takes.
        target: Writes to it.
        source: Reads from it.
        rooms: Its conversations.
        forget: Is told the conversation and thread of each write.
    """

    def __init__(
        self,
        service: str,
        longest: int,
        target: WriteTarget[R],
        source: ThreadSource[R],
        rooms: Rooms,
        forget: Callable[[str, str | None], None],
    ) -> None:
        self._service = service
        self._longest = longest
        self._target = target
        self._source = source
        self._rooms = rooms
        self._forget = forget

    async def send(self, conversation: str, draft: Draft) -> Message:
        """Send a message; to a person, whose direct conversation is opened.

        Raises:
            NotFound: There is no such conversation, or the message to answer is gone.
            OutcomeUnknown: It may have gone out.
        """
        if draft.subject:
            raise UnsupportedOperation(
                sentence("Messages of {} have no subject.", self._service), hint="Send it without subject."
            )
        # Only sending opens a conversation: a look at a person must leave no trace.
        conversation = await self._rooms.place(conversation, create=True) or conversation
        root = await self._root(conversation, draft)
        text = await self._text(conversation, draft.text)
        stored = await self._stored(await self._target.post(conversation, text, root, marker_of(draft)))
        self._forget(conversation, root)
        return stored

    async def update(self, conversation: str, message: str, change: Change) -> Message:
        """Change the text of one of the account's own messages."""
        if change.subject is not None or change.labels is not None:
            raise UnsupportedOperation(
                sentence("Of messages of {} only the text can be changed.", self._service), hint="Give text alone."
            )
        text = await self._text(conversation, change.text or "")
        stored = await self._stored(await self._target.edit(conversation, message, text))
        self._forget(conversation, stored.reply_to)
        return stored

    async def find_sent(
        self, conversation: str, draft: Draft, since: datetime, known: Collection[str]
    ) -> Message | None:
        """The message that a send of unknown outcome has made, by its key; by its text where it has none."""
        place = await self._rooms.place(conversation, create=False)
        # The direct conversation is not there, so nothing can have been sent to it.
        if place is None:
            return None
        root, marker = await self._root(place, draft), marker_of(draft)
        found = await self._target.sent_since(place, to_us(since - CLOCKS_DIFFER), root)
        marked = [one for one in found if self._target.key_of(one) == marker and self._source.post(one).id not in known]
        if marked:
            return (await self._source.to_messages(place, marked[:1]))[0]
        # A message whose key the service dropped is known by its text.
        unmarked = [one for one in found if self._target.key_of(one) is None]
        messages = await self._source.to_messages(place, unmarked)
        return match_sent_message(messages, draft.text, root, since, known, lambda message: message.author.own)

    async def _root(self, conversation: str, draft: Draft) -> str | None:
        """The first message of the thread that is answered; it is looked up, because services take an unknown one."""
        if draft.reply_to is None:
            return None
        answered = self._source.post(await self._source.raw(conversation, draft.reply_to))
        return answered.root or answered.id

    async def _stored(self, written: Written[R]) -> Message:
        """A message that was written; nothing fails because it cannot be read afterwards."""
        place, raw, is_whole = written
        if not is_whole:
            with suppress(DragomanError):
                raw = await self._source.raw(place, self._source.post(raw).id)
        (found,) = await self._source.to_messages(place, [raw])
        return found

    async def _text(self, conversation: str, text: str) -> str:
        """A text in which names of members are mentions.

        Raises:
            InvalidArgument: It is empty, or too long.
        """
        if not text.strip():
            raise InvalidArgument("The text is empty.", hint="Give the text of the message.")
        # Most texts mention nobody, and listing members takes a request.
        members = await self._callable(conversation) if "@" in text else {}
        ids = {member.id for named in members.values() for member in named}
        missed = dict[str, None]()
        mentioned = write_mentions(text, members, self._target.mention, lambda name: missed.update({name: None}))
        written = await self._target.to_wire(mentioned, ids)
        leave_shown(self._with_names(mentioned, members))
        # Marks and mentions count, so the text as it is sent is measured.
        if len(written) > self._longest:
            raise InvalidArgument(
                sentence(
                    "The text has {:,} characters as {} counts, and it takes at most {:,}.",
                    len(written),
                    self._service,
                    self._longest,
                ),
                hint="Shorten it or send it in parts.",
            )
        for name in [one for one in missed if fold(one) not in _CALLS][:_MOST_TOLD]:
            leave_note(sentence("{!r} is a text: no member, or more than one, is called so.", f"@{name}"))
        return written

    def _with_names(self, text: str, members: Mapping[str, Sequence[Member]]) -> str:
        """A text in which mentions are names again, as people see it."""
        for member in {one.id: one for named in members.values() for one in named}.values():
            text = text.replace(self._target.mention(member), f"@{member.name}")
        return text

    async def _callable(self, conversation: str) -> dict[str, list[Member]]:
        """The members of a conversation by all that they may be called; nothing where they cannot be listed."""
        try:
            return by_name(await self._rooms.members(conversation), lambda member: member.names)
        except DragomanError:
            return {}
