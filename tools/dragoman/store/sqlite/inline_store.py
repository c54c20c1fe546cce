"""The parts of a store that a search needs, in a file that is worked on without an event loop."""

from __future__ import annotations

from dragoman.core.context.clock import steady_time
from dragoman.store.sql.cursors import SqlCursors
from dragoman.store.sql.messages.conversation_store import SqlConversations
from dragoman.store.sql.messages.message_store import SqlMessages
from dragoman.store.sqlite.inline import InlineDatabase


class InlineStore:
    """Messages, cursors, and the conversations of the local account; see :class:`dragoman.store.Store`."""

    def __init__(self, path: str) -> None:
        """Open the file.

        Raises:
            DragomanError: It is not there, or opening it takes more than a look.
        """
        self._database = InlineDatabase(path)
        self.messages = SqlMessages(self._database, steady_time)
        self.cursors = SqlCursors(self._database, steady_time)
        self.conversations = SqlConversations(self._database)

    def close(self) -> None:
        """Close the file."""
        self._database.close()
