"""The table of the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import apsw

from dragoman.store.sqlite.connection import UNREADABLE, Connection, bind, from_us, unbind
from dragoman.store.writes import AuditRecord

_COLUMNS: Final = "at, who, account, operation, conversation, message, outcome, digest, principal, write"


def record(con: Connection, line: AuditRecord, now: int) -> None:
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


def count_unsettled(con: Connection, write: int) -> int:
    """How many attempts at a write were begun of which is not certain that they failed."""
    told = "SELECT total(outcome = 'begun') - total(outcome = 'failed') FROM audit WHERE write = ?"
    ((count,),) = list(con.execute(told, (write,)))
    return int(count)


def last_lines(con: Connection, limit: int) -> list[AuditRecord]:
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


def _line(row: tuple[Any, ...]) -> AuditRecord:
    at, who, account, operation, conversation, message, outcome, digest, principal, write = row
    try:
        return AuditRecord(
            at=from_us(at),
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
