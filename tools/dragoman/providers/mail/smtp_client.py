"""The standard library's client for sending, with what it lacks: encryption from the first byte, bounded answers."""

from __future__ import annotations

import smtplib
import socket
import ssl
from typing import BinaryIO, Final

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
    """The library's client, encrypted from the first byte where there is a context."""

    def __init__(self, context: ssl.SSLContext | None, timeout: float) -> None:
        self._tls = context
        self._silence = timeout
        super().__init__(local_hostname="localhost", timeout=_CONNECT_TIMEOUT)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        self._host = host  # what the certificate is checked against, also after STARTTLS
        made = socket.create_connection((host, port), timeout)
        try:
            made = made if self._tls is None else self._tls.wrap_socket(made, server_hostname=host)
            made.settimeout(self._silence)
        except BaseException:
            made.close()
            raise
        return made

    def getreply(self) -> tuple[int, bytes]:
        """Read one answer, of bounded length."""
        if self.file is None and self.sock is not None:
            self.file = _Lines(self.sock.makefile("rb"))
        if isinstance(self.file, _Lines):
            self.file.left = _MOST_LINES
        return super().getreply()
