"""The table of the audit log."""

from __future__ import annotations

from typing import Any, Final

from dragoman.store.sql.connection import UNREADABLE, Connection, DamagedRowError, bind, from_us, unbind
from dragoman.store.writes import AuditRecord

COLUMNS: Final = "at, who, account, operation, conversation, message, outcome, digest, principal, write"


def record(con: Connection, line: AuditRecord, now: int) -> None:
    """Add a line."""
    con.execute(
        f"INSERT INTO audit({COLUMNS}) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
    count_begun = (
        "SELECT coalesce(sum(CASE outcome WHEN 'begun' THEN 1 WHEN 'failed' THEN -1 ELSE 0 END), 0)"
        " FROM audit WHERE write = ?"
    )
    ((count,),) = list(con.execute(count_begun, (write,)))
    return int(count)


def last_lines(con: Connection, limit: int) -> list[AuditRecord]:
    """The last lines, newest first."""
    found = con.execute(f"SELECT {COLUMNS} FROM audit ORDER BY entry DESC LIMIT ?", (limit,))  # noqa: S608 - our own words
    return [line_of(row) for row in found]


def line_of(row: tuple[Any, ...]) -> AuditRecord:
    """The line that a row of :data:`COLUMNS` holds.

    Raises:
        DamagedRowError: It holds none.
    """
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
        raise DamagedRowError("a line of the audit log cannot be read") from error
