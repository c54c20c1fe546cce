"""Values of a statement <-> what PostgreSQL can hold: no zero characters, no lone surrogates."""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final

from dragoman.store.sql.connection import Digest, Value

LONGEST_ID: Final = 1000
"""Bytes of an id that indexes have as it is."""

_ESCAPE: Final = "\U0010fffe"
"""Stands before the code of a character that text cannot hold; it is no character itself."""

_IMPOSSIBLE: Final = re.compile(f"[\0\ud800-\udfff{_ESCAPE}]")
_ESCAPED: Final = re.compile(f"{_ESCAPE}([0-9a-f]{{6}})")


def to_database(value: Value) -> Value:
    """A value for PostgreSQL. Bytes are text with lone surrogates, as ``bind`` gives it."""
    if isinstance(value, Digest):
        return value.hex()
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogatepass")
    if not isinstance(value, str) or (value.isascii() and "\0" not in value):
        return value
    return _IMPOSSIBLE.sub(lambda found: f"{_ESCAPE}{ord(found[0]):06x}", value)


def to_copy(text: str) -> bytes:
    """Rows of COPY in which nothing is to be escaped but what PostgreSQL cannot hold."""
    return str(to_database(text)).encode()


def short_id(id_: Value) -> Value:
    """An id as indexes have it, which take no more than 2,700 bytes; the function of this name in the database."""
    if not isinstance(id_, str) or len(id_) <= LONGEST_ID // 4 or len(id_.encode()) <= LONGEST_ID:
        return id_
    digests = (hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() for text in (id_, id_[::-1]))
    return id_[:100] + "".join(digests)


def from_database(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row as it was given to :func:`to_database`."""
    if not any(type(value) is str and _ESCAPE in value for value in row):
        return row
    return tuple(
        _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value) if type(value) is str else value for value in row
    )
