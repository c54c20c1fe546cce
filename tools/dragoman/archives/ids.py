"""Ids for messages whose format gives none: made of what the message says, so that a later export has the same."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from dragoman.store.sqlite.connection import Connection
from dragoman.store.sqlite.scratch import open_scratch

_SCHEMA: Final = "CREATE TABLE counts(key BLOB PRIMARY KEY, number INTEGER) WITHOUT ROWID;"
_IN_MEMORY: Final = 100_000


class ContentIds:
    """Makes ids for the messages of one import, in the order of the file.

    The n-th of equal messages is the n-th such message again in another export. Memory is bounded: what does not fit
    goes to a temporary file.
    """

    def __init__(self) -> None:
        self._counts: dict[bytes, int] = {}
        self._table: Connection | None = None

    def make(self, conversation: str, time: str, text: str = "") -> str:
        """The id of the next message with this content: 20 hexadecimal digits, and its number among equal ones.

        Args:
            conversation: Id of its conversation.
            time: Its time as the file has it, not converted.
            text: Its text after clean-up; empty where the time alone tells messages apart.
        """
        content = "".join(f"{len(part)}:{part}" for part in (conversation, time, text))
        digest = sha256(content.encode("utf-8", "surrogatepass")).digest()[:10]
        ordinal = self.count(digest)
        return digest.hex() if ordinal == 1 else f"{digest.hex()}.{ordinal}"

    def count(self, key: bytes) -> int:
        """How often this key was counted, with this time."""
        known = self._counts.get(key, 0)
        if not known and self._table is None and len(self._counts) >= _IN_MEMORY:
            self._table = open_scratch(_SCHEMA)
        if known or self._table is None:
            self._counts[key] = known + 1
            return known + 1
        statement = "INSERT INTO counts VALUES(?, 1) ON CONFLICT DO UPDATE SET number = number + 1 RETURNING number"
        number: int = self._table.execute(statement, (key,)).get
        return number
