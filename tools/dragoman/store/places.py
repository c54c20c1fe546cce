"""The conversations of an archive: what is known of each, and how many messages of it there are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import apsw

from dragoman.model import NOTHING, Conversation, ConversationKind
from dragoman.store.tables import Tables
from dragoman.store.values import UNKNOWN, bind, from_moment, to_moment, unbind

_COLUMNS: Final = "place, account, id, described, title, kind, data, held, oldest, latest, recent"
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A conversation as the archive keeps it.

    Attributes:
        key: The archive's own number of the conversation.
        described: Somebody told what it is; otherwise only messages of it were seen.
        held: How many messages of it can be shown.
        oldest: Moment of the oldest of them.
        recent: Moment by which conversations are sorted.
    """

    key: int
    described: bool
    held: int
    oldest: int | None
    recent: int
    conversation: Conversation


def find(con: apsw.Connection, tables: Tables, account: str, id_: str) -> Place | None:
    """The conversation with that id."""
    row = con.execute(
        tables.sql(f"SELECT {_COLUMNS} FROM $places WHERE account = ? AND id = ?"), (account, bind(id_))
    ).fetchone()
    return None if row is None else _place(row)


def key(con: apsw.Connection, tables: Tables, account: str, id_: str) -> int | None:
    """The archive's number of a conversation, ``None`` when it never heard of it."""
    found = con.execute(
        tables.sql("SELECT place FROM $places WHERE account = ? AND id = ?"), (account, bind(id_))
    ).fetchone()
    return None if found is None else found[0]


def make(con: apsw.Connection, tables: Tables, account: str, id_: str) -> int:
    """The archive's number of a conversation, which is made when it is new."""
    found = key(con, tables, account, id_)
    if found is not None:
        return found
    con.execute(tables.sql("INSERT INTO $places(account, id) VALUES(?, ?)"), (account, bind(id_)))
    return con.last_insert_rowid()


def describe(con: apsw.Connection, tables: Tables, conversation: Conversation) -> bool:
    """Keep what is known of a conversation; ``False`` when that was known already."""
    place = make(con, tables, conversation.account, conversation.id)
    last = to_moment(conversation.last_message_at)
    row = (bind(conversation.title), conversation.kind.value, _rest(conversation), last)
    changed = con.execute(
        tables.sql(
            "UPDATE $places SET described = 1, title = ?1, kind = ?2, data = ?3, recent = max(?4, coalesce(latest, ?4))"
            " WHERE place = ?5 AND (described, title, kind, data, recent) IS NOT"
            " (1, ?1, ?2, ?3, max(?4, coalesce(latest, ?4))) RETURNING 1"
        ),
        (*row, place),
    ).fetchone()
    return changed is not None


def recent(
    con: apsw.Connection, tables: Tables, account: str | None, *, before: tuple[int, int] | None = None
) -> Iterator[Place]:
    """The described conversations, most recent first; ``before`` is ``(recent, key)`` of where to go on."""
    conditions = ["described = 1"]
    values: list[apsw.SQLiteValue] = []
    if account is not None:
        conditions.append("account = ?")
        values.append(account)
    if before is not None:
        conditions.append("(recent, place) < (?, ?)")
        values.extend(before)
    where = " AND ".join(conditions)
    statement = f"SELECT {_COLUMNS} FROM $places WHERE {where} ORDER BY recent DESC, place DESC"  # noqa: S608 - values are bound
    return map(_place, con.execute(tables.sql(statement), values))


def refresh(con: apsw.Connection, tables: Tables, place: int, added: int) -> None:
    """Bring the counters of a conversation up to date after ``added`` more messages can be shown."""
    con.execute(
        tables.sql(
            "UPDATE $places SET held = held + ?2,"
            " oldest = (SELECT min(moment) FROM $messages WHERE place = ?1 AND live = 1 AND moment > ?3),"
            " latest = (SELECT max(moment) FROM $messages WHERE place = ?1 AND live = 1) WHERE place = ?1"
        ),
        (place, added, UNKNOWN),
    )
    con.execute(
        tables.sql("UPDATE $places SET recent = coalesce(latest, ?2) WHERE place = ?1 AND recent < latest OR place = ?1 AND ?3"),
        (place, UNKNOWN, added < 0),
    )


def _rest(conversation: Conversation) -> str | bytes | None:
    rest = {
        "topic": conversation.topic,
        "participants": conversation.participants,
        "messages": conversation.messages,
        "unread": conversation.unread,
        "url": conversation.url,
        "extra": dict(conversation.extra),
    }
    kept = {name: value for name, value in rest.items() if value not in (None, "", (), {})}
    return bind(_encode(kept)) if kept else None


def _place(row: tuple[Any, ...]) -> Place:
    key_, account, id_, described, title, kind, data, held, oldest, _latest, recent_ = row
    rest: dict[str, Any] = {} if data is None else json.loads(unbind(data))
    conversation = Conversation(
        id=unbind(id_),
        title=unbind(title),
        kind=ConversationKind(kind),
        topic=rest.get("topic", ""),
        last_message_at=from_moment(recent_),
        participants=tuple(rest.get("participants", ())),
        messages=rest.get("messages"),
        unread=rest.get("unread"),
        url=rest.get("url"),
        extra=rest.get("extra", NOTHING),
        account=account,
    )
    return Place(
        key=key_, described=bool(described), held=held, oldest=oldest, recent=recent_, conversation=conversation
    )


def counted(place: Place) -> Conversation:
    """The conversation with the number of messages that the archive itself holds."""
    return replace(place.conversation, messages=place.held)
