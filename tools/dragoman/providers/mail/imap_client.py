"""IMAPClient on a socket of ours, which can be ended from outside, and which hears what the server tells unasked."""

from __future__ import annotations

import imaplib
import re
from collections.abc import Callable
from socket import socket
from typing import Any, Final, cast

from imapclient import IMAPClient  # pyright: ignore[reportMissingTypeStubs] - it has none

from dragoman.providers.mail.hosts import Server

_CHANGES: Final = ("EXISTS", "EXPUNGE", "VANISHED")
_ASKED: Final = re.compile(rb"BODY|RFC822\.SIZE|INTERNALDATE")


def make_client(server: Server, timeout: float, connect: Callable[[], socket], stir: Callable[[], None]) -> Any:
    """A connected client.

    Args:
        server: Where.
        timeout: Seconds that the server may be silent.
        connect: Makes the connection.
        stir: Is called when the server tells, unasked, that the open folder has changed.
    """

    class Imap4(imaplib.IMAP4):
        def _create_socket(self, timeout: float | None) -> socket:
            del timeout
            return connect()

        def _append_untagged(self, typ: str, dat: object) -> None:
            if typ in _CHANGES or (typ == "FETCH" and _is_unasked(dat)):
                stir()
            super()._append_untagged(typ, dat)  # type: ignore[misc]  # imaplib's types leave it out

    class Client(IMAPClient):  # type: ignore[misc]  # it has no types
        def _create_IMAP4(self) -> Any:  # noqa: N802 - its name
            return Imap4(server.host, server.port)

    return cast("Any", Client)(server.host, server.port, ssl=False, timeout=timeout)


def _is_unasked(answer: object) -> bool:
    """Whether an answer tells new flags and nothing else, as servers do when somebody has changed them."""
    line = cast("tuple[object, ...]", answer)[0] if isinstance(answer, tuple) else answer
    return isinstance(line, bytes) and b"FLAGS" in line and not _ASKED.search(line)
