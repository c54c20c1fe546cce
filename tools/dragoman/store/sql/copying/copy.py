"""Copies a store from one database to another, empty one, in transactions of some rows.

A copy that was cut off goes on where it was. No server may use either database meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from dragoman.core.errors import Conflict, InvalidArgument
from dragoman.core.safe_text import sentence
from dragoman.store.sql.connection import Connection, Tables, Value, bind
from dragoman.store.sql.copying.side import TABLES, Row, Side, Table, key_of, page
from dragoman.store.sql.messages import rows as message_rows

Progress = Callable[[str, int], object]
"""Is told the table and how many of its rows are copied."""

_ROWS: Final = 2000
_MARK: Final = "copied_from"
_FILLED: Final = frozenset({"tally", "rate_budgets"})
"""Tables that fill by themselves as soon as a server looks at a store."""

_ELSEWHERE: Final = "Copy to a new file, database or schema."
_INDEXED: Final = (
    "SELECT m.number, m.live, m.moment, a.data, m.reply_to, m.text, m.data FROM $messages m"
    " JOIN $authors a USING(author) WHERE m.live = 1 AND m.number > ? AND m.number <= ?"
)


async def copy(source: Side, target: Side, progress: Progress) -> int:
    """Copy everything; returns how many rows there are.

    Raises:
        Conflict: The target holds something else.
        DragomanError: One of them cannot be used. The next copy goes on.
    """
    key = await source.read(source.cursor_key)
    await target.write(lambda con: _begin(target, con, key))
    total = 0
    for table in TABLES:
        total += await _copy_table(source, target, table, progress)
    # Last: a copy that was cut off before still has its mark, and is gone on with.
    await target.write(lambda con: con.execute("DELETE FROM meta WHERE key = ?", (_MARK,)))
    return total


def require_other(source: Side, target: Side) -> None:
    """Refuse to copy a store to itself.

    Raises:
        InvalidArgument: It is the same.
    """
    if source.name == target.name:
        raise InvalidArgument(sentence("{} cannot be copied to itself.", source.name), hint="Name another store.")


def _begin(target: Side, con: Connection, key: bytes) -> None:
    """Mark the target as a copy that is not complete."""
    found = con.execute("SELECT value FROM meta WHERE key = ?", (_MARK,)).get
    if found == key.hex():
        return
    if found is not None:
        raise Conflict(sentence("{} holds a part of another store.", target.name), hint=_ELSEWHERE)
    if any(con.execute(f"SELECT EXISTS(SELECT 1 FROM {t.name})").get for t in TABLES if t.name not in _FILLED):  # noqa: S608 - our own words
        raise Conflict(sentence("{} is not empty.", target.name), hint=_ELSEWHERE)
    con.execute("INSERT INTO meta(key, value) VALUES(?, ?)", (_MARK, key.hex()))
    # So that cursors which clients hold stay good.
    target.set_cursor_key(con, key)


async def _copy_table(source: Side, target: Side, table: Table, progress: Progress) -> int:
    columns = await source.read(lambda con: source.columns(con, table.name))
    # Such rows do not tell how far an earlier copy came, so they are copied anew.
    if not table.is_numbered:
        await target.write(lambda con: con.execute(f"DELETE FROM {table.name}"))  # noqa: S608 - our own words
    after = await target.read(lambda con: _last(con, table)) if table.is_numbered else None
    count = 0 if after is None else await _count_copied(source, target, table, after)
    while True:
        rows, following = await source.read(partial(_page, source, table=table, after=after))
        if rows:
            await target.write(partial(_store, target, table=table, columns=columns, rows=rows))
        count += len(rows)
        progress(table.name, count)
        if following is None:
            break
        after = following
    if table.is_numbered:
        # Also the numbers of rows that were deleted since: they must not be given again.
        last = await source.read(lambda con: source.last_key(con, table))
        await target.write(lambda con: target.set_last_key(con, table, last))
    return int(count)


async def _count_copied(source: Side, target: Side, table: Table, last: Sequence[Value]) -> int:
    """How many rows up to the last one of the target are there.

    Raises:
        Conflict: They are not those of the source.
    """
    ends = [await side.read(partial(_end, side, table=table, last=last)) for side in (source, target)]
    if ends[0] != ends[1]:
        raise Conflict(sentence("{} holds rows that are not those of {}.", target.name, source.name), hint=_ELSEWHERE)
    return ends[1][0]


def _end(side: Side, con: Connection, table: Table, last: Sequence[Value]) -> tuple[int, list[Row]]:
    """How many rows there are up to a key, and the row of this key."""
    key = table.key[0]
    count = int(con.execute(f"SELECT count(*) FROM {table.name} WHERE {key} <= ?", last).get)  # noqa: S608 - our own words
    # A page goes on after a key, so this row is read from the one before it.
    before = con.execute(f"SELECT max({key}) FROM {table.name} WHERE {key} < ?", last).get  # noqa: S608 - as above
    return count, page(side, con, table, None if before is None else (before,), 1)


def _page(
    source: Side, con: Connection, table: Table, after: Sequence[Value] | None
) -> tuple[list[Row], Sequence[Value] | None]:
    found = page(source, con, table, after, _ROWS)
    return found, key_of(source, con, table, found[-1]) if len(found) == _ROWS else None


def _last(con: Connection, table: Table) -> Sequence[Value] | None:
    last = con.execute(f"SELECT max({table.key[0]}) FROM {table.name}").get  # noqa: S608 - our own words
    return None if last is None else (last,)


def _store(target: Side, con: Connection, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
    own = [
        tuple(
            target.own_value(table.name, name, bind(value) if isinstance(value, str) else value)
            for name, value in zip(columns, row, strict=True)
        )
        for row in rows
    ]
    target.add(con, table.name, columns, own)
    if table.prefix:
        at = columns.index("number")
        _index(con, target.database.tables(table.prefix), rows[0][at], rows[-1][at])


def _index(con: Connection, tables: Tables, first: Value, last: Value) -> None:
    """Index the messages with these numbers."""
    before = first - 1 if isinstance(first, int) else 0
    found = con.execute(tables.sql(_INDEXED), (before, last))
    tables.index(con, [_entry(number, message_rows.Row(*columns)) for number, *columns in list(found)])


def _entry(number: int, row: message_rows.Row) -> tuple[int, str, str, str]:
    return message_rows.index_row(message_rows.from_row(row, id="", conversation=""), number)
