"""Checks a store file: its structure, that every row can be read, the index against the texts, numbers, the outbox.

A file has no checksums of its content. A changed letter in a text is found by comparing it with the index; one in a
title or a name is not found when it still makes sense.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import apsw

from dragoman.core import paths
from dragoman.core.errors import DragomanError, NotFound
from dragoman.core.safe_text import sentence
from dragoman.store.sql.connection import UNKNOWN, Tables
from dragoman.store.sql.messages.message_table import MessageTable
from dragoman.store.sql.sync import consistency
from dragoman.store.sql.usage import sum_usage
from dragoman.store.sqlite import errors, migrate, open_file
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.maintenance import index_check, unreadable_rows
from dragoman.store.sqlite.schema import MIGRATIONS
from dragoman.store.sqlite.tables import SqliteTables
from dragoman.store.usage import KEPT_DAYS

Progress = Callable[[str], object]
"""Is told what is checked next."""

_MOST: Final = 20
"""Findings of one kind that are told."""

_PATIENCE: Final = 5.0
_TABLES: Final = (MessageTable(SqliteTables("seen"), numbered=True), MessageTable(SqliteTables("local")))
_UNREADABLE: Final = (apsw.Error, ValueError, TypeError, KeyError, ArithmeticError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was found out about a store.

    Attributes:
        problems: A sentence for each; empty for a sound store.
        messages: How many messages can be shown.
        size: Bytes of the file.
    """

    problems: tuple[str, ...]
    messages: int
    size: int


Check = Callable[[Connection], Iterator[str]]


def verify(path: Path, *, quick: bool = False, progress: Progress | None = None) -> Verification:
    """Check a store, also while servers use it. Blocks; nothing is changed.

    Args:
        path: The file.
        quick: Only what takes a few seconds per gigabyte: the structure, and the numbers of rows.
        progress: Is told what is checked next.

    Raises:
        DragomanError: The file cannot be opened, or is no store of this version or an earlier one.
    """
    path = paths.expanded(path).absolute()
    with errors.explained(str(path)):
        size = _size(path)
        con = open_file.open_existing(path, _PATIENCE)
        try:
            # One state of the file for all checks: servers may go on writing.
            con.execute("BEGIN")
            migrate.require_known_version(con, path)
            problems = [p for check in _checks(con, quick=quick) for p in _problems(con, *check, progress)]
            return Verification(problems=tuple(problems), messages=_messages(con), size=size)
        finally:
            con.close()


def _size(path: Path) -> int:
    if not path.exists():
        raise NotFound(sentence("There is no file {}.", path), hint="Name the file of a store.")
    return path.stat().st_size


def _checks(con: Connection, *, quick: bool) -> Iterator[tuple[str, Check]]:
    structure = "quick_check" if quick else "integrity_check"
    yield "structure of the file", partial(_structure, pragma=structure)
    if con.execute("PRAGMA user_version").get < len(MIGRATIONS):
        return  # tables of an earlier version; opening the store brings them up to date
    for table in _TABLES:
        prefix = table.tables.prefix
        yield f"numbers of the {prefix} messages", partial(_numbers, table=table)
        if not quick:
            yield f"rows of the {prefix} messages", partial(_rows, table=table)
            yield f"index of the {prefix} messages", partial(index_check.differences, table=table)
    yield "outbox and audit log", _outbox
    if not quick:
        yield "cursors and usage", _cursors_and_usage
        yield "sync and coverage", consistency.problems


def _problems(con: Connection, name: str, check: Check, progress: Progress | None) -> list[str]:
    if progress is not None:
        progress(name)
    found: list[str] = []
    try:
        for problem in check(con):
            found.append(f"{name}: {problem}")
            # Whoever reads it restores a backup anyway; a million sentences would hide the others.
            if len(found) >= _MOST:
                found.append(f"{name}: perhaps more.")
                break
    except DragomanError as error:
        found.append(f"{name}: {error.message}")
    except _UNREADABLE as error:
        found.append(f"{name}: cannot be read ({_reason(error)}).")
    return found


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, apsw.Error) else type(error).__name__


def _structure(con: Connection, pragma: str) -> Iterator[str]:
    # Bounded: a damaged file can have a problem in every row.
    for (report,) in con.execute(f"PRAGMA {pragma}({_MOST})"):
        yield from (line for line in str(report).splitlines() if line != "ok" and not line.startswith("***"))
    for name, row, *_ in con.execute("PRAGMA foreign_key_check"):
        yield f"row {row} of {name} belongs to a row that is not there"


def _numbers(con: Connection, table: MessageTable) -> Iterator[str]:
    sql = table.tables.sql
    name = f"{table.tables.prefix}_messages"
    highest = con.execute(sql("SELECT coalesce(max(number), 0) FROM $messages")).get
    given = con.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = ?", (name,)).get
    # Such a number would be given a second time, to another message.
    if highest > given:
        yield f"the highest number is {highest}, and only {given} were given"
    if con.execute(sql("SELECT min(number) FROM $messages WHERE number < 1")).get is not None:
        yield "there are numbers below 1"
    following = con.execute("SELECT next FROM index_builds WHERE prefix = ?", (table.tables.prefix,)).get
    visible = con.execute(sql("SELECT count(*) FROM $messages WHERE live = 1 AND number > ?"), (following,)).get
    indexed = con.execute(sql("SELECT count(*) FROM $index_docsize")).get
    if visible != indexed:
        yield f"{visible} messages belong into the index, and {indexed} are there"
    for place in _wrong_counters(con, table.tables):
        yield f"the counters of conversation {place} do not fit its messages"


def _rows(con: Connection, table: MessageTable) -> Iterator[str]:
    for number in unreadable_rows.messages(con, table):
        yield f"message {number} cannot be read"
    for place in unreadable_rows.conversations(con, table.tables):
        yield f"conversation {place} cannot be read"


def _wrong_counters(con: Connection, tables: Tables) -> Iterator[int]:
    """The numbers of the conversations whose counters are not those of their messages."""
    statement = (
        "SELECT place FROM $places p WHERE held <> (SELECT count(*) FROM $messages m WHERE m.place = p.place"
        " AND m.live = 1) OR oldest IS NOT (SELECT min(moment) FROM $messages m WHERE m.place = p.place"
        " AND m.live = 1 AND m.moment > ?)"
    )
    return (place for (place,) in con.execute(tables.sql(statement), (UNKNOWN,)))


def _outbox(con: Connection) -> Iterator[str]:
    for entry in unreadable_rows.writes(con):
        yield f"write {entry} cannot be read"
    for entry in unreadable_rows.audit_lines(con):
        yield f"line {entry} of the audit log cannot be read"


def _cursors_and_usage(con: Connection) -> Iterator[str]:
    for serial in unreadable_rows.cursors(con):
        yield f"cursor {serial} cannot be read"
    sum_usage(con, KEPT_DAYS, 0)


def _messages(con: Connection) -> int:
    try:
        return sum(con.execute(t.tables.sql("SELECT count(*) FROM $messages WHERE live = 1")).get for t in _TABLES)
    except apsw.Error:
        return 0
