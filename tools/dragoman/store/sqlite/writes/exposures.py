"""Which conversations were shown to whom, for the flow guard: for a day, and at most a hundred of each viewer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.values import bind, unbind
from dragoman.store.writes import EXPOSURE, MOST_EXPOSURES

_MOST_ROWS: Final = 100_000
"""Most of all viewers together."""

_SECOND: Final = 1_000_000
_DELETED_AT_ONCE: Final = 1000


def record(con: Connection, viewer: tuple[str, str], places: Sequence[tuple[str, str]], now: int) -> None:
    """Note that text of conversations (account and id) is shown to a viewer (principal and client)."""
    who = tuple(map(bind, viewer))
    con.executemany(
        "INSERT INTO exposures(principal, client, account, conversation, shown) VALUES(?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET shown = max(shown, excluded.shown)",
        [(*who, account, bind(conversation), now) for account, conversation in places],
    )
    _delete_expired(con, now)
    con.execute(
        "DELETE FROM exposures WHERE shown <= (SELECT shown FROM exposures ORDER BY shown DESC LIMIT 1 OFFSET ?)",
        (_MOST_ROWS,),
    )
    con.execute(
        "DELETE FROM exposures WHERE principal = ? AND client = ? AND shown <="
        " (SELECT shown FROM exposures WHERE principal = ? AND client = ? ORDER BY shown DESC LIMIT 1 OFFSET ?)",
        (*who, *who, MOST_EXPOSURES),
    )


def conversations(con: Connection, viewer: tuple[str, str], now: int) -> list[tuple[str, str]]:
    """The conversations that were shown to a viewer, the last ones first."""
    found = con.execute(
        "SELECT account, conversation FROM exposures WHERE principal = ? AND client = ? AND shown > ?"
        " ORDER BY shown DESC, account, conversation LIMIT ?",
        (*map(bind, viewer), now - EXPOSURE * _SECOND, MOST_EXPOSURES),
    )
    return [(account, unbind(conversation)) for account, conversation in found]


def _delete_expired(con: Connection, now: int) -> None:
    con.execute(
        "DELETE FROM exposures WHERE (principal, client, account, conversation) IN"
        " (SELECT principal, client, account, conversation FROM exposures WHERE shown <= ? LIMIT ?)",
        (now - EXPOSURE * _SECOND, _DELETED_AT_ONCE),
    )
