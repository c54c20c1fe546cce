"""A service that notes what it really received, and misbehaves as it is told to: for tests of writing safely.

It lives in a folder, so that any number of processes can use it, and killing one of them loses nothing::

    monkeypatch.setitem(registry.BUILT_IN, "journal", "dragoman.testing.journal_service:JournalProvider")
    service = JournalService(tmp_path / "service")
    service.misbehave("lost")
    with ScriptedServer({"accounts": {"post": {"provider": "journal", "folder": str(service.folder), ...}}}) as server:
        ...
    assert service.received("room") == ["Hello"]
"""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, cast
from uuid import uuid4

import anyio
import anyio.lowlevel

from dragoman.core.errors import NotFound, OutcomeUnknown, Unavailable
from dragoman.core.model import Author, Conversation, ConversationKind, Message, Order, Page
from dragoman.providers.base.provider import (
    AccountSettings,
    Change,
    ConversationQuery,
    Draft,
    Limits,
    MessageQuery,
    Provider,
)

Fault = Literal[
    "refused", "dropped", "lost", "hangs", "killed before", "killed after", "cut", "killed reading", "hangs reading"
]
"""What happens to a write or a change: it is refused; it or its answer gets lost on the way; no answer ever comes; the
calling process is killed before or after the service has acted; only half of the text is stored; the process is killed,
or no answer comes, when the stored message is read for the first time."""

LONGEST: Final = 4000


class JournalService:
    """The service itself.

    Args:
        folder: Where it keeps its journal; made where it is missing.
        rooms: Conversations by id, with their titles.
    """

    def __init__(self, folder: Path, rooms: tuple[str, ...] = ("room", "hall")) -> None:
        self.folder = folder
        self.rooms = rooms
        folder.mkdir(parents=True, exist_ok=True)

    def misbehave(self, *faults: Fault | Literal[""]) -> None:
        """What happens to the next writes, one after the other; an empty one is no fault."""
        (self.folder / "faults").write_text("".join(f"{fault}\n" for fault in faults), encoding="utf-8")

    def received(self, room: str) -> list[str]:
        """The texts of all messages that were really sent or imported into a room, in order."""
        return [entry["text"] for entry in self.entries() if entry["op"] != "update" and entry["room"] == room]

    def entries(self) -> list[dict[str, Any]]:
        """Everything that was really written, in order."""
        path = self.folder / "journal"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [cast("dict[str, Any]", json.loads(line)) for line in lines]

    def write(self, **entry: object) -> None:
        """Note one write, whole and for good."""
        line = json.dumps(entry, ensure_ascii=True).encode() + b"\n"
        # One write call with O_APPEND: lines of several processes cannot mix, and a killed one leaves no half line.
        journal = os.open(self.folder / "journal", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(journal, line)
        finally:
            os.close(journal)

    def say(self, room: str, text: str, author: str = "Ann") -> str:
        """Let somebody else write, and return the id of the message."""
        identifier = uuid4().hex
        self.write(op="said", room=room, id=identifier, text=text, author=author, at=datetime.now(UTC).isoformat())
        return identifier

    def next_fault(self) -> str:
        """Take the next fault."""
        path = self.folder / "faults"
        faults = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        if not faults:
            return ""
        # Taken before it strikes: it may kill the process, and must not strike again after the restart.
        path.write_text("".join(f"{fault}\n" for fault in faults[1:]), encoding="utf-8")
        return faults[0]

    def messages(self, room: str) -> list[Message]:
        """The messages of a room, oldest first.

        Raises:
            NotFound: There is no such room.
        """
        if room not in self.rooms:
            raise NotFound("There is no such room.", hint="list_conversations shows the rooms.")
        found: dict[str, Message] = {}
        for entry in self.entries():
            if entry["op"] == "update" and entry["id"] in found:
                found[entry["id"]] = replace(found[entry["id"]], text=entry["text"], edited_at=_moment(entry))
            elif entry["op"] != "update" and entry["room"] == room:
                found[entry["id"]] = _message(entry)
        return list(found.values())


class JournalSettings(AccountSettings):
    """An account of the service in that folder."""

    folder: Path
    rooms: tuple[str, ...] = ("room", "hall")


class JournalProvider(Provider):
    """Speaks to the service; sending twice sends two messages."""

    name: ClassVar[str] = "journal"
    Settings: ClassVar[type[AccountSettings]] = JournalSettings
    limits: ClassVar[Limits] = Limits(text_length=LONGEST)

    def __init__(self, settings: AccountSettings) -> None:
        """Find the service in its folder."""
        super().__init__(settings)
        own = cast("JournalSettings", settings)
        self.service = JournalService(own.folder, own.rooms)
        self._reading_fault = ""

    async def list_conversations(self, query: ConversationQuery) -> Page[Conversation]:
        """All rooms."""
        del query
        return Page(items=[_room(room) for room in self.service.rooms])

    async def get_conversation(self, conversation: str) -> Conversation:
        """One room."""
        self.service.messages(conversation)
        return _room(conversation)

    async def list_messages(self, conversation: str, query: MessageQuery) -> Page[Message]:
        """The newest or the oldest messages, all on one page."""
        messages = self.service.messages(conversation)
        return Page(items=messages[-query.limit :] if query.order is Order.LATEST else messages[: query.limit])

    async def get_message(self, conversation: str, message: str) -> Message:
        """One message."""
        fault, self._reading_fault = self._reading_fault, ""
        if fault == "killed reading":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "hangs reading":
            await anyio.sleep_forever()
        return self._message(conversation, message)

    def _message(self, conversation: str, message: str) -> Message:
        for one in self.service.messages(conversation):
            if one.id == message:
                return one
        raise NotFound("There is no such message.", hint="list_messages shows them.")

    async def send_message(self, conversation: str, draft: Draft) -> Message:
        """Send."""
        self.service.messages(conversation)
        more = {"reply_to": draft.reply_to, "author": "me"}
        return await self._write("send", conversation, draft.text, datetime.now(UTC), uuid4().hex, **more)

    async def update_message(self, conversation: str, message: str, change: Change) -> Message:
        """Change the text."""
        before = self._message(conversation, message)
        text = before.text if change.text is None else change.text
        return await self._write("update", conversation, text, datetime.now(UTC), message)

    async def import_message(self, conversation: str, message: Message) -> Message:
        """Store."""
        self.service.messages(conversation)
        at = message.sent_at or datetime.now(UTC)
        more = {"reply_to": message.reply_to, "author": message.author.name}
        return await self._write("import", conversation, message.text, at, uuid4().hex, **more)

    async def _write(self, op: str, room: str, text: str, at: datetime, identifier: str, **more: str | None) -> Message:
        fault = self.service.next_fault()
        if fault == "refused":
            # Said by the service itself, so the message was certainly not taken.
            raise Unavailable("The service is closed.", hint="Try again later.")
        if fault == "killed before":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "dropped":
            raise OutcomeUnknown("The connection broke.", hint="Look with list_messages first.")
        stored = text[: len(text) // 2] if fault == "cut" else text
        # Faults above mean that the service never had the message, those below that it did.
        self.service.write(op=op, room=room, id=identifier, text=stored, at=at.isoformat(), **more)
        await self._after(fault)
        self._reading_fault = fault if fault.endswith("reading") else ""
        return self._message(room, identifier)

    async def _after(self, fault: str) -> None:
        await anyio.lowlevel.checkpoint()
        if fault == "killed after":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "lost":
            raise OutcomeUnknown("The connection broke.", hint="Look with list_messages first.")
        if fault == "hangs":
            await anyio.sleep_forever()


def _room(room: str) -> Conversation:
    return Conversation(id=room, title=room.capitalize(), kind=ConversationKind.CHANNEL, participants=("Ann", "Bo"))


def _message(entry: dict[str, Any]) -> Message:
    return Message(
        id=entry["id"],
        conversation=entry["room"],
        author=Author(name=entry["author"]),
        sent_at=_moment(entry),
        text=entry["text"],
        reply_to=entry.get("reply_to"),
    )


def _moment(entry: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(entry["at"])
