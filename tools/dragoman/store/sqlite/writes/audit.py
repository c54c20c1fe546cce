"""The audit log: who wrote what where and how it ended, without a word of the messages. It only grows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import apsw

from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.values import UNREADABLE, bind, from_moment, unbind

_COLUMNS: Final = "at, who, account, operation, conversation, message, outcome, digest, principal, write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line of the log.

    Attributes:
        who: The client program.
        conversation: Id of where it went.
        message: Id of the message, where one came of it.
        outcome: ``begun`` and then ``done``, ``failed`` or ``unknown``; ``found`` when the service was looked at later;
            ``asked`` (answered with a preview), ``unseen`` (also, because no person can have seen the question),
            ``declined``, ``cancelled``, ``refused`` (by the policy), ``repeated``, or the code of an error, when
            nothing was given to the service.
        digest: Hash of the content.
        principal: Who was authenticated, empty for the user of this machine.
        write: Number of the outbox's entry, the same in all lines of one write.
        at: When; filled in by the store.
    """

    who: str
    account: str
    operation: str
    conversation: str
    outcome: str
    message: str | None = None
    digest: str | None = None
    principal: str = ""
    write: int | None = None
    at: datetime | None = None


def record(con: Connection, line: Record, now: int) -> None:
    """Add a line."""
    con.execute(
        f"INSERT INTO audit({_COLUMNS}) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            now,
            bind(line.who),
            line.account,
            line.operation,
            bind(line.conversation),
            None if line.message is None else bind(line.message),
            line.outcome,
            line.digest,
            bind(line.principal),
            line.write,
        ),
    )


def unsettled(con: Connection, write: int) -> int:
    """How many attempts at a write were begun of which is not certain that they failed."""
    told = "SELECT total(outcome = 'begun') - total(outcome = 'failed') FROM audit WHERE write = ?"
    ((count,),) = list(con.execute(told, (write,)))
    return int(count)


def newest(con: Connection, limit: int) -> list[Record]:
    """The last lines, newest first."""
    found = con.execute(f"SELECT {_COLUMNS} FROM audit ORDER BY entry DESC LIMIT ?", (limit,))  # noqa: S608 - our own words
    return [_line(row) for row in found]


def unreadable(con: Connection) -> Iterator[int]:
    """The numbers of the lines that make no sense."""
    for (entry,) in con.execute("SELECT entry FROM audit"):
        try:
            for row in con.execute(f"SELECT {_COLUMNS} FROM audit WHERE entry = ?", (entry,)):  # noqa: S608 - our own words
                _line(row)
        except (apsw.CorruptError, ValueError):
            yield entry


def _line(row: tuple[Any, ...]) -> Record:
    at, who, account, operation, conversation, message, outcome, digest, principal, write = row
    try:
        return Record(
            at=from_moment(at),
            who=unbind(who),
            account=unbind(account),
            operation=unbind(operation),
            conversation=unbind(conversation),
            message=None if message is None else unbind(message),
            outcome=unbind(outcome),
            digest=None if digest is None else unbind(digest),
            principal=unbind(principal),
            write=write,
        )
    except UNREADABLE as error:
        raise apsw.CorruptError("a line of the audit log cannot be read") from error
