"""Connections of the provider that give up when a test says so, however slow or fast the machine is."""

from __future__ import annotations

import select
import socket
from contextlib import suppress
from threading import Lock

from dragoman.providers.mail.imap_transport import ImapTransport
from dragoman.providers.mail.smtp_client import SmtpClient

PATIENCE = 60.0
"""Seconds of a timeout that never comes by itself."""


class Impatience:
    """Ends the waiting of connections to servers on this machine."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._sockets: dict[int, ImpatientSocket] = {}

    def wrap(self, made: socket.socket) -> ImpatientSocket:
        """A connection that can be told to give up."""
        timeout = made.gettimeout()
        wrapped = ImpatientSocket(fileno=made.detach())
        wrapped.settimeout(timeout)
        wrapped.bell, wrapped.ring = socket.socketpair()
        with self._lock:
            self._sockets[wrapped.getsockname()[1]] = wrapped
        return wrapped

    def give_up(self, port: int | None = None) -> None:
        """Let a connection time out as soon as it waits for what has not come.

        Args:
            port: From which it is; ``None``: every connection that was asked something and has heard nothing since.
        """
        with self._lock:
            for at, one in self._sockets.items():
                if port == at or (port is None and one.asks):
                    with suppress(OSError):
                        one.ring.send(b"!")


class ImpatientSocket(socket.socket):
    """A connection that waits for what comes until it is told to give up."""

    bell: socket.socket
    ring: socket.socket
    asks = False

    def sendall(self, data, flags=0):
        """Send something that is to be answered."""
        self.asks = True
        super().sendall(data, flags)

    def recv_into(self, buffer, nbytes=0, flags=0):
        """Read; what is there is read before the waiting is given up."""
        if self.gettimeout() != 0:
            poll = select.poll()
            for one in (self, self.bell):
                poll.register(one, select.POLLIN)
            ready = [number for number, _ in poll.poll(PATIENCE * 1000)]
            if self.fileno() not in ready:
                with suppress(OSError):
                    self.bell.recv(1, socket.MSG_DONTWAIT)
                raise TimeoutError("timed out")
        self.asks = False
        return super().recv_into(buffer, nbytes, flags)

    def close(self):
        """Close it, and its bell."""
        self.bell.close()
        self.ring.close()
        super().close()


def make_impatient(monkeypatch) -> Impatience:
    """Let every connection of the provider without TLS be one that gives up when it is told to."""
    impatience = Impatience()
    connect, get_socket = ImapTransport.connect, SmtpClient._get_socket

    def connect_impatiently(self):
        made = connect(self)
        if type(made) is socket.socket:
            made = self._socket = impatience.wrap(made)
        return made

    def get_impatient_socket(self, host, port, timeout):
        made = get_socket(self, host, port, timeout)
        return impatience.wrap(made) if type(made) is socket.socket else made

    monkeypatch.setattr(ImapTransport, "connect", connect_impatiently)
    monkeypatch.setattr(SmtpClient, "_get_socket", get_impatient_socket)
    return impatience
