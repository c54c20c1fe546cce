"""IMAPClient on a socket of ours, which can be ended from outside, and which hears what the server tells unasked."""

from __future__ import annotations

import imaplib
import re
from collections.abc import Callable, Sequence
from socket import socket
from typing import Any, Final, cast

from imapclient import IMAPClient  # pyright: ignore[reportMissingTypeStubs] - it has none

from dragoman.providers.mail.folders import FolderState
from dragoman.providers.mail.hosts import Server

_CHANGES: Final = ("EXISTS", "EXPUNGE", "VANISHED")
_ITEMS: Final = "(UIDVALIDITY UIDNEXT MESSAGES HIGHESTMODSEQ)"
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


def ask_states(client: Any, names: Sequence[str]) -> dict[str, FolderState]:
    """Ask for news of the open folder and for the states of others, all at once: each question alone would wait.

    Raises:
        IMAP4.error: A folder is not there.
    """
    imap = client._imap  # noqa: SLF001 - IMAPClient asks one after the other
    imap.untagged_responses.pop("STATUS", None)
    encoded = [client._normalise_folder(name) for name in names]  # noqa: SLF001 - as above
    asked = [("NOOP", imap._command("NOOP"))]  # noqa: SLF001 - as above
    asked += [("STATUS", imap._command("STATUS", name, _ITEMS)) for name in encoded]  # noqa: SLF001 - as above
    for command, tag in asked:
        kind, data = imap._command_complete(command, tag)  # noqa: SLF001 - as above
        if kind != "OK":
            raise imaplib.IMAP4.error(f"{command} failed: {data[0]!r}")
    lines = cast("list[bytes]", imap.untagged_responses.pop("STATUS", []))
    if len(lines) != len(names):
        raise imaplib.IMAP4.abort("unexpected number of states")
    return {name: _state(name, line) for name, line in zip(names, lines, strict=True)}


def _state(name: str, line: object) -> FolderState:
    """A state, out of the line that the server gave; servers answer in the order in which they are asked."""
    told = line if isinstance(line, bytes) else b""
    values = (re.search(rb"\b%s (\d+)" % item, told.rpartition(b"(")[2]) for item in _ITEMS[1:-1].encode().split())
    return FolderState(name, *(0 if found is None else int(found[1]) for found in values))
