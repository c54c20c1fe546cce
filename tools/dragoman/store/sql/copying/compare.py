"""Compares two stores, row by row."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial
from typing import Final

from dragoman.store.sql.connection import Connection, Value
from dragoman.store.sql.copying.side import TABLES, Row, Side, Table, key_of, page

_ROWS: Final = 5000
_MOST: Final = 20
"""Differences of one table that are told."""


async def differences(one: Side, other: Side) -> AsyncGenerator[str]:
    """A sentence for each row that only one of them has or that differs, some of each table."""
    if await one.read(one.cursor_key) != await other.read(other.cursor_key):
        yield "cursors have other names"
    for table in TABLES:
        found, expected = [await _digests(side, table) for side in (one, other)]
        different = [key for key in found.keys() | expected.keys() if found.get(key) != expected.get(key)]
        for key in sorted(different, key=repr)[:_MOST]:
            yield f"{table.name} {', '.join(map(str, key))}: {_what(key in found, key in expected)}"
        if len(different) > _MOST:
            yield f"{table.name}: {len(different) - _MOST:,} more rows differ"
        if table.is_numbered and await _last(one, table) != await _last(other, table):
            yield f"{table.name}: the next number is another one"


async def _last(side: Side, table: Table) -> int:
    return await side.read(lambda con: side.last_key(con, table))


async def _digests(side: Side, table: Table) -> dict[tuple[Value, ...], int]:
    """A hash of each row, by its key."""
    found: dict[tuple[Value, ...], int] = {}
    after: list[Value] | None = None
    while True:
        rows, after = await side.read(partial(_page, side, table=table, after=after))
        for key, row in rows:
            # A hash, so that a large table fits into memory; both sides are of one process, so its seed is the same.
            found[key] = hash(row)
        if after is None:
            return found


def _page(
    side: Side, con: Connection, table: Table, after: list[Value] | None
) -> tuple[list[tuple[tuple[Value, ...], Row]], list[Value] | None]:
    rows = page(side, con, table, after, _ROWS)
    columns = side.columns(con, table.name)
    places = [columns.index(name) for name in table.key]
    keyed = [(tuple(row[place] for place in places), row) for row in rows]
    return keyed, key_of(side, con, table, rows[-1]) if len(rows) == _ROWS else None


def _what(is_in_one: bool, is_in_other: bool) -> str:  # noqa: FBT001 - one private use
    if is_in_one and is_in_other:
        return "it differs"
    return "only the first has it" if is_in_one else "only the second has it"
