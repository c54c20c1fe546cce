"""The table of coverage: spans of time by conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dragoman.store.coverage import BEGINNING, OPEN, Coverage, Span
from dragoman.store.sql.connection import Connection, bind, from_us, to_us

_FOLLOWING: Final = (
    "account = ?1 AND until = ?2 AND conversation IN"
    " (SELECT id FROM sync_conversations WHERE account = ?1 AND follows = 1)"
)


def load(con: Connection, account: str, conversation: str) -> Coverage:
    """The spans of a conversation."""
    found = con.execute(
        "SELECT since, until FROM sync_coverage WHERE account = ? AND conversation = ? ORDER BY since",
        (account, bind(conversation)),
    )
    return Coverage.of(_span(since, until) for since, until in list(found))


def change(
    con: Connection, account: str, uncovered: Sequence[tuple[str, Span]], covered: Sequence[tuple[str, Span]]
) -> None:
    """Take spans away, add others, and bring the reach of the conversations in step."""
    for conversation in dict.fromkeys([name for name, _ in (*uncovered, *covered)]):
        before = coverage = load(con, account, conversation)
        for span in [span for name, span in uncovered if name == conversation]:
            coverage = coverage.subtract(span)
        for span in [span for name, span in covered if name == conversation]:
            coverage = coverage.add(span)
        if coverage != before:
            _save(con, account, conversation, coverage)


def close_following(con: Connection, account: str, time: int) -> None:
    """End what goes up to the present, of all conversations that follow, at a time in microseconds since 1970."""
    values = (account, to_us(OPEN), time)
    # Cut at that time, these would be empty or end before they begin.
    con.execute(f"DELETE FROM sync_coverage WHERE since >= ?3 AND {_FOLLOWING}", values)  # noqa: S608 - our own words
    con.execute(f"UPDATE sync_coverage SET until = ?3 WHERE {_FOLLOWING}", values)  # noqa: S608 - our own words
    con.execute("UPDATE sync_conversations SET reach = NULL WHERE account = ? AND follows = 1", (account,))


def forget(con: Connection, account: str, conversation: str | None = None) -> None:
    """Forget what is covered and how far sync is, of a conversation or of a whole account.

    Args:
        con: A connection within a transaction.
        account: Which account.
        conversation: The only one; ``None`` for all, and for the account's own position.
    """
    if conversation is None:
        # The lease stays, so that its fence goes on growing.
        for table in ("sync_coverage", "sync_conversations", "sync_accounts"):
            con.execute(f"DELETE FROM {table} WHERE account = ?", (account,))  # noqa: S608 - our own words
        con.execute("DELETE FROM sync_arrivals WHERE account = ?", (account,))
        return
    one = (account, bind(conversation))
    con.execute("DELETE FROM sync_coverage WHERE account = ? AND conversation = ?", one)
    con.execute("DELETE FROM sync_conversations WHERE account = ? AND id = ?", one)


def _save(con: Connection, account: str, conversation: str, coverage: Coverage) -> None:
    one = (account, bind(conversation))
    con.execute("DELETE FROM sync_coverage WHERE account = ? AND conversation = ?", one)
    con.executemany(
        "INSERT INTO sync_coverage(account, conversation, since, until) VALUES(?, ?, ?, ?)",
        [(*one, to_us(span.since), to_us(span.until)) for span in coverage.spans],
    )
    reach = coverage.reach
    con.execute(
        # Messages may be the first that is heard of a conversation, before any list has named it.
        "INSERT INTO sync_conversations(account, id, cursor, follows, failures, error)"
        " VALUES(?, ?, '', 0, 0, '') ON CONFLICT DO NOTHING",
        one,
    )
    con.execute(
        "UPDATE sync_conversations SET reach = ? WHERE account = ? AND id = ?",
        (None if reach is None else to_us(reach), *one),
    )


def _span(since: int, until: int) -> Span:
    return Span(from_us(since) or BEGINNING, from_us(until) or BEGINNING)
