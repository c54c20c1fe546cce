"""Stores what an import brings. Synchronous; runs inside a transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from dragoman.core.model import Conversation, Message
from dragoman.providers.base.import_batch import ImportCounts, ImportGroup, grouped
from dragoman.providers.local import ids, merging, queries
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.messages.message_table import AuthorNumbers
from dragoman.store.sqlite.values import bind, unbind

_IDS: Final = 10_000


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


def store_batch(con: Connection, items: Iterable[Conversation | Message], content_ids: ContentIds) -> ImportCounts:
    """Store conversations and messages of any order."""
    counts = ImportCounts()
    authors: AuthorNumbers = {}
    for group in grouped(items):
        counts += _store_group(con, group, content_ids, authors)
    return counts


def _store_group(con: Connection, group: ImportGroup, content_ids: ContentIds, authors: AuthorNumbers) -> ImportCounts:
    conversation = group.conversation
    known_as = queries.described(con, conversation.id)
    if known_as is None:
        queries.describe(con, conversation)
    elif group.described:
        people = dict.fromkeys((*known_as.participants, *conversation.participants))
        queries.describe(con, replace(conversation, participants=tuple(people)))
    fresh: dict[str, Message] = {}
    repeated = 0
    for message in content_ids.named(group.messages):
        before = fresh.get(message.id)
        repeated += before is not None
        fresh[message.id] = message if before is None else merging.imported(before, message)
    if not fresh:
        return ImportCounts()
    known = changed = 0

    def merge(stored: Message, again: Message) -> Message:
        nonlocal known, changed
        merged = merging.imported(stored, again)
        known += merged is stored
        changed += merged is not stored
        return merged

    new = queries.ARCHIVE.put(con, queries.ACCOUNT, conversation.id, fresh.values(), merge, authors)
    deleted = len(fresh) - new - known - changed
    return ImportCounts(new=new, changed=changed, known=known + repeated, deleted=deleted)


def find_record(con: Connection, digest: str) -> str | None:
    """The report of an import with this digest, if all of its conversations are still as full."""
    found = con.execute("SELECT import, report FROM imports WHERE digest = ?", (digest,)).fetchone()
    if found is None:
        return None
    lacking = con.execute(
        "SELECT count(*) FROM import_conversations i LEFT JOIN local_places p USING(place)"
        " WHERE i.import = ? AND (p.held IS NULL OR p.held < i.held)",
        (found[0],),
    ).get
    return None if lacking else unbind(found[1])


def save_record(con: Connection, digest: str, report: str, conversations: Iterable[str]) -> None:
    """Keep the report of a complete import, and how many messages its conversations hold by now."""
    earlier = "SELECT import FROM imports WHERE digest = ?"
    con.execute(f"DELETE FROM import_conversations WHERE import IN ({earlier})", (digest,))  # noqa: S608 - our own words
    con.execute("DELETE FROM imports WHERE digest = ?", (digest,))
    con.execute("INSERT INTO imports(digest, report) VALUES(?, ?)", (digest, bind(report)))
    number = con.last_insert_rowid()
    con.executemany(
        "INSERT OR IGNORE INTO import_conversations"
        " SELECT ?, place, held FROM local_places WHERE account = ? AND id = ?",
        ((number, queries.ACCOUNT, bind(id_)) for id_ in conversations),
    )


def stored_ids(con: Connection, prefix: str, after: int) -> list[tuple[int, str, str]]:
    """Position, id and conversation of the messages of those conversations whose ids begin so."""
    found = con.execute(
        "SELECT m.number, m.id, p.id FROM local_messages m JOIN local_places p USING(place)"
        " WHERE p.account = ? AND p.id >= ? AND p.id < ? AND m.number > ? ORDER BY m.number LIMIT ?",
        (queries.ACCOUNT, prefix, f"{prefix}\U0010ffff", after, _IDS),
    )
    return [(number, unbind(message), unbind(conversation)) for number, message, conversation in found]
