"""Holds what was read of mails until the threads are known: small archives in memory, others in a temporary file."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import Any, Final

_IN_MEMORY: Final = 1 << 20
_AT_ONCE: Final = 200
_CHARACTERS: Final = 1 << 20


class Spool:
    """Mails in the order in which they came, each as a tuple whose last member is its text. Read it once."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY, prefix="dragoman-")  # noqa: SIM115 - closed by :meth:`close`
        self._waiting: list[tuple[Any, ...]] = []
        self._characters = 0

    def close(self) -> None:
        """Drop everything."""
        self._file.close()

    def add(self, mail: tuple[Any, ...]) -> None:
        """Take the next mail."""
        self._waiting.append(mail)
        self._characters += len(mail[-1])
        if len(self._waiting) >= _AT_ONCE or self._characters >= _CHARACTERS:
            self._write()

    def mails(self) -> Iterator[tuple[Any, ...]]:
        """All of them."""
        self._write()
        self._file.seek(0)
        while True:
            try:
                # Nobody else can write to the file: it has no name.
                found: list[tuple[Any, ...]] = pickle.load(self._file)  # noqa: S301 - as said
            except EOFError:
                return
            yield from found

    def _write(self) -> None:
        if self._waiting:
            pickle.dump(self._waiting, self._file, pickle.HIGHEST_PROTOCOL)
        self._waiting.clear()
        self._characters = 0
