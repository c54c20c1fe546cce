"""A proxy before PostgreSQL that knows its protocol: it counts round trips, and cuts connections between messages."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

_ASKED_FOR_MORE = b"ZG"
"""What a server says when it waits for its client: it is ready for a query, or for the rows of COPY."""

_LONGEST_SHOWN = 300
Way = Literal["before", "after"]


@dataclass
class Trips:
    """What crossed the wire while a block ran.

    Attributes:
        messages: Statements of clients, as they were sent.
        connections: How many clients connected.
        count: How often a server was waited for by a client that had connected before.
    """

    messages: list[str] = field(default_factory=list)
    connections: int = 0
    count: int = 0


class PostgresWire:
    """Passes everything on. Its clients have to connect with ``sslmode=disable&gssencmode=disable``."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._lock = threading.Lock()
        self._counted: list[Trips] = []
        self._links: list[_Link] = []
        self._cut: tuple[Way, int] | None = None
        self._sent = 0
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def address(self, direct: str) -> str:
        """The address of a database through the proxy."""
        head, _, database = direct.rpartition("/")
        return f"{head.rpartition(':')[0]}:{self.port}/{database}?sslmode=disable&gssencmode=disable"

    @contextmanager
    def counting(self) -> Iterator[Trips]:
        """Count what crosses the wire while the block runs."""
        trips = Trips()
        self._counted.append(trips)
        try:
            yield trips
        finally:
            self._counted.remove(trips)

    def cut_at(self, number: int, way: Way = "before") -> None:
        """Cut the connection of the ``number``-th message from now on, before or after the server gets it."""
        with self._lock:
            self._cut, self._sent = (way, number), 0

    def heal(self) -> bool:
        """Cut nothing more; whether something was cut since :meth:`cut_at`, which the server has dealt with by now."""
        with self._lock:
            has_cut, self._cut = self._cut is None, None
        for link in [one for one in self._links if one.is_cut]:
            link.wait_for_server()
            self._links.remove(link)
        return has_cut

    def shut(self) -> None:
        """Cut all connections, and refuse new ones."""
        # Whoever waits for a connection does not hear of the end otherwise.
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._accepting.join(60)
        for link in self._links:
            link.end()
        self._links.clear()

    def open(self) -> None:
        """Take connections again, where they were taken before."""
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def close(self) -> None:
        """End everything."""
        self.shut()

    def note_connection(self) -> None:
        """Count a client."""
        for trips in self._counted:
            trips.connections += 1

    def note_answer(self) -> None:
        """Count a round trip."""
        for trips in self._counted:
            trips.count += 1

    def due(self, kind: bytes, body: bytes) -> Way | None:
        """Note a message of a client; how its connection is to be cut."""
        if kind in b"Xp":  # it says goodbye, or its password
            return None
        text = body.rstrip(b"\0").decode("utf-8", "replace")[:_LONGEST_SHOWN]
        for trips in self._counted:
            trips.messages.append(f"{kind.decode()} {text}")
        with self._lock:
            self._sent += 1
            if self._cut is None or self._sent != self._cut[1]:
                return None
            way, self._cut = self._cut[0], None
            return way

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.close()
                continue
            self._links.append(_Link(self, client, server))


class _Link:
    """A connection of a client, and the one to the server that belongs to it."""

    def __init__(self, wire: PostgresWire, client: socket.socket, server: socket.socket) -> None:
        self._wire, self._client, self._server = wire, client, server
        self._is_ready = self.is_cut = False
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sending = threading.Thread(target=self._from_client, daemon=True)
        self._answering = threading.Thread(target=self._from_server, daemon=True)
        self._sending.start()
        self._answering.start()

    def wait_for_server(self) -> None:
        """Wait until the server has dealt with all that it got."""
        self._answering.join(60)

    def end(self) -> None:
        """End both connections."""
        for one in (self._client, self._server):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self.wait_for_server()

    def _from_client(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            self._server.sendall(_untyped(self._client))
            self._wire.note_connection()
            while True:
                kind, message = _typed(self._client)
                way = self._wire.due(kind, message[5:])
                if way is not None:
                    self.is_cut = True
                    with contextlib.suppress(OSError):
                        self._client.shutdown(socket.SHUT_RDWR)
                if way != "before":
                    self._server.sendall(message)
                if way is not None:
                    break
        # The server reads what it was sent before it hears of the end.
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_WR)

    def _from_server(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            while True:
                kind, message = _typed(self._server)
                if kind in _ASKED_FOR_MORE and self._is_ready:
                    self._wire.note_answer()
                self._is_ready = self._is_ready or kind == b"Z"
                if not self.is_cut:
                    self._client.sendall(message)
        with contextlib.suppress(OSError):
            self._client.shutdown(socket.SHUT_RDWR)
        self._sending.join(60)
        self._client.close()
        self._server.close()


def _untyped(source: socket.socket) -> bytes:
    """The message that a connection begins with."""
    length = _exactly(source, 4)
    return length + _exactly(source, struct.unpack("!i", length)[0] - 4)


def _typed(source: socket.socket) -> tuple[bytes, bytes]:
    """The kind of a message, and all of it."""
    head = _exactly(source, 5)
    return head[:1], head + _exactly(source, struct.unpack("!i", head[1:])[0] - 4)


def _exactly(source: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        part = source.recv(size - len(found))
        if not part:
            raise EOFError
        found += part
    return found
