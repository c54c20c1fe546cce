"""The parts of a store that a search needs, in a file that is worked on without an event loop."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING, Final

from dragoman.store.sql.cursors import SqlCursors
from dragoman.store.sql.messages.conversation_store import SqlConversations
from dragoman.store.sql.messages.message_store import SqlMessages
from dragoman.store.sqlite.inline import InlineDatabase

if TYPE_CHECKING:
    from dragoman.store.sql.sync.sync_store import SqlSync

_SECOND: Final = 1_000_000


class InlineStore:
    """Messages, cursors, and the conversations of the local account; see :class:`dragoman.store.Store`."""

    def __init__(self, path: str) -> None:
        """Open the file.

        Raises:
            DragomanError: It is not there, or opening it takes more than a look.
        """
        self._database = InlineDatabase(path)
        self.messages = SqlMessages(self._database, time.time)
        self.cursors = SqlCursors(self._database, time.time)
        self.conversations = SqlConversations(self._database)

    @cached_property
    def sync(self) -> SqlSync:
        """How current the store is, which is told of accounts that are kept so."""
        from dragoman.store.sql.sync.sync_store import SqlSync  # noqa: PLC0415  # takes time, and few accounts are

        return SqlSync(self._database, self._database.time)

    def close(self) -> None:
        """Close the file."""
        self._database.close()
