"""Tells whether any process has written to a file, without waiting and without a thread."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

import apsw

from dragoman.store.sqlite import open_file
from dragoman.store.sqlite.connection import Connection


class ChangeCounter:
    """A connection of its own that reads ``PRAGMA data_version``.

    That takes microseconds: SQLite looks at memory that all programs with the file share.
    """

    def __init__(self, path: Path, patience: float) -> None:
        """Open it. Blocks for as long as opening a file does.

        Raises:
            apsw.Error: As SQLite fails.
        """
        self._connection: Connection | None = open_file.open_reader(path, patience)
        self._connection.set_busy_handler(None)
        self._using = Lock()

    def version(self) -> int | None:
        """A number that changes with every write of any program; ``None`` when it cannot be read at once."""
        if not self._using.acquire(blocking=False):
            return None
        try:
            return None if self._connection is None else self._connection.execute("PRAGMA data_version").get
        except apsw.Error:
            return None
        finally:
            self._using.release()

    def close(self) -> None:
        """Close the connection."""
        with self._using:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()
