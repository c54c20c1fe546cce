"""What an import hands to a provider, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dragoman.core.model import Conversation, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCounts:
    """What became of the messages of an import.

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
    """What a batch brings of one conversation.

    Attributes:
        described: Whether the archive describes the conversation; otherwise only its id is known.
    """

    conversation: Conversation
    described: bool
    messages: list[Message]


def grouped(items: Iterable[Conversation | Message]) -> list[ImportGroup]:
    """The items by conversation, in the order in which they came; the last description counts."""
    groups: dict[str, ImportGroup] = {}
    for item in items:
        if isinstance(item, Conversation):
            messages = groups[item.id].messages if item.id in groups else []
            groups[item.id] = ImportGroup(item, described=True, messages=messages)
        else:
            id_ = item.conversation
            if id_ not in groups:
                groups[id_] = ImportGroup(Conversation(id=id_), described=False, messages=[])
            groups[id_].messages.append(item)
    return list(groups.values())
