"""Stores what an import brings, within one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from dragoman.core.conversation_merge import merge_conversations
from dragoman.core.model import Conversation, Message
from dragoman.providers.base.import_batch import ImportCounts, ImportGroup
from dragoman.providers.local import ids, merging, queries
from dragoman.store.conversations import ConversationTables, merge_by_id
from dragoman.store.sql.messages.prepared import ID, PreparedBatch


class ContentIds:
    """Gives ids to the messages of one import that have none. The n-th of equal ones is the n-th again next time."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def named(self, messages: Iterable[Message]) -> Iterator[Message]:
        """The messages, all with an id."""
        for message in messages:
            yield message if message.id else replace(message, id=self._make(message))

    def _make(self, message: Message) -> str:
        id_ = ids.of_content(message)
        self._counts[id_] += 1
        return id_ if self._counts[id_] == 1 else f"{id_}.{self._counts[id_]}"


def store_groups(tables: ConversationTables, groups: Iterable[ImportGroup], content_ids: ContentIds) -> ImportCounts:
    """Store messages of any number of conversations."""
    counts = ImportCounts()
    for group in groups:
        counts += store_group(tables, group, content_ids)
    return counts


def store_prepared(tables: ConversationTables, batch: PreparedBatch, content_ids: ContentIds) -> ImportCounts:
    """Store messages whose rows are made, as they are where none of a conversation's is there already."""
    counts = ImportCounts()
    for group in batch.groups:
        describe(tables, group.conversation, described=group.described)
        if not group.columns:
            continue
        id_, ids = group.conversation.id, group.columns[ID]
        # A row without an id needs one of its content, which counts equal ones.
        new = tables.insert_prepared(id_, batch.authors, group.columns) if all(ids) else None
        if new is None:
            counts += _store_messages(tables, id_, list(group.messages(batch.authors)), content_ids)
        else:
            counts += ImportCounts(new=new, deleted=len(ids) - new)
    return counts


def store_group(tables: ConversationTables, group: ImportGroup, content_ids: ContentIds) -> ImportCounts:
    """Store messages of one conversation, whatever conversation they name themselves.

    Args:
        tables: A transaction.
        group: The conversation and its messages.
        content_ids: Of the whole import.
    """
    describe(tables, group.conversation, described=group.described)
    return _store_messages(tables, group.conversation.id, group.messages, content_ids)


def describe(tables: ConversationTables, conversation: Conversation, *, described: bool) -> None:
    """Create a conversation, or add to what is known of it.

    Args:
        tables: A transaction.
        conversation: What the archive tells.
        described: Whether it tells more than the id.
    """
    known_as = queries.described(tables, conversation.id)
    if known_as is None:
        queries.describe(tables, conversation)
    elif described:
        queries.describe(tables, merge_conversations(known_as, conversation))


def _store_messages(
    tables: ConversationTables, conversation: str, messages: list[Message], content_ids: ContentIds
) -> ImportCounts:
    if not all(message.id for message in messages):
        messages = list(content_ids.named(messages))
    if not messages:
        return ImportCounts()
    # One archive may have a message several times, such as before and after an edit.
    fresh = merge_by_id(messages, merging.imported)
    repeated = len(messages) - len(fresh)
    known = changed = 0

    def merge(stored: Message, again: Message) -> Message:
        nonlocal known, changed
        merged = merging.imported(stored, again)
        known += merged is stored
        changed += merged is not stored
        return merged

    new = tables.put(conversation, fresh.values(), merge)
    deleted = len(fresh) - new - known - changed
    return ImportCounts(new=new, changed=changed, known=known + repeated, deleted=deleted)
