"""Ids for messages that have none."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Final

from dragoman.core.model import Message

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuv"
_TIME: Final = 9
_CHANCE: Final = 6


def new(now: datetime) -> str:
    """An id that sorts by time (to the millisecond) and cannot be guessed: fifteen letters and digits."""
    return _written(int(now.timestamp() * 1000), _TIME) + _written(secrets.randbits(5 * _CHANCE), _CHANCE)


def of_key(key: str) -> str:
    """The id of what is sent with an idempotency key: the same key makes the same message."""
    return _hashed("key", key)


def of_content(message: Message) -> str:
    """The id of a message of a file that gives none: importing the file again finds it."""
    moment = "" if message.sent_at is None else str(message.sent_at.timestamp())
    return _hashed("content", message.author.name, message.author.id, moment, message.text)


def _written(value: int, length: int) -> str:
    return "".join(_DIGITS[value >> 5 * place & 31] for place in reversed(range(length)))


def _hashed(*parts: str) -> str:
    # Lengths keep ("ab", "c") and ("a", "bc") apart.
    joined = "".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "surrogatepass")
    # Eighty bits are sixteen digits of five.
    digest = hashlib.blake2b(joined, digest_size=10).digest()
    return _written(int.from_bytes(digest), 16)
