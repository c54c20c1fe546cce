"""Cursors in a table, under short names.

A name is the running number of its row, encrypted with a key that only this store holds. So no name is used twice, and
none tells the next. Saving one does not wait for the disk: after a power cut a number may be given once more, so a name
holds a check of the state as well, and leads to no other one.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Final, cast

from dragoman.core.errors import Unavailable
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.store.cursors import KEPT, LIFETIME, CursorStore
from dragoman.store.interface import NotWritableError
from dragoman.store.sql.connection import UNREADABLE, Connection, DamagedRowError, bind
from dragoman.store.sql.database import Database

if TYPE_CHECKING:
    from hashlib import blake2b

_AGAIN: Final = 600
_MOST_GIVEN: Final = 1000
_MOST_DROPPED: Final = 20
# Numbers of 30 bits and a check of 6 are what seven digits of base 36 hold.
_HALF: Final = 15
_MASK: Final = (1 << _HALF) - 1
# From four rounds on such a network is a strong pseudorandom permutation (Luby and Rackoff).
_ROUNDS: Final = 4
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_LENGTH: Final = 7
_CHECK_BITS: Final = 6
_TOKEN: Final = lazy_pattern("k[0-9a-z]{6,7}")


class SqlCursors(CursorStore):
    """See :class:`CursorStore`."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._recent = RecentCursorCache()
        self._unwritten = MemoryCursors()

    async def save(self, state: Mapping[str, object]) -> str:
        """Write a state down, unless that was done a moment ago."""
        now = int(self._clock())
        token = self._recent.find(state, now)
        try:
            if token is None:
                token = await self._database.write(lambda con: save(con, state, now), durable=False, keeps_caches=True)
                self._recent.note(state, token, now, self._database.version())
        except NotWritableError:
            return self._unwritten.save(state)
        return token

    async def load(self, token: str) -> dict[str, object] | None:
        """Look a name up, mostly in memory."""
        state = self._unwritten.find(token)
        if state is None:
            state = self._recent.load(token, int(self._clock()), self._database.version())
        if state is not None:
            return state
        found = await self._database.read(lambda con: find(con, token, int(self._clock())))
        if found is None:
            self._recent.forget(token)
        return found

    async def save_position(self, caller: tuple[str, str], scope: str, state: Mapping[str, object]) -> None:
        """Replace the caller's row."""
        now = int(self._clock())
        with suppress(NotWritableError):
            await self._database.write(lambda con: save_position(con, (*caller, scope), state, now), keeps_caches=True)

    async def load_position(self, caller: tuple[str, str], scope: str) -> dict[str, object] | None:
        """Read the caller's row."""
        return await self._database.read(lambda con: find_position(con, (*caller, scope), int(self._clock())))


def save_position(con: Connection, key: tuple[str, str, str], state: Mapping[str, object], now: int) -> None:
    """Store where a caller stopped, by principal, client and scope; ``now`` in seconds since 1970."""
    con.execute(
        "INSERT INTO caller_positions VALUES(?, ?, ?, ?, ?) ON CONFLICT(principal, client, scope)"
        " DO UPDATE SET state = excluded.state, saved = excluded.saved",
        (*map(bind, key), _encode(state), now),
    )
    con.execute(
        "DELETE FROM caller_positions WHERE saved < ?"
        " OR saved < (SELECT saved FROM caller_positions ORDER BY saved DESC LIMIT 1 OFFSET ?)",
        (now - LIFETIME, KEPT),
    )


def find_position(con: Connection, key: tuple[str, str, str], now: int) -> dict[str, object] | None:
    """Where a caller stopped, if it is not too long ago."""
    found = con.execute(
        "SELECT state FROM caller_positions WHERE principal = ? AND client = ? AND scope = ? AND saved >= ?",
        (*map(bind, key), now - LIFETIME),
    ).get
    return None if found is None else state_of(found)


def save(con: Connection, state: Mapping[str, object], now: int) -> str:
    """Store ``state`` and name it; ``now`` in seconds since 1970.

    Raises:
        Unavailable: All names were used, after a billion.
    """
    text = _encode(state)
    inserted = con.execute("INSERT INTO cursors(state, made) VALUES(?, ?) RETURNING serial", (text, now))
    serial: int = inserted.get
    if serial >> 2 * _HALF:
        raise Unavailable(
            "The store has run out of cursors.", hint="Start a new store: move dragoman.db away, or name another one."
        )
    # A bound by number needs no index and keeps the table small whatever clients do.
    con.execute("DELETE FROM cursors WHERE serial <= ?", (serial - KEPT,))
    # Of the first ones only: to look at all takes longer than to save one.
    con.execute(
        "DELETE FROM cursors WHERE serial IN"
        " (SELECT serial FROM (SELECT serial, made FROM cursors ORDER BY serial LIMIT ?) AS first WHERE made < ?)",
        (_MOST_DROPPED, now - LIFETIME),
    )
    # Encrypted, so that a caller cannot count on to the cursors of others.
    key = _key(con)
    return _name(_permute(serial, key, range(_ROUNDS)) << _CHECK_BITS | _check(text, key))


def _encode(state: Mapping[str, object]) -> str:
    """The JSON of a state."""
    return json.dumps(state, separators=(",", ":"))


def find(con: Connection, token: str, now: int) -> dict[str, object] | None:
    """The state of that name, ``None`` when there is none or it was forgotten."""
    if not _TOKEN.fullmatch(token):
        return None
    key, value = _key(con), int(token[1:], 36)
    if len(token) <= _LENGTH:  # the names that earlier versions gave hold no check
        found = _find_number(con, value, key, now)
    else:
        found = _find_number(con, value >> _CHECK_BITS, key, now)
        if found is not None and _check(found, key) != value & ((1 << _CHECK_BITS) - 1):
            return None
    return None if found is None else state_of(found)


def _find_number(con: Connection, number: int, key: bytes, now: int) -> str | None:
    """The JSON of the state with an encrypted number."""
    if number >> 2 * _HALF:
        return None
    bound = (_invert(number, key), now - LIFETIME)
    found: str | None = con.execute("SELECT state FROM cursors WHERE serial = ? AND made >= ?", bound).get
    return found


def _check(state: str, key: bytes) -> int:
    """A few bits that tell a state from another one under the same number."""
    return _hash_function()(state.encode(), key=key, digest_size=1).digest()[0] >> 8 - _CHECK_BITS


def state_of(text: str) -> dict[str, object]:
    """The state in a row.

    Raises:
        DamagedRowError: It is none.
    """
    try:
        state: object = json.loads(text)
        if isinstance(state, dict):
            return cast("dict[str, object]", state)
    except UNREADABLE as error:
        raise DamagedRowError("a cursor cannot be read") from error
    raise DamagedRowError("a cursor cannot be read")


def _key(con: Connection) -> bytes:
    key: str | bytes = con.execute("SELECT value FROM meta WHERE key = 'cursor_key'").get
    return bytes.fromhex(key) if isinstance(key, str) else key


def _permute(value: int, key: bytes, rounds: range) -> int:
    """Encrypt a number by a Feistel network: any function of its half permutes all numbers."""
    left, right = value >> _HALF, value & _MASK
    for step in rounds:
        left, right = right, left ^ _round_function(right, step, key)
    return left << _HALF | right


def _invert(value: int, key: bytes) -> int:
    left, right = value >> _HALF, value & _MASK
    for step in reversed(range(_ROUNDS)):
        left, right = right ^ _round_function(left, step, key), left
    return left << _HALF | right


def _round_function(half: int, step: int, key: bytes) -> int:
    digest = _hash_function()(bytes([step]) + half.to_bytes(4), key=key, digest_size=4).digest()
    return int.from_bytes(digest) & _MASK


@cache
def _hash_function() -> type[blake2b]:
    """BLAKE2 without OpenSSL, which ``hashlib`` loads beside it: that takes a short command longer than a search."""
    try:
        from _blake2 import blake2b  # noqa: PLC0415  # few answers have a cursor
    except ImportError:  # another Python than CPython
        from hashlib import blake2b  # noqa: PLC0415  # as above
    return blake2b


def _name(value: int) -> str:
    digits = ""
    for _ in range(_LENGTH):
        value, digit = divmod(value, 36)
        digits = _DIGITS[digit] + digits
    return f"k{digits}"


class RecentCursorCache:
    """Caches the last cursors: the same page gives the same cursor again, and the next page need not look it up.

    For ten minutes, so that a cursor lives about as long as a new one would.
    """

    def __init__(self) -> None:
        self._tokens: OrderedDict[str, tuple[int, str]] = OrderedDict()
        self._states: dict[str, tuple[str, Hashable | None]] = {}

    def find(self, state: Mapping[str, object], now: int) -> str | None:
        """The recent cursor of that state."""
        given, token = self._tokens.get(_encode(state), (0, None))
        return token if now - _AGAIN < given <= now else None

    def load(self, token: str, now: int, version: Hashable | None) -> dict[str, object] | None:
        """The state of a recent cursor, unless somebody has written to the database since it was saved."""
        text, saved = self._states.get(token, ("", None))
        if version is None or version != saved or not now - _AGAIN < self._tokens[text][0] <= now:
            return None
        return state_of(text)

    def note(self, state: Mapping[str, object], token: str, now: int, version: Hashable | None) -> None:
        """Add a cursor that was saved in this version of the database."""
        text = _encode(state)
        self._drop(text)
        self._tokens[text] = now, token
        self._states[token] = text, version
        if len(self._tokens) > _MOST_GIVEN:
            self._drop(next(iter(self._tokens)))

    def forget(self, token: str) -> None:
        """Remove a cursor."""
        found = self._states.get(token)
        if found is not None:
            self._drop(found[0])

    def _drop(self, text: str) -> None:
        found = self._tokens.pop(text, None)
        if found is not None:
            del self._states[found[1]]


class MemoryCursors:
    """Cursors that live in memory, while the store cannot be written."""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}

    def save(self, state: Mapping[str, object]) -> str:
        """Name a state; the oldest one is forgotten when there are too many."""
        import secrets  # noqa: PLC0415  # as above

        # Another first letter than stored cursors have, so that neither is taken for the other.
        token = f"m{secrets.token_hex(3)}"
        self._states[token] = _encode(state)
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
