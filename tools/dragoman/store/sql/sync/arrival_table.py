"""The table of arrivals: messages in the order in which sync has brought them, each with its last version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dragoman.core.model import Message
from dragoman.store.sql.connection import UNKNOWN, Connection, to_us, unbind
from dragoman.store.sql.messages import message_store
from dragoman.store.sql.messages.message_table import MessageTable
from dragoman.store.sql.messages.rows import Stored
from dragoman.store.sync_state import MOST_ARRIVALS, Arrival, Arrivals

_READ_AT_ONCE: Final = 500


def record(
    con: Connection, account: str, before: dict[str, Stored], messages: Sequence[Message], news_since: int | None
) -> None:
    """Note messages of one conversation, which are stored already, as arrivals.

    Args:
        con: A connection within a transaction.
        account: Which account.
        before: What was stored of them before, by id.
        messages: With their numbers.
        news_since: See :class:`SyncStep`, in microseconds.
    """
    for message in messages:
        if message.deleted_at is not None:
            con.execute("DELETE FROM sync_arrivals WHERE number = ?", (message.number,))
        else:
            was = before.get(message.id)
            _record_one(con, account, message, None if was is None or not was.visible else was, news_since)
    con.execute(
        "DELETE FROM sync_arrivals WHERE serial <= (SELECT max(serial) FROM sync_arrivals) - ?",
        (MOST_ARRIVALS,),
    )


def _record_one(con: Connection, account: str, message: Message, was: Stored | None, news_since: int | None) -> None:
    # Zero is before every edit, so a first edit is newer than none.
    edited = 0 if message.edited_at is None else to_us(message.edited_at)
    noted = con.execute("SELECT first, edited FROM sync_arrivals WHERE number = ?", (message.number,)).fetchone()
    # The same version comes again with every round that overlaps the one before.
    if noted is not None and edited <= noted[1]:
        return
    if noted is None and was is not None and news_since is not None and _is_old(message, was, news_since):
        return
    con.execute("DELETE FROM sync_arrivals WHERE number = ?", (message.number,))
    # A new serial: whoever has read past the first version gets the edited one.
    inserted = con.execute(
        "INSERT INTO sync_arrivals(number, account, first, edited) VALUES(?, ?, -1, ?) RETURNING serial",
        (message.number, account, edited),
    )
    # The serial is given by the database, so the row is there before it can be known.
    serial = inserted.get
    first = noted[0] if noted is not None else 0 if was is not None and edited else serial
    con.execute("UPDATE sync_arrivals SET first = ? WHERE serial = ?", (first, serial))


def _is_old(message: Message, was: Stored, news_since: int) -> bool:
    """Whether a message that the store already had was read before, so that it is no news."""
    edited = UNKNOWN if message.edited_at is None else to_us(message.edited_at)
    if edited > (UNKNOWN if was.message.edited_at is None else to_us(was.message.edited_at)):
        return False
    return max(to_us(message.sent_at), edited) < news_since


def after(con: Connection, table: MessageTable, account: str, serial: int, limit: int) -> Arrivals:
    """Arrivals of an account after a serial."""
    # Read first: what comes meanwhile is told the next time, and never passed over.
    newest = con.execute("SELECT max(serial) FROM sync_arrivals").get or 0
    found = con.execute(
        "SELECT a.serial, a.first, p.id, m.id FROM sync_arrivals a JOIN seen_messages m USING(number)"
        " JOIN seen_places p USING(place) WHERE a.account = ? AND a.serial > ? ORDER BY a.serial LIMIT ?",
        (account, serial, min(limit, _READ_AT_ONCE)),
    )
    rows = [(at, first, unbind(conversation), unbind(id_)) for at, first, conversation, id_ in list(found)]
    stored = [table.get(con, account, conversation, [id_])[id_].message for _, _, conversation, id_ in rows]
    messages = message_store.lookup_existing(con, table, stored, account)
    items = [Arrival(serial=at, first=first, message=one) for (at, first, *_), one in zip(rows, messages, strict=True)]
    return Arrivals(items=items, oldest=max(0, newest - MOST_ARRIVALS), newest=newest)
