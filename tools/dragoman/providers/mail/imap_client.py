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

from dragoman.providers.mail.folders import FolderState
from dragoman.providers.mail.hosts import Server

_LARGEST: Final = 64 << 20  # bytes of a literal; nothing so large is ever asked for
_LONGEST_LINE: Final = 32 << 20  # bytes; a search of a mailbox with millions of mails answers in one line
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
    lines = [b"NOOP", *(b"STATUS %s %s" % (name, _ITEMS.encode()) for name in encoded)]
    for line, answer in zip(lines, _ask_at_once(imap, lines), strict=True):
        if answer[0] != "OK":
            raise imaplib.IMAP4.error(f"{line[:6].decode().strip()} failed: {answer[1]!r}")
    lines = cast("list[bytes]", imap.untagged_responses.pop("STATUS", []))
    if len(lines) != len(names):
        raise imaplib.IMAP4.abort("unexpected number of states")
    return {name: _state(name, line) for name, line in zip(names, lines, strict=True)}


def _ask_at_once(imap: Any, lines: Sequence[bytes]) -> list[tuple[str, object]]:
    """Send commands together, so that they cost one round trip; gives kind and text of each answer."""
    tags = [imap._new_tag() for _ in lines]  # noqa: SLF001 - imaplib sends one command after the other
    for kind in ("OK", "NO", "BAD"):
        imap.untagged_responses.pop(kind, None)
    imap.send(b"".join(b"%s %s\r\n" % (tag, line) for tag, line in zip(tags, lines, strict=True)))
    answers = [imap._command_complete(line[:6].decode(), tag) for tag, line in zip(tags, lines, strict=True)]  # noqa: SLF001
    return [(kind, data[0]) for kind, data in answers]


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


def _state(name: str, line: object) -> FolderState:
    """A state, out of the line that the server gave; servers answer in the order in which they are asked."""
    told = line if isinstance(line, bytes) else b""
    values = (re.search(rb"\b%s (\d+)" % item, told.rpartition(b"(")[2]) for item in _ITEMS[1:-1].encode().split())
    return FolderState(name, *(0 if found is None else int(found[1]) for found in values))


def untagged_words(client: Any) -> list[str]:
    """What the server said beside its answers, newest last."""
    untagged: Mapping[str, Sequence[object]] = getattr(getattr(client, "_imap", None), "untagged_responses", {})
    lines = (line for kind in ("OK", "NO", "BAD", "BYE") for line in untagged.get(kind, ()))
    return [line.decode("utf-8", "replace") if isinstance(line, bytes) else str(line) for line in lines]
