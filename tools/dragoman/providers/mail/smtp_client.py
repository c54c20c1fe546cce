"""The standard library's client for sending, with what it lacks: encryption from the first byte, bounded answers."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import BinaryIO, Final, TypeVar, cast

_Socket = TypeVar("_Socket", bound=socket.socket)

_CONNECT_TIMEOUT: Final = 10.0
_MOST_LINES: Final = 500  # of one answer


class _Lines:
    """The answers of a server, of which no single one is without end."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.left = _MOST_LINES

    def readline(self, size: int = -1) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise OSError("an answer without end")
        return self._stream.readline(size)

    def close(self) -> None:
        self._stream.close()


class SmtpClient(smtplib.SMTP):
    """The library's client, whose connection can be ended from outside at each step, also before it is encrypted.

    Args:
        make_context: Makes what the server's certificate has to fulfil.
        timeout: Seconds that the server may be silent.
        is_encrypted: Encrypt from the first byte.
    """

    def __init__(self, make_context: Callable[[], ssl.SSLContext], timeout: float, *, is_encrypted: bool) -> None:
        self._make_context = make_context
        self._silence = timeout
        self._is_encrypted = is_encrypted
        self._is_ended = False
        super().__init__(local_hostname="localhost", timeout=_CONNECT_TIMEOUT)

    def encrypt(self) -> tuple[int, bytes]:
        """Encrypt a connection that is not; what the server said before counts for nothing."""
        try:
            return self.starttls(context=cast("ssl.SSLContext", SimpleNamespace(wrap_socket=self._encrypted)))
        except smtplib.SMTPResponseException as refused:
            error = refused.smtp_error
            return refused.smtp_code, error if isinstance(error, bytes) else error.encode()

    def end(self) -> None:
        """End the connection at once, and every step that follows. May be called from any thread."""
        self._is_ended = True
        if self.sock is not None:
            with suppress(OSError):  # of the plain socket: the one of TLS would wait for its peer
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)
        with suppress(OSError, smtplib.SMTPException):
            self.close()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        self._host = host  # what the certificate is checked against, also after STARTTLS
        made = socket.create_connection((host, port), timeout)
        try:
            made = self._encrypted(made, host) if self._is_encrypted else self._endable(made)
            made.settimeout(self._silence)
        except BaseException:
            # Once it is wrapped, closing the plain socket closes nothing.
            (self.sock or made).close()
            raise
        return made

    def _encrypted(self, plain: socket.socket, server_hostname: str) -> ssl.SSLSocket:
        context = self._make_context()
        made = context.wrap_socket(plain, server_hostname=server_hostname, do_handshake_on_connect=False)
        self._endable(made).do_handshake()
        return made

    def _endable(self, made: _Socket) -> _Socket:
        """A socket that :meth:`end` knows from now on."""
        self.sock = made
        if self._is_ended:
            raise ConnectionAbortedError
        return made

    def getreply(self) -> tuple[int, bytes]:
        """Read one answer, of bounded length."""
        if self.file is None and self.sock is not None:
            self.file = _Lines(self.sock.makefile("rb"))
        if isinstance(self.file, _Lines):
            self.file.left = _MOST_LINES
        return super().getreply()
