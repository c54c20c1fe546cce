"""The table of the outbox, see :class:`WriteStore`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from dragoman.core.errors import RateLimited
from dragoman.core.safe_text import sentence
from dragoman.store.sql.connection import UNREADABLE, Connection, DamagedRowError, Value, bind, from_us, unbind
from dragoman.store.writes import LEASE, REPEATED, TOLERANCE, UNDELIVERED, Entry, Intent, State

_SECOND: Final = 1_000_000
_MINUTE: Final = 60 * _SECOND
_DAY: Final = 24 * 60 * _MINUTE
_KEPT: Final = 90 * _DAY
_FORGOTTEN_AT_ONCE: Final = 100
_MOST: Final = 1000
_COLUMNS: Final = (
    "entry, account, operation, conversation, digest, key, who, principal, state, message, attempts, begun, finished,"
    " delivered"
)


def begin(con: Connection, intent: Intent, now: int, accepted: str = "", per_minute: int | None = None) -> Entry:
    """Note an intent, or find the one that stands in its way.

    Args:
        con: A connection within a transaction.
        intent: What is to be made.
        now: Microseconds since 1970.
        accepted: The stamp of an entry that may be made once more.
        per_minute: Most writes of the account in a minute, ``None`` for any number.

    Raises:
        RateLimited: There were as many; ``retry_after`` says when the next may be made.
    """
    _delete_old(con, now)
    earlier = find_conflict(con, intent, now)
    if earlier is not None and not _may_be_repeated(earlier, intent, accepted):
        return earlier
    # In the same transaction as the entry, or two processes could both take the last one of a minute.
    require_rate(con, intent.account, now, per_minute)
    if earlier is not None and earlier.state in (State.FAILED, State.UNKNOWN):
        con.execute(
            "UPDATE writes SET state = 'pending', delivered = 0, attempts = attempts + 1, tried = ?, lease = ?,"
            " finished = NULL WHERE entry = ?",
            (now, now + LEASE * _SECOND, earlier.id),
        )
        return _fresh(con, earlier.id, now)
    return _insert(con, intent, now)


def find_conflict(con: Connection, intent: Intent, now: int) -> Entry | None:
    """The entry that has to be looked at before this is written.

    That is the one of the same key. Without a key it is one of the same content to the same place by the same
    principal: with an unknown outcome, whenever it was; or one that was made within a minute; or one that was made
    within a day and whose answer is not known to have arrived.
    """
    if intent.key is not None:
        return find_by_key(con, intent.account, intent.key, now, intent.principal)
    where = (
        "account = ? AND conversation = ? AND digest = ? AND principal = ? AND"
        " (state IN ('pending', 'unknown')"
        " OR ? = 1 AND state = 'done' AND (finished >= ? OR delivered = 0 AND finished >= ?))"
        # Those in doubt first: a message may come of them yet.
        " ORDER BY state = 'done', entry DESC LIMIT 1"
    )
    place = (intent.account, bind(intent.conversation), intent.digest, bind(intent.principal))
    return next(
        _entries(con, now, where, (*place, int(intent.once), now - REPEATED * _SECOND, now - UNDELIVERED * _SECOND)),
        None,
    )


def find_by_key(con: Connection, account: str, key: str, now: int, principal: str = "") -> Entry | None:
    """The entry of that account, person and key."""
    return next(
        _entries(con, now, "account = ? AND principal = ? AND key = ?", (account, bind(principal), bind(key))), None
    )


def renew(con: Connection, entry: Entry, now: int) -> None:
    """Say that a write is still at work."""
    con.execute(
        "UPDATE writes SET lease = ? WHERE entry = ? AND attempts = ? AND state = 'pending'",
        (now + LEASE * _SECOND, entry.id, entry.attempts),
    )


def finish(con: Connection, entry: int, state: State, message: str | None, now: int, attempts: int | None) -> bool:
    """Note the outcome; ``False`` when there is no such entry without one.

    That one attempt failed says nothing of a later one; that one succeeded settles all.
    """
    # Attempts are compared, because a late answer must not end an attempt that was begun after it.
    changed = con.execute(
        "UPDATE writes SET state = ?, message = ?, finished = ?"
        " WHERE entry = ? AND state IN ('pending', 'unknown') AND (? = 1 OR attempts = coalesce(?, attempts))"
        " RETURNING entry",
        (state.value, None if message is None else bind(message), now, entry, int(state is State.DONE), attempts),
    )
    return bool(list(changed))


def deliver(con: Connection, entry: int) -> None:
    """Note that the caller has the answer."""
    con.execute("UPDATE writes SET delivered = 1 WHERE entry = ?", (entry,))


def find(con: Connection, entry: int, now: int) -> Entry | None:
    """The entry with that number."""
    return next(_entries(con, now, "entry = ?", (entry,)), None)


def pending(con: Connection, now: int) -> list[Entry]:
    """What has no outcome, or an unknown one, oldest first, at most a thousand."""
    return list(_entries(con, now, "state IN ('pending', 'unknown') ORDER BY entry LIMIT ?", (_MOST,)))


def unknown_outcomes(con: Connection, account: str, conversation: str, principal: str, now: int) -> list[Entry]:
    """A principal's writes to a conversation in the last day whose outcome is unknown, at most a thousand."""
    where = (
        "account = ? AND conversation = ? AND principal = ? AND begun >= ? AND state IN ('pending', 'unknown') LIMIT ?"
    )
    found = _entries(con, now, where, (account, bind(conversation), bind(principal), now - _DAY, _MOST))
    return [entry for entry in found if entry.state is State.UNKNOWN]


def message_refs_since(con: Connection, account: str, since: int) -> set[str]:
    """References of the messages that came of the writes of an account since then."""
    found = con.execute(
        "SELECT message FROM writes WHERE account = ? AND finished >= ? AND message IS NOT NULL", (account, since)
    )
    return {unbind(message) for (message,) in found}


def could_be_another(con: Connection, entry: Entry, message: str, *, loosely: bool) -> bool:
    """Whether a message may be the result of another write of the same content, or is known to be.

    Where it is only nearly what was to be written (``loosely``), any write of the conversation may have been it; and
    what was to be sent may be there in the same words as what was to be imported.
    """
    place = (entry.intent.account, bind(entry.intent.conversation), entry.id)
    rows = con.execute(
        "SELECT 1 FROM writes WHERE account = ? AND conversation = ? AND entry <> ?"
        " AND ((digest = ? OR ? = 1 OR operation NOT IN (?, 'update_message')) AND state IN ('pending', 'unknown')"
        " OR message = ?) LIMIT 1",
        (*place, entry.digest, int(loosely), entry.intent.operation, bind(message)),
    )
    return bool(list(rows))


def require_rate(con: Connection, account: str, now: int, per_minute: int | None) -> None:
    """Refuse one write too many within a minute.

    Raises:
        RateLimited: It would.
    """
    if per_minute is None:
        return
    rows = con.execute(
        "SELECT tried, attempts FROM writes WHERE account = ? AND tried BETWEEN ? AND ? AND state <> 'failed'"
        " ORDER BY tried DESC LIMIT ?",
        (account, now - _MINUTE + 1, now + TOLERANCE * _SECOND, per_minute),
    )
    count = 0
    # Read to its end: a statement that an error leaves open would hold its connection in the past.
    for tried, attempts in list(rows):
        count += attempts
        if count >= per_minute:
            seconds = max(1, -(-(tried + _MINUTE - now) // _SECOND))
            raise RateLimited(
                sentence("This account allows {} writes a minute, and they are used up.", per_minute),
                hint=sentence("Try again in {} s; the setting is sends_per_minute.", seconds),
                account=account,
                retry_after=float(seconds),
            )


def _may_be_repeated(earlier: Entry, intent: Intent, accepted: str) -> bool:
    # A key that comes again with another content is a mistake of the caller, never a repetition.
    if earlier.digest != intent.digest:
        return False
    if earlier.state is State.FAILED:
        return True
    # What was written under a key, or is at work under it, is never made again.
    repeatable = intent.key is None or earlier.state is State.UNKNOWN
    return repeatable and earlier.stamp == accepted


def _insert(con: Connection, intent: Intent, now: int) -> Entry:
    values = (intent.account, intent.operation, bind(intent.conversation), intent.digest, bind(intent.who))
    more = (bind(intent.principal), None if intent.key is None else bind(intent.key), now, now, now + LEASE * _SECOND)
    inserted = con.execute(
        "INSERT INTO writes(account, operation, conversation, digest, who, principal, key, state, begun, tried, lease)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?) RETURNING entry",
        (*values, *more),
    )
    return _fresh(con, inserted.get, now)


def _delete_old(con: Connection, now: int) -> None:
    con.execute(
        "DELETE FROM writes WHERE entry IN"
        " (SELECT entry FROM writes WHERE state IN ('done', 'failed') AND begun < ? LIMIT ?)",
        # A few with each write, so that no write waits for all that is old.
        (now - _KEPT, _FORGOTTEN_AT_ONCE),
    )


def _fresh(con: Connection, entry: int, now: int) -> Entry:
    return replace(next(_entries(con, now, "entry = ?", (entry,))), fresh=True)


def _entries(con: Connection, now: int, where: str, values: tuple[Value, ...]) -> Iterator[Entry]:
    # A pending write without a lease is nobody's any more, nor is one whose lease a wrong clock has noted.
    lost = "state = 'pending' AND lease NOT BETWEEN ? AND ?"
    statement = f"SELECT {_COLUMNS}, {lost} FROM writes WHERE {where}"  # noqa: S608 - our own words
    return map(_entry, con.execute(statement, (now, now + (LEASE + TOLERANCE) * _SECOND, *values)))


def _entry(row: tuple[Any, ...]) -> Entry:
    try:
        return _decoded(row)
    except UNREADABLE as error:
        raise DamagedRowError(f"write {row[0]} cannot be read") from error


def _decoded(row: tuple[Any, ...]) -> Entry:
    id_, *texts, state, message, attempts, begun, finished, delivered, lost = row
    account, operation, conversation, digest, key, who, principal = (
        None if text is None else unbind(text) for text in texts
    )
    intent = Intent(
        account=account or "",
        operation=operation or "",
        conversation=conversation or "",
        digest=digest or "",
        key=key,
        who=who or "",
        principal=principal or "",
    )
    return Entry(
        id=id_,
        intent=intent,
        state=State.UNKNOWN if lost else State(state),
        message=None if message is None else unbind(message),
        begun=from_us(begun),
        finished=from_us(finished),
        attempts=attempts,
        delivered=bool(delivered),
    )
