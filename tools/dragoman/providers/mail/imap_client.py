"""IMAPClient on a socket of ours, which can be ended from outside, and which hears what the server tells unasked."""

from __future__ import annotations

import imaplib
import re
import select
import ssl
from collections.abc import Callable, Mapping, Sequence
from socket import socket
from time import monotonic
from typing import Any, Final, cast

from imapclient import IMAPClient  # pyright: ignore[reportMissingTypeStubs] - it has none

from dragoman.providers.mail.hosts import Server

_LARGEST: Final = 64 << 20  # bytes of a literal; nothing so large is ever asked for
_LONGEST_LINE: Final = 32 << 20  # bytes; a search of a mailbox with millions of mails answers in one line
_CHANGES: Final = ("EXISTS", "EXPUNGE", "VANISHED")
_ASKED: Final = re.compile(rb"BODY|RFC822\.SIZE|INTERNALDATE")


def make_client(server: Server, timeout: float, connect: Callable[[], socket]) -> Any:
    """A connected client. Its ``_imap`` has ``stirred``: the server told, unasked, that the open folder has changed.

    Args:
        server: Where.
        timeout: Seconds that the server may be silent.
        connect: Makes the connection.
    """

    class Imap4(imaplib.IMAP4):
        stirred = False

        def _create_socket(self, timeout: float | None) -> socket:
            del timeout
            return connect()

        def read(self, size: int) -> bytes:
            if size > _LARGEST:
                raise self.abort(f"unexpected literal of {size} bytes")
            return super().read(size)

        def readline(self) -> bytes:
            line = cast("bytes", self.file.readline(_LONGEST_LINE + 1))
            if len(line) > _LONGEST_LINE:
                raise self.abort("unexpected line without end")
            return line

        def _append_untagged(self, typ: str, dat: object) -> None:
            if typ in _CHANGES or (typ == "FETCH" and _is_unasked(dat)):
                self.stirred = True
            super()._append_untagged(typ, dat)  # type: ignore[misc]  # imaplib's types leave it out

    class Client(IMAPClient):  # type: ignore[misc]  # it has no types
        def _create_IMAP4(self) -> Any:  # noqa: N802 - its name
            return Imap4(server.host, server.port)

    return cast("Any", Client)(server.host, server.port, ssl=False, timeout=timeout)


def _is_unasked(answer: object) -> bool:
    """Whether an answer tells new flags and nothing else, as servers do when somebody has changed them."""
    line = cast("tuple[object, ...]", answer)[0] if isinstance(answer, tuple) else answer
    return isinstance(line, bytes) and b"FLAGS" in line and not _ASKED.search(line)


def wait_in_idle(client: Any, seconds: float) -> bool:
    """Wait until mails come into the open folder or leave it; false when none did for so many seconds.

    Raises:
        IMAP4.error: The server refuses to tell, or the connection is lost.
    """
    imap = client._imap  # noqa: SLF001 - IMAPClient takes the end of a connection for silence
    _pop_changes(imap)
    tag = imap._command("IDLE")  # noqa: SLF001 - as above
    while imap._get_response() is not None:  # noqa: SLF001 - as above
        if imap.tagged_commands.get(tag):
            raise imaplib.IMAP4.error(f"IDLE failed: {imap.tagged_commands.pop(tag)[1][0]!r}")
    end, changed = monotonic() + seconds, _pop_changes(imap)
    while not changed and (left := end - monotonic()) > 0:
        if _has_input(imap, left):
            imap._get_response()  # noqa: SLF001 - as above
            changed = _pop_changes(imap)
    imap.send(b"DONE\r\n")
    imap._command_complete("IDLE", tag)  # noqa: SLF001 - as above
    return _pop_changes(imap) or changed


def _pop_changes(imap: Any) -> bool:
    """Whether the server told of mails that came or went since this was asked last."""
    told = [imap.untagged_responses.pop(kind, None) for kind in _CHANGES]
    return any(told)


def _has_input(imap: Any, seconds: float) -> bool:
    """Wait for input, also such as was read from the socket already; false after so many seconds.

    Raises:
        IMAP4.abort: The server has closed the connection.
    """
    if _is_buffered(imap):
        return True
    poll = select.poll()
    poll.register(imap.sock, select.POLLIN)
    if not poll.poll(seconds * 1000):
        return False
    if _is_buffered(imap):
        return True
    if isinstance(_peek(imap), bytes):
        raise imaplib.IMAP4.abort("socket error: EOF")
    return False  # a record of TLS that holds nothing for us


def _is_buffered(imap: Any) -> bool:
    return bool(_peek(imap))


def _peek(imap: Any) -> bytes | None:
    """What can be read without waiting; ``None``, or nothing, where that is nothing."""
    timeout = imap.sock.gettimeout()
    imap.sock.settimeout(0)
    try:
        return cast("bytes", (getattr(imap, "_file", None) or imap.file).peek(1))
    except (BlockingIOError, ssl.SSLWantReadError):
        return None
    finally:
        imap.sock.settimeout(timeout)


def untagged_words(client: Any) -> list[str]:
    """What the server said beside its answers, newest last."""
    untagged: Mapping[str, Sequence[object]] = getattr(getattr(client, "_imap", None), "untagged_responses", {})
    lines = (line for kind in ("OK", "NO", "BAD", "BYE") for line in untagged.get(kind, ()))
    return [line.decode("utf-8", "replace") if isinstance(line, bytes) else str(line) for line in lines]
