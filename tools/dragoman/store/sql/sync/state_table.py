"""The tables of how far sync is with accounts and conversations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from dragoman.store.sql.connection import Connection, Value, bind, from_us, to_us, unbind
from dragoman.store.sync_state import AccountSync, Attempts, ConversationSync, Failure

_COLUMNS: Final = (
    "id, cursor, cursor_at, last_message_at, checked_at, follows, listed_at, gone_at, failures, error, retry_at, reach"
)
_MOST_FAILURES: Final = 10
# A conversation of which no last time is known may hold anything, so it is read.
_TO_READ: Final = (
    "account = ?1 AND gone_at IS NULL AND (reach IS NULL OR reach > ?2) AND coalesce(last_message_at, ?2) >= ?2"
)
"""Conversations of an account that do not hold everything since a time."""


def load_account(con: Connection, account: str) -> AccountSync:
    """How far an account is."""
    found = con.execute(
        "SELECT position, listing, listed_at, fresh_at, began_at, failures, error, retry_at FROM sync_accounts"
        " WHERE account = ?",
        (account,),
    ).fetchone()
    if found is None:
        return AccountSync()
    position, listing, listed_at, fresh_at, began_at, *attempts = found
    return AccountSync(
        position=None if position is None else unbind(position),
        listing=None if listing is None else unbind(listing),
        listed_at=from_us(listed_at),
        fresh_at=from_us(fresh_at),
        began_at=from_us(began_at),
        attempts=_attempts(*attempts),
    )


def save_account(con: Connection, account: str, state: AccountSync) -> None:
    """Replace what is known of an account."""
    con.execute(
        "INSERT INTO sync_accounts(account, position, listing, listed_at, fresh_at, began_at, failures,"
        " error, retry_at) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(account) DO UPDATE SET"
        " position = excluded.position, listing = excluded.listing, listed_at = excluded.listed_at,"
        " fresh_at = excluded.fresh_at, began_at = excluded.began_at, failures = excluded.failures,"
        " error = excluded.error, retry_at = excluded.retry_at",
        (
            account,
            None if state.position is None else bind(state.position),
            None if state.listing is None else bind(state.listing),
            _us(state.listed_at),
            _us(state.fresh_at),
            _us(state.began_at),
            *_columns(state.attempts),
        ),
    )


def load(con: Connection, account: str, ids: Iterable[str]) -> dict[str, ConversationSync]:
    """How far these conversations are."""
    statement = f"SELECT {_COLUMNS} FROM sync_conversations WHERE account = ? AND id = ?"  # noqa: S608 - our own words
    found = list(con.executemany(statement, ((account, bind(id_)) for id_ in ids)))
    return {state.id: state for state in map(_state, found)}


def save(con: Connection, account: str, states: Sequence[ConversationSync]) -> None:
    """Replace what is known of conversations. Their reach stays, for it follows from the coverage."""
    con.executemany(
        "INSERT INTO sync_conversations(account, id, cursor, cursor_at, last_message_at, checked_at, follows,"
        " listed_at, gone_at, failures, error, retry_at)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(account, id) DO UPDATE SET"
        " cursor = excluded.cursor, cursor_at = excluded.cursor_at, last_message_at = excluded.last_message_at,"
        " checked_at = excluded.checked_at, follows = excluded.follows, listed_at = excluded.listed_at,"
        " gone_at = excluded.gone_at, failures = excluded.failures, error = excluded.error,"
        " retry_at = excluded.retry_at",
        [
            (
                account,
                bind(state.id),
                bind(state.cursor),
                _us(state.cursor_at),
                _us(state.last_message_at),
                _us(state.checked_at),
                int(state.follows),
                _us(state.listed_at),
                _us(state.gone_at),
                *_columns(state.attempts),
            )
            for state in states
        ],
    )


def incomplete(con: Connection, account: str, since: int, now: int, limit: int) -> list[ConversationSync]:
    """Conversations to read now so that everything since a time is held."""
    where = (
        f"{_TO_READ} AND coalesce(retry_at, ?3) <= ?3"
        # Never read before half read, and what was written to last before the rest: that is asked for first.
        " ORDER BY reach IS NOT NULL, coalesce(last_message_at, ?3) DESC, id LIMIT ?4"
    )
    return _states(con, where, (account, since, now, limit))


def next_retry(con: Connection, account: str, since: int, now: int) -> int | None:
    """When the first of those is tried again that are not to be read yet."""
    found: int | None = con.execute(
        f"SELECT min(retry_at) FROM sync_conversations WHERE {_TO_READ} AND retry_at > ?3",  # noqa: S608 - our own words
        (account, since, now),
    ).get
    return found


def unfollowed(con: Connection, account: str, before: int, limit: int) -> list[ConversationSync]:
    """Conversations that do not follow and were last checked before a time."""
    where = (
        # One that fails has its own time to be tried again.
        "account = ?1 AND gone_at IS NULL AND follows = 0 AND checked_at < ?2 AND failures = 0"
        " ORDER BY checked_at, id LIMIT ?3"
    )
    return _states(con, where, (account, before, limit))


def unlisted(con: Connection, account: str, before: int, limit: int) -> list[ConversationSync]:
    """Conversations that the service last named before a time."""
    where = "account = ?1 AND gone_at IS NULL AND listed_at < ?2 ORDER BY listed_at, id LIMIT ?3"
    return _states(con, where, (account, before, limit))


def counts(con: Connection, account: str, since: int) -> tuple[int, int]:
    """How many conversations there are, and of how many everything since a time is held."""
    statement = (
        "SELECT count(*), coalesce(sum(CASE WHEN reach <= ?2 OR last_message_at < ?2 THEN 1 ELSE 0 END), 0)"
        " FROM sync_conversations WHERE account = ?1 AND gone_at IS NULL"
    )
    found: tuple[int, int] = con.execute(statement, (account, since)).get
    return found


def failures(con: Connection, account: str) -> tuple[list[Failure], int]:
    """What could not be read: the account first, then the first conversations; and how many conversations there are."""
    statement = "SELECT {} FROM sync_conversations WHERE account = ? AND failures > 0 AND gone_at IS NULL"
    # Counted apart, because only the first few are listed.
    count: int = con.execute(statement.format("count(*)"), (account,)).get
    listed = con.execute(
        statement.format("id, failures, error, retry_at") + " ORDER BY failures DESC, id LIMIT ?",
        (account, _MOST_FAILURES),
    )
    found = [Failure(conversation=unbind(id_), attempts=_attempts(*attempts)) for id_, *attempts in list(listed)]
    own = load_account(con, account).attempts
    # The account leads: where it fails, its conversations wait for it.
    return ([Failure(conversation="", attempts=own)] if own.failures else []) + found, count


def _states(con: Connection, where: str, values: Sequence[Value]) -> list[ConversationSync]:
    found = con.execute(f"SELECT {_COLUMNS} FROM sync_conversations WHERE {where}", values)  # noqa: S608 - our own words
    return [_state(row) for row in list(found)]


def _state(row: tuple[Any, ...]) -> ConversationSync:
    id_, cursor, cursor_at, last, checked_at, follows, listed_at, gone_at, *attempts, reach = row
    return ConversationSync(
        id=unbind(id_),
        cursor=unbind(cursor),
        cursor_at=from_us(cursor_at),
        last_message_at=from_us(last),
        checked_at=from_us(checked_at),
        follows=bool(follows),
        listed_at=from_us(listed_at),
        gone_at=from_us(gone_at),
        attempts=_attempts(*attempts),
        reach=from_us(reach),
    )


def _attempts(failures: int, error: str | bytes, retry_at: int | None) -> Attempts:
    return Attempts(failures=failures, error=unbind(error), retry_at=from_us(retry_at))


def _columns(attempts: Attempts) -> tuple[Value, ...]:
    return (attempts.failures, bind(attempts.error), _us(attempts.retry_at))


def _us(time: datetime | None) -> int | None:
    return None if time is None else to_us(time)
