"""Short names for where a list goes on.

A name is the running number of its row, scrambled with a key that only this file holds: so none is ever used
again, and from one nobody can tell the next.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Final, cast

import apsw

from dragoman.core.errors import Unavailable
from dragoman.store.cursors import KEPT, LIFETIME, CursorStore
from dragoman.store.interface import NotWritableError
from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.database import Database
from dragoman.store.sqlite.values import UNREADABLE

_AGAIN: Final = 600
_MOST_GIVEN: Final = 1000
_HALF: Final = 15
_MASK: Final = (1 << _HALF) - 1
_ROUNDS: Final = 4
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_TOKEN: Final = re.compile("k[0-9a-z]{6}")


class SqliteCursors(CursorStore):
    """See :class:`CursorStore`."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._recent = RecentCursors()
        self._unwritten = MemoryCursors()

    async def save(self, state: Mapping[str, object]) -> str:
        """Write a state down, unless that was done a moment ago."""
        now = int(self._clock())
        token = self._recent.find(state, now)
        try:
            if token is None:
                token = await self._database.write(lambda con: keep(con, state, now))
                self._recent.note(state, token, now)
        except NotWritableError:
            return self._unwritten.keep(state)
        return token

    async def load(self, token: str) -> dict[str, object] | None:
        """Look a name up."""
        state = self._unwritten.find(token)
        if state is not None:
            return state
        found = await self._database.read(lambda con: find(con, token, int(self._clock())))
        if found is None:
            self._recent.forget(token)
        return found


def keep(con: Connection, state: Mapping[str, object], now: int) -> str:
    """Write ``state`` down and name it; ``now`` in seconds since 1970.

    Raises:
        Unavailable: All names were used, after a billion.
    """
    con.execute("INSERT INTO cursors(state, made) VALUES(?, ?)", (spelled(state), now))
    serial = con.last_insert_rowid()
    if serial >> 2 * _HALF:
        raise Unavailable("The file has run out of cursors.", hint="Move dragoman.db away to start a new one.")
    con.execute("DELETE FROM cursors WHERE serial <= ?", (serial - KEPT,))
    con.execute(
        "DELETE FROM cursors WHERE serial IN (SELECT serial FROM cursors WHERE made < ? LIMIT 100)", (now - LIFETIME,)
    )
    return _name(_scrambled(serial, _key(con), range(_ROUNDS)))


def spelled(state: Mapping[str, object]) -> str:
    """The state as it is written down."""
    return json.dumps(state, separators=(",", ":"))


def find(con: Connection, token: str, now: int) -> dict[str, object] | None:
    """The state of that name, ``None`` when there is none or it was forgotten."""
    if not _TOKEN.fullmatch(token):
        return None
    value = int(token[1:], 36)
    if value >> 2 * _HALF:
        return None
    serial = _unscrambled(value, _key(con))
    found = con.execute("SELECT state FROM cursors WHERE serial = ? AND made >= ?", (serial, now - LIFETIME)).get
    if found is None:
        return None
    return _state(found)


def unreadable(con: Connection) -> Iterator[int]:
    """The numbers of the cursors whose rows make no sense."""
    for (serial,) in con.execute("SELECT serial FROM cursors"):
        try:
            _state(con.execute("SELECT state FROM cursors WHERE serial = ?", (serial,)).get)
        except (apsw.CorruptError, ValueError):
            yield serial


def _state(text: str) -> dict[str, object]:
    try:
        state: object = json.loads(text)
        if isinstance(state, dict):
            return cast("dict[str, object]", state)
    except UNREADABLE as error:
        raise apsw.CorruptError("a cursor cannot be read") from error
    raise apsw.CorruptError("a cursor cannot be read")


def _key(con: Connection) -> bytes:
    key: bytes = con.execute("SELECT value FROM meta WHERE key = 'cursor_key'").get
    return key


def _scrambled(value: int, key: bytes, rounds: range) -> int:
    """A Feistel network: any function of half a number makes a permutation of the whole."""
    left, right = value >> _HALF, value & _MASK
    for step in rounds:
        left, right = right, left ^ _mixed(right, step, key)
    return left << _HALF | right


def _unscrambled(value: int, key: bytes) -> int:
    left, right = value >> _HALF, value & _MASK
    for step in reversed(range(_ROUNDS)):
        left, right = right ^ _mixed(left, step, key), left
    return left << _HALF | right


def _mixed(half: int, step: int, key: bytes) -> int:
    digest = hashlib.blake2b(bytes([step]) + half.to_bytes(4), key=key, digest_size=4).digest()
    return int.from_bytes(digest) & _MASK


def _name(value: int) -> str:
    digits = ""
    for _ in range(6):
        value, digit = divmod(value, 36)
        digits = _DIGITS[digit] + digits
    return f"k{digits}"


class RecentCursors:
    """The cursors that were given last: whoever asks for the same page again is led on by the same one.

    For ten minutes, so that a cursor lives about as long as it would have if it were new.
    """

    def __init__(self) -> None:
        self._tokens: OrderedDict[str, tuple[int, str]] = OrderedDict()

    def find(self, state: Mapping[str, object], now: int) -> str | None:
        """The cursor of that state, if one was given just now."""
        given, token = self._tokens.get(spelled(state), (0, None))
        return token if now - _AGAIN < given <= now else None

    def note(self, state: Mapping[str, object], token: str, now: int) -> None:
        """Remember that a cursor was given."""
        self._tokens[spelled(state)] = now, token
        self._tokens.move_to_end(spelled(state))
        if len(self._tokens) > _MOST_GIVEN:
            self._tokens.popitem(last=False)

    def forget(self, token: str) -> None:
        """Give that cursor to nobody any more."""
        for state in [state for state, (_, given) in self._tokens.items() if given == token]:
            del self._tokens[state]


class MemoryCursors:
    """Cursors that live in memory, while the file cannot be written."""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}

    def keep(self, state: Mapping[str, object]) -> str:
        """Name a state; the oldest one is forgotten when there are too many."""
        token = f"m{secrets.token_hex(3)}"
        self._states[token] = spelled(state)
        if len(self._states) > KEPT:
            del self._states[next(iter(self._states))]
        return token

    def find(self, token: str) -> dict[str, object] | None:
        """The state of that name."""
        kept = self._states.get(token)
        if kept is None:
            return None
        state: dict[str, object] = json.loads(kept)
        return state
