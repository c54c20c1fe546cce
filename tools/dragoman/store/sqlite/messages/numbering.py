"""Gives messages their numbers, and stores them.

A message gets its number when it is first seen, after the message that it answers. ``remember`` decides what is
stored with the number: ``full`` stores the message for searching, ``numbers`` stores nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dragoman.core.model import Message
from dragoman.store.messages import Remember
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.messages import rows
from dragoman.store.sqlite.messages.message_table import MessageTable, Stored


def lookup(
    con: Connection, table: MessageTable, messages: Sequence[Message], remember: Remember, account: str
) -> list[Message] | None:
    """The messages with account and numbers; ``None`` when something of them has to be written first.

    Args:
        con: A connection within a transaction.
        table: Where messages have their numbers.
        messages: As they were table.
        remember: How much is kept of them.
        account: Where they are; empty when each says so itself.
    """
    numbered: dict[tuple[str, str], dict[str, int]] = {}
    for where, group in _grouped(messages, account).items():
        numbers = table.numbers(con, *where, _ids(group))
        if len(numbers) < len(_ids(group)) or (remember == "full" and _differ(con, table, where, group)):
            return None
        numbered[where] = numbers
    return [_numbered(message, account, numbered) for message in messages]


def lookup_existing(con: Connection, table: MessageTable, messages: Sequence[Message], account: str) -> list[Message]:
    """The messages with the numbers that exist, for a file that cannot be written."""
    told: list[Message] = []
    for message in messages:
        ids = [message.id] if message.reply_to is None else [message.id, message.reply_to]
        where = account or message.account
        numbers = table.numbers(con, where, message.conversation, ids)
        parent = None if message.reply_to is None else numbers.get(message.reply_to)
        told.append(replace(message, account=where, number=numbers.get(message.id), reply_to_number=parent))
    return told


def assign(
    con: Connection, table: MessageTable, messages: Sequence[Message], remember: Remember, account: str
) -> list[Message]:
    """Give numbers to messages and to those that they answer, and remember them."""
    numbered: dict[tuple[str, str], dict[str, int]] = {}
    for where, group in _grouped(messages, account).items():
        numbered[where] = table.allocate(con, *where, _ids(group))
        if remember == "full":
            table.put(con, *where, group, merged)
    return [_numbered(message, account, numbered) for message in messages]


def merged(stored: Message, fresh: Message) -> Message:
    """The version to store: the last one, unless it is an excerpt or was edited earlier."""
    if fresh.deleted_at is None and fresh.partial and not stored.partial and stored.deleted_at is None:
        return stored
    if stored.edited_at is not None and fresh.edited_at is not None and fresh.edited_at < stored.edited_at:
        return stored
    return fresh


def _differ(con: Connection, table: MessageTable, where: tuple[str, str], group: Sequence[Message]) -> bool:
    stored = table.get(con, *where, [message.id for message in group])
    return any(_differs(stored[message.id], _kept(message)) for message in group)


def _differs(was: Stored, fresh: Message) -> bool:
    if not was.has_content:
        return True
    if fresh.deleted_at is not None:
        return was.visible
    # Compared as rows, for a value of ``extra`` may come back in another type.
    return rows.to_row(merged(was.message, fresh)) != was.row


def _kept(message: Message) -> Message:
    return replace(message, number=None, reply_to_number=None)


def _numbered(message: Message, account: str, numbers: dict[tuple[str, str], dict[str, int]]) -> Message:
    where = account or message.account
    here = numbers[where, message.conversation]
    parent = None if message.reply_to is None else here[message.reply_to]
    return replace(message, account=where, number=here[message.id], reply_to_number=parent)


def _grouped(messages: Sequence[Message], account: str) -> dict[tuple[str, str], list[Message]]:
    groups: dict[tuple[str, str], list[Message]] = {}
    for message in messages:
        groups.setdefault((account or message.account, message.conversation), []).append(message)
    return groups


def _ids(group: Sequence[Message]) -> list[str]:
    """The ids of messages, each after the one that it answers."""
    ids: dict[str, None] = {}
    for message in group:
        if message.reply_to is not None:
            ids.setdefault(message.reply_to)
        ids.setdefault(message.id)
    return list(ids)
