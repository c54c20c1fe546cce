"""The table of one-time tokens. Only their hashes are stored: a reader of the file cannot confirm anything."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

from dragoman.store.sql.connection import Connection, Digest
from dragoman.store.writes import LONGEST_OFFER, TOLERANCE

# Without letters that look alike: people read tokens out, and models copy them.
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
# Of 31 letters: 69 bits, which nobody guesses in the ten minutes of an offer.
_LENGTH: Final = 14
_LONGEST: Final = (LONGEST_OFFER + TOLERANCE) * 1_000_000
"""Microseconds; a token that is good for longer was made by a clock that has been set back since."""


def offer(con: Connection, digest: str, ends: int) -> str:
    """A token for the content with that hash, good until ``ends`` (microseconds since 1970)."""
    token = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    # Hashed, so that whoever reads the file cannot confirm anything.
    con.execute("INSERT INTO offers(token, digest, ends) VALUES(?, ?, ?)", (_hash(token), digest, ends))
    return token


def redeem(con: Connection, token: str, digest: str, now: int) -> int:
    """Use a token up.

    Returns:
        Microseconds for which it was still good; 0 when it is unknown, used, out of date or for another content.
    """
    # Only here are tokens read, so it is early enough to drop those that are out of date.
    con.execute("DELETE FROM offers WHERE ends NOT BETWEEN ? AND ?", (now + 1, now + _LONGEST))
    # Deleted in the same statement that finds it: of two processes with one token, one gets it.
    deleted = con.execute("DELETE FROM offers WHERE token = ? AND digest = ? RETURNING ends", (_hash(token), digest))
    return sum(ends - now for (ends,) in list(deleted))


def _hash(token: str) -> Digest:
    return Digest(hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest())
