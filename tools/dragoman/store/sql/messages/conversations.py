"""The table of conversations: what is known of each, and how many messages it has."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from dragoman.core.model import NOTHING, Conversation, ConversationKind
from dragoman.core.names import conversation_key, display_title, text_words, title_key
from dragoman.store.conversations import ConversationRow
from dragoman.store.sql.connection import (
    UNKNOWN,
    UNREADABLE,
    Connection,
    DamagedRowError,
    Tables,
    Value,
    bind,
    from_us,
    to_us,
    unbind,
)

_FIRST_PART: Final = 64
_LARGEST_PART: Final = 4096

COLUMNS: Final = "place, account, id, described, title, kind, data, held, oldest, latest, recent"
_DESCRIBED: Final = ("title", "kind", "data", "recent", "called", "names")
_REST: Final = ("topic", "participants", "members", "external", "messages", "unread", "status", "url")
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode


def find(con: Connection, tables: Tables, account: str, id_: str) -> ConversationRow | None:
    """The conversation with that id."""
    row = con.execute(
        tables.sql(f"SELECT {COLUMNS} FROM $places WHERE account = ? AND @key(id) = @key(?)"),  # noqa: S608 - our own words
        (account, bind(id_)),
    ).fetchone()
    return None if row is None else row_of(row)


def key(con: Connection, tables: Tables, account: str, id_: str) -> int | None:
    """The table's number of a conversation; ``None`` when it is not there."""
    found = con.execute(
        tables.sql("SELECT place FROM $places WHERE account = ? AND @key(id) = @key(?)"), (account, bind(id_))
    ).fetchone()
    return None if found is None else found[0]


def ensure(con: Connection, tables: Tables, account: str, id_: str) -> int:
    """The table's number of a conversation, which is added when it is new."""
    found = key(con, tables, account, id_)
    # No upsert: it would use up a number each time.
    if found is not None:
        return found
    statement = tables.sql("INSERT INTO $places(account, id) VALUES(?, ?) RETURNING place")
    return int(con.execute(statement, (account, bind(id_))).get)


def save(con: Connection, tables: Tables, conversations: Iterable[Conversation]) -> None:
    """Store the conversations that would change a row; what a new version leaves out stays as it was."""
    given = list(conversations)
    places = _find_all(con, tables, given)
    merged: dict[tuple[str, str], Conversation] = {}
    for one in given:
        where = (one.account, one.id)
        differs, fresh = _merge(_row(merged[where]) if where in merged else places.get(where), one)
        if differs:
            merged[where] = fresh
    new = [(1, *_columns(one), one.account, bind(one.id)) for where, one in merged.items() if where not in places]
    if new:
        tables.insert(con, "places", f"described, {', '.join(_DESCRIBED)}, account, id", new)
    changes = [(places[where].key, 1, *_columns(one)) for where, one in merged.items() if where in places]
    if changes:
        tables.update(con, "places", ("place", "described", *_DESCRIBED), changes)


def find_changed(con: Connection, tables: Tables, conversations: Iterable[Conversation]) -> list[Conversation]:
    """The conversations that would change a row."""
    given = list(conversations)
    places = _find_all(con, tables, given)
    return [one for one in given if _merge(places.get((one.account, one.id)), one)[0]]


def _find_all(
    con: Connection, tables: Tables, conversations: Iterable[Conversation]
) -> dict[tuple[str, str], ConversationRow]:
    """Those that are there, by account and id; one statement asks for all of an account where that is faster."""
    ids: dict[str, list[str]] = {}
    for one in conversations:
        ids.setdefault(one.account, []).append(one.id)
    statement = f"SELECT {COLUMNS} FROM $places WHERE account = ? AND @key(id) @among"  # noqa: S608 - our own words
    found: dict[tuple[str, str], ConversationRow] = {}
    for account, some in ids.items():
        for row in map(row_of, tables.select_each(con, statement, account, some)):
            found[account, row.conversation.id] = row
    return found


def _row(conversation: Conversation) -> ConversationRow:
    """A conversation as it will be stored."""
    recent_us = to_us(conversation.last_message_at)
    return ConversationRow(
        key=0, known=True, message_count=0, oldest_us=None, last_activity_us=recent_us, conversation=conversation
    )


def _columns(conversation: Conversation) -> tuple[Value, ...]:
    """The values of :data:`_DESCRIBED`."""
    return (
        bind(conversation.title),
        conversation.kind.value,
        _rest(conversation),
        to_us(conversation.last_message_at),
        title_key(display_title(conversation)),
        conversation_key(conversation),
    )


def _merge(place: ConversationRow | None, fresh: Conversation) -> tuple[bool, Conversation]:
    """Whether a conversation would change its row, and the two merged."""
    if place is None:
        return True, fresh
    was = place.conversation
    merged = replace(
        fresh,
        title=fresh.title or was.title,
        # A service that does not tell the kind calls everything a room.
        kind=was.kind if fresh.kind is ConversationKind.ROOM else fresh.kind,
        topic=fresh.topic or was.topic,
        participants=fresh.participants or was.participants,
        members=was.members if fresh.members is None else fresh.members,
        external=fresh.external or was.external,
        messages=was.messages if fresh.messages is None else fresh.messages,
        unread=was.unread if fresh.unread is None else fresh.unread,
        url=fresh.url or was.url,
        extra=fresh.extra or was.extra,
        last_message_at=from_us(max(to_us(fresh.last_message_at), place.last_activity_us)),
    )
    return not place.known or merged != was, merged


def recent(
    con: Connection,
    tables: Tables,
    account: str | None,
    *,
    text: str = "",
    exact: bool = False,
    before: tuple[int, int] | None = None,
) -> Iterator[ConversationRow]:
    """The described conversations, most recent first.

    Args:
        con: A connection.
        tables: Where they are.
        account: Of this account only.
        text: Only those with all of its words in their title or among their people, folded.
        exact: Only those that are called so as a whole.
        before: ``(recent, key)`` of the one to go on after.
    """
    conditions = ["described = 1"]
    values: list[Value] = []
    if account is not None:
        conditions.append("account = ?")
        values.append(account)
    wanted = [key for key in (title_key(text),) if key] if exact else text_words(text)
    conditions += ["called = ?" if exact else "@contains(names, ?) > 0"] * len(wanted)
    values += wanted
    # SQLite reads them in their order, unless it is told that a whole title leaves few.
    index = "@by_called" if exact and wanted and account is not None else ""
    statement = (
        f"SELECT {COLUMNS} FROM $places {index} WHERE {' AND '.join(conditions)}{{}}"  # noqa: S608 - our own words
        " ORDER BY recent DESC, place DESC LIMIT ?"
    )
    return _in_parts(con, tables, statement, values, before)


def _in_parts(
    con: Connection, tables: Tables, statement: str, values: list[Value], after: tuple[int, int] | None
) -> Iterator[ConversationRow]:
    """The rows of a statement, some at a time, since a caller mostly wants a page of them."""
    size = _FIRST_PART
    while True:
        further, position = ("", ()) if after is None else (" AND (recent, place) < (?, ?)", after)
        part = list(con.execute(tables.sql(statement.format(further)), (*values, *position, size)))
        yield from map(row_of, part)
        if len(part) < size:
            return
        after = part[-1][-1], part[-1][0]
        # Whoever wants more than a page mostly wants all.
        size = min(size * 4, _LARGEST_PART)


def count_added(con: Connection, tables: Tables, place: int, times: Sequence[int]) -> None:
    """Bring the counters of a conversation up to date after visible messages were added, and nothing else.

    Args:
        con: A connection within a transaction.
        tables: Where the conversation is.
        place: Its number.
        times: Those of the messages, in microseconds.
    """
    # Messages without a time are before all others, and must not become the oldest one.
    first = min((time for time in times if time > UNKNOWN), default=None)
    con.execute(
        tables.sql(
            "UPDATE $places SET held = held + ?, oldest = @smallest(coalesce(oldest, ?), coalesce(?, oldest)),"
            " latest = @largest(coalesce(latest, ?), ?), recent = @largest(recent, ?) WHERE place = ?"
        ),
        (len(times), first, first, *[max(times)] * 3, place),
    )


def recount(con: Connection, tables: Tables, place: int, added: int, *, removed: bool) -> None:
    """Bring the counters of a conversation up to date.

    Args:
        con: A connection within a transaction.
        tables: Where the conversation is.
        place: Its number.
        added: How many more messages of it can be shown than before.
        removed: Some of those that could be shown no longer can.
    """
    con.execute(
        tables.sql(
            "UPDATE $places SET held = held + ?,"
            " oldest = (SELECT min(moment) FROM $messages WHERE place = ? AND live = 1 AND moment > ?),"
            " latest = (SELECT max(moment) FROM $messages WHERE place = ? AND live = 1) WHERE place = ?"
        ),
        (added, place, UNKNOWN, place, place),
    )
    before = UNKNOWN if removed else None
    con.execute(
        tables.sql("UPDATE $places SET recent = @largest(coalesce(?, recent), coalesce(latest, ?)) WHERE place = ?"),
        (before, UNKNOWN, place),
    )


def message_count(con: Connection, tables: Tables, place: int) -> int:
    """How many messages of a conversation can be shown."""
    found: int | None = con.execute(tables.sql("SELECT held FROM $places WHERE place = ?"), (place,)).get
    return found or 0


def oldest(con: Connection, tables: Tables, account: str, id_: str | None) -> int | None:
    """Time in microseconds of the oldest message that can be shown, of one conversation or of a whole account."""
    if id_ is not None:
        place = find(con, tables, account, id_)
        return None if place is None else place.oldest_us
    # Read from an index, which the function min() would not be.
    statement = "SELECT oldest FROM $places WHERE account = ? AND oldest IS NOT NULL ORDER BY oldest LIMIT 1"
    found: int | None = con.execute(tables.sql(statement), (account,)).get
    return found


def _rest(conversation: Conversation) -> str | bytes | None:
    rest = {name: getattr(conversation, name) for name in _REST} | {"extra": dict(conversation.extra)}
    kept = {name: value for name, value in rest.items() if value not in (None, "", (), {})}
    return bind(_encode(kept)) if kept else None


def row_of(row: tuple[Any, ...]) -> ConversationRow:
    """A row as it is meant.

    Raises:
        DamagedRowError: It makes no sense.
    """
    try:
        return _decoded(row)
    except UNREADABLE as error:
        raise DamagedRowError(f"conversation {row[0]} cannot be read") from error


def _decoded(row: tuple[Any, ...]) -> ConversationRow:
    key_, account, id_, described, title, kind, data, held, oldest, _latest, recent_ = row
    rest: dict[str, Any] = {} if data is None else json.loads(unbind(data))
    conversation = Conversation(
        id=unbind(id_),
        title=unbind(title),
        kind=ConversationKind(kind),
        topic=rest.get("topic", ""),
        last_message_at=from_us(recent_),
        participants=tuple(rest.get("participants", ())),
        members=rest.get("members"),
        external=tuple(rest.get("external", ())),
        messages=rest.get("messages"),
        unread=rest.get("unread"),
        status=rest.get("status"),
        url=rest.get("url"),
        extra=rest.get("extra", NOTHING),
        account=unbind(account),
    )
    known = bool(described)
    return ConversationRow(
        key=key_, known=known, message_count=held, oldest_us=oldest, last_activity_us=recent_, conversation=conversation
    )
