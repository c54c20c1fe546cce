"""The outbox: each write is noted before it is made, and its outcome after.

What is still pending when nobody works on it any more was cut off by a crash: whether it was made is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from dragoman.store.sql import Connection
from dragoman.store.values import Value, bind, from_moment, unbind

_COLUMNS: Final = "entry, account, operation, conversation, digest, key, who, state, message, begun, finished"
_MOST: Final = 1000


class State(StrEnum):
    """How far a write has come. ``FAILED``: it was certainly not made."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A write that is about to be made.

    Attributes:
        conversation: Id of where it goes.
        digest: Hash of exactly the content.
        key: The caller's own name of this write, by which repeating it is recognised.
        who: Client or person that asked for it.
    """

    account: str
    operation: str
    conversation: str
    digest: str
    key: str | None = None
    who: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An intent as it was noted.

    Attributes:
        message: Id of the message that came of it.
        fresh: It is to be made now; otherwise it was noted before, and must not be made again.
    """

    id: int
    intent: Intent
    state: State
    message: str | None
    begun: datetime | None
    finished: datetime | None
    fresh: bool = False

    @property
    def digest(self) -> str:
        """Hash of the content."""
        return self.intent.digest


def begin(con: Connection, intent: Intent, now: int) -> Entry:
    """Note an intent, or find the one of the same account and key.

    One that failed is taken up again when the content is the same. The caller compares the digests of a repeated
    one: the same key must not stand for two contents.
    """
    earlier = None if intent.key is None else attempt(con, intent.account, intent.key)
    if earlier is not None:
        return _again(con, earlier, intent, now)
    values = (intent.account, intent.operation, bind(intent.conversation), intent.digest, bind(intent.who))
    con.execute(
        "INSERT INTO intents(account, operation, conversation, digest, who, key, state, begun)"
        " VALUES(?, ?, ?, ?, ?, ?, 'pending', ?)",
        (*values, None if intent.key is None else bind(intent.key), now),
    )
    return _fresh(con, con.last_insert_rowid())


def attempt(con: Connection, account: str, key: str) -> Entry | None:
    """The entry of that account and key."""
    return next(_entries(con, "account = ? AND key = ?", (account, bind(key))), None)


def finish(con: Connection, entry: int, state: State, message_id: str | None, now: int) -> bool:
    """Note the outcome; ``False`` when there is no such pending entry."""
    con.execute(
        "UPDATE intents SET state = ?, message = ?, finished = ? WHERE entry = ? AND state = 'pending'",
        (state.value, None if message_id is None else bind(message_id), now, entry),
    )
    return con.changes() > 0


def pending(con: Connection) -> list[Entry]:
    """What is noted and has no outcome yet, oldest first, at most a thousand."""
    return list(_entries(con, "state = 'pending' ORDER BY entry LIMIT ?", (_MOST,)))


def recent(con: Connection, account: str, conversation: str, digest: str, since: int) -> Entry | None:
    """The last write of this content to this conversation since then that has not failed."""
    where = (
        "account = ? AND conversation = ? AND digest = ? AND begun >= ? AND state <> 'failed'"
        " ORDER BY entry DESC LIMIT 1"
    )
    return next(_entries(con, where, (account, bind(conversation), digest, since)), None)


def _again(con: Connection, earlier: Entry, intent: Intent, now: int) -> Entry:
    if earlier.state is not State.FAILED or earlier.intent.digest != intent.digest:
        return earlier
    con.execute("UPDATE intents SET state = 'pending', begun = ?, finished = NULL WHERE entry = ?", (now, earlier.id))
    return _fresh(con, earlier.id)


def _fresh(con: Connection, entry: int) -> Entry:
    return replace(next(_entries(con, "entry = ?", (entry,))), fresh=True)


def _entries(con: Connection, where: str, values: tuple[Value, ...]) -> Iterator[Entry]:
    return map(_entry, con.execute(f"SELECT {_COLUMNS} FROM intents WHERE {where}", values))  # noqa: S608 - our own words


def _entry(row: tuple[Any, ...]) -> Entry:
    id_, account, operation, conversation, digest, key, who, state, message, begun, finished = row
    intent = Intent(
        account=account,
        operation=operation,
        conversation=unbind(conversation),
        digest=digest,
        key=None if key is None else unbind(key),
        who=unbind(who),
    )
    return Entry(
        id=id_,
        intent=intent,
        state=State(state),
        message=None if message is None else unbind(message),
        begun=from_moment(begun),
        finished=from_moment(finished),
    )
