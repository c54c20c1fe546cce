"""IMAPClient on a socket of ours, which can be ended from outside, and which hears what the server tells unasked.

It takes answers apart that are nothing but the text of a mail: IMAPClient would look at each several times.
"""

from __future__ import annotations

import imaplib
import re
import select
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from socket import socket
from time import monotonic
from typing import Any, Final, cast

from imapclient import IMAPClient  # pyright: ignore[reportMissingTypeStubs] - it has none

from dragoman.providers.mail.hosts import Server

_LARGEST: Final = 64 << 20  # bytes of a literal; nothing so large is ever asked for
_LONGEST_LINE: Final = 32 << 20  # bytes; a search of a mailbox with millions of mails answers in one line
_CHANGES: Final = ("EXISTS", "EXPUNGE", "VANISHED")
_SMALL_WORDS: Final = re.compile(rb"(?:\*|[A-P]{4}\d+) (?:\d+ )?(?=[A-Z-]*[a-z])[A-Za-z-]++(?: \[[A-Za-z-]++|(?= )|\Z)")
"""The first words of an answer in which are small letters, which the library takes for no words."""

_ONE_TEXT: Final = re.compile(rb"\* \d+ FETCH \(UID (\d{1,10}) BODY\[\](?:<0>)? \{(\d{1,10})\}\r\n")
_ASKED: Final = re.compile(rb"BODY|RFC822\.SIZE|INTERNALDATE")


class _Imap4(imaplib.IMAP4):
    """The library's connection, which hears more.

    Attributes:
        stirred: The server told, unasked, that the open folder has changed.
        read_text: Makes something of the UID and text of a mail as soon as it has come, while others are on their way;
            ``None``: texts are answers like others.
        texts: What it has made, by UID; where it has failed, the text.
    """

    stirred = False
    read_text: Callable[[int, bytes], object] | None = None
    _ahead = b""

    def __init__(self, host: str, port: int, connect: Callable[[], socket]) -> None:
        self.texts: dict[int, object] = {}
        self._new_socket = connect
        super().__init__(host, port)

    def _create_socket(self, timeout: float | None) -> socket:
        del timeout
        return self._new_socket()

    def read(self, size: int) -> bytes:
        if size > _LARGEST:
            raise self.abort(f"unexpected literal of {size} bytes")
        return super().read(size)

    def readline(self) -> bytes:
        if self._ahead:
            line, self._ahead = self._ahead, b""
            return line
        line = cast("bytes", self.file.readline(_LONGEST_LINE + 1))
        if len(line) > _LONGEST_LINE:
            raise self.abort("unexpected line without end")
        return line

    def _get_line(self) -> bytes:
        line = cast("bytes", super()._get_line())  # type: ignore[misc]  # imaplib's types leave it out
        found = _SMALL_WORDS.match(line)
        return line if found is None else found[0].upper() + line[found.end() :]

    def _get_response(self) -> bytes | None:
        if self.read_text is None:
            return cast("bytes | None", super()._get_response())  # type: ignore[misc]  # as below
        line = self.readline()
        text = _ONE_TEXT.fullmatch(line)
        if text is None:
            self._ahead = line
            return cast("bytes | None", super()._get_response())  # type: ignore[misc]  # as below
        self._take_text(int(text[1]), line[2:-2].partition(b" FETCH ")[2], self.read(int(text[2])))
        return line

    def _take_text(self, uid: int, told: bytes, text: bytes) -> None:
        end = self._get_line()
        if end != b")":
            if end.endswith(b"}"):
                raise self.abort("unexpected literal behind a text")
            self._append_untagged("FETCH", (told, text))
            self._append_untagged("FETCH", end)
            return
        self.texts[uid] = text
        with suppress(Exception):  # the answers behind it have to be read first
            self.texts[uid] = cast("Callable[[int, bytes], object]", self.read_text)(uid, text)

    def _append_untagged(self, typ: str, dat: object) -> None:
        if typ in _CHANGES or (typ == "FETCH" and _is_unasked(dat)):
            self.stirred = True
        if typ == "CLOSED":  # with QRESYNC: what was told before is of the folder that was open
            for kind in (*_CHANGES, "FETCH"):
                self.untagged_responses.pop(kind, None)
        super()._append_untagged(typ, dat)  # type: ignore[misc]  # imaplib's types leave it out


def make_client(server: Server, timeout: float, connect: Callable[[], socket]) -> Any:
    """A connected client, whose ``_imap`` is one of :class:`_Imap4`.

    Args:
        server: Where.
        timeout: Seconds that the server may be silent.
        connect: Makes the connection.
    """

    class Client(IMAPClient):  # type: ignore[misc]  # it has no types
        def _create_IMAP4(self) -> Any:  # noqa: N802 - its name
            return _Imap4(server.host, server.port, connect)

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
        imap._check_bye()  # noqa: SLF001 - nothing comes behind it, though a server may close late
    end, changed = monotonic() + seconds, _pop_changes(imap)
    while not changed and (left := end - monotonic()) > 0:
        if _has_input(imap, left):
            imap._get_response()  # noqa: SLF001 - as above
            imap._check_bye()  # noqa: SLF001 - as above
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
