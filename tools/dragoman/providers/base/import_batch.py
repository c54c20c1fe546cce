"""Batches of an import, and their results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.conversation_merge import merge_conversations
from dragoman.core.model import Conversation, Message

if TYPE_CHECKING:
    from dragoman.store.sql.messages.prepared import PreparedBatch


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCounts:
    """The result of an import.

    Attributes:
        new: They were not there before.
        changed: They were there, and something of them is new.
        known: They were there just so.
        deleted: They were not there, and were deleted before they were exported.
    """

    new: int = 0
    changed: int = 0
    known: int = 0
    deleted: int = 0

    def __add__(self, other: ImportCounts) -> ImportCounts:
        """The sum of two batches."""
        return ImportCounts(
            new=self.new + other.new,
            changed=self.changed + other.changed,
            known=self.known + other.known,
            deleted=self.deleted + other.deleted,
        )


@dataclass(frozen=True, slots=True)
class ImportGroup:
    """The part of a batch for one conversation.

    Attributes:
        described: Whether the archive describes the conversation; otherwise only its id is known.
    """

    conversation: Conversation
    described: bool
    messages: list[Message]


def grouped(items: Iterable[Conversation | Message]) -> list[ImportGroup]:
    """The items by conversation, in the order in which they came; descriptions of one conversation are united."""
    described: dict[str, Conversation] = {}
    messages: dict[str, list[Message]] = {}
    for item in items:
        if isinstance(item, Message):
            group = messages.get(item.conversation)
            if group is None:
                group = messages[item.conversation] = []
            group.append(item)
        else:
            described[item.id] = merge_conversations(described[item.id], item) if item.id in described else item
            # A conversation without messages is stored as well.
            messages.setdefault(item.id, [])
    return [
        ImportGroup(described.get(id_) or Conversation(id=id_), described=id_ in described, messages=group)
        for id_, group in messages.items()
    ]


class ArchiveTarget:
    """Operations of an import of archives. The base stores one message after the other."""

    async def import_message(self, conversation: str, message: Message) -> Message:
        """Store one message."""
        raise NotImplementedError

    async def import_conversation(self, conversation: Conversation, messages: Sequence[Message]) -> int:
        """Store many messages of one conversation, creating or renaming it; used for files, not by a tool.

        Returns:
            How many of the messages were new.
        """
        for message in messages:
            await self.import_message(conversation.id, message)
        return len(messages)

    async def import_batch(self, items: Sequence[Conversation | Message]) -> ImportCounts:
        """Store a part of an import: conversations and messages of any of them, in any order.

        Messages without an id are known by content and time, equal ones by their number within this call. Whoever
        parts an import gives them ids, or passes equal ones together.
        """
        counts = ImportCounts()
        for group in grouped(items):
            new = await self.import_conversation(group.conversation, group.messages)
            counts += ImportCounts(new=new, known=len(group.messages) - new)
        return counts

    async def import_prepared(self, batch: PreparedBatch) -> ImportCounts:
        """As :meth:`import_batch`, with messages whose rows were made already."""
        items: list[Conversation | Message] = []
        for group in batch.groups:
            if group.described:
                items.append(group.conversation)
            items += group.messages(batch.authors)
        return await self.import_batch(items)

    async def find_import(self, digest: str) -> str | None:
        """The report of a complete import with this digest, if all of its messages are still there."""
        return None

    async def list_stored_ids(self, prefix: str, after: int = 0) -> Sequence[tuple[int, str, str, tuple[str, ...]]]:
        """Ids of stored messages with their conversations and the messages that they name, some at a time.

        Args:
            prefix: How the ids of the conversations begin.
            after: The last position of the part before.

        Returns:
            Position, id of the message, id of its conversation, and ids of the message that it answers and of those
            in ``extra["references"]``; by position, nothing at the end.
        """
        return ()

    async def record_import(self, digest: str, report: str, conversations: Iterable[str]) -> None:
        """Keep the report of a complete import, so that the same files need not be read again.

        Args:
            digest: What was imported, and how.
            report: What came of it, for the importer.
            conversations: Ids of its conversations, each once; memory need not hold them all.
        """
