"""A proxy before a server on this machine, which breaks one thing at a time."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass

KINDS = ("cut", "half", "lose", "stall", "delay", "garbage", "bye", "throttled", "unavailable", "bad", "overquota")
ANSWERS = {
    "throttled": b"NO [THROTTLED] slow down",
    "unavailable": b"NO [UNAVAILABLE] not now",
    "bad": b"BAD what is that",
    "overquota": b"NO [OVERQUOTA] full",
}


@dataclass
class Fault:
    """What breaks: the kind of it, and at which piece of the traffic since it was set."""

    kind: str
    at: int
    happened: bool = False


class FaultProxy:
    """Passes everything on, but for one fault.

    Attributes:
        passed: Bytes that clients were given.
        stalls: Is told the port of each client that will hear nothing any more.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.fault: Fault | None = None
        self.passed = 0
        self.stalls: Callable[[int], None] = lambda port: None
        self._count = 0
        self._stalled = threading.Event()
        self._lock = threading.Lock()
        self._links: list[_Link] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def set(self, fault: Fault | None) -> None:
        """Break this from now on. What clients asked for before and did not wait for is carried out first."""
        self._stalled.set()  # what stalled ends
        for link in list(self._links):
            if link.is_over():
                link.wait_for_server()
                self._links.remove(link)
        with self._lock:
            self.fault, self._count, self._stalled = fault, 0, threading.Event()

    def close(self) -> None:
        """End everything."""
        self._stalled.set()
        self._listening.close()
        for link in list(self._links):
            _end(link.client)
            _end(link.server)
            link.wait_for_server()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:  # it is closed already: nobody waits for this one
                client.close()
                continue
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._links.append(_Link(self, client, server))

    def _due(self, data: bytes, is_client: bool) -> str | None:
        """What has to happen to a piece of traffic."""
        with self._lock:
            fault, self._count = self.fault, self._count + 1
            if fault is None or fault.happened or self._count < fault.at:
                return None
            fits = {"lose": is_client, "garbage": not is_client and data.startswith(b"* "), "bye": not is_client}
            is_command = is_client and b" " in data[:12] and data.endswith(b"\r\n")
            if not fits.get(fault.kind, is_command or fault.kind not in ANSWERS):
                return None
            fault.happened = True
            return fault.kind

    def pass_on(self, data: bytes, link: _Link, is_client: bool) -> bool:
        """Pass a piece of traffic on, or break it; false when the connection is lost."""
        kind, target = self._due(data, is_client), link.server if is_client else link.client
        if kind == "stall":
            stalled = self._stalled
            self.stalls(link.client_port)
            stalled.wait()
        if kind in ("cut", "stall"):
            return False
        if kind == "bye":
            data = b"* BYE shutting down\r\n"
        if kind == "half":
            data = data[: len(data) // 2]
        if kind == "delay":
            threading.Event().wait(0.05)
        if kind == "garbage":
            target.sendall(b"* 1 FETCH (UID ((((\r\n")
        if kind in ANSWERS:  # to the first of several commands
            command, _, data = data.partition(b"\r\n")
            link.client.sendall(command.split(b" ", 1)[0] + b" " + ANSWERS[kind] + b"\r\n")
        target.sendall(data)
        self.passed += 0 if is_client else len(data)
        return kind not in ("lose", "bye", "half")


class _Link:
    """A connection of a client, and the one to the server that belongs to it."""

    def __init__(self, proxy: FaultProxy, client: socket.socket, server: socket.socket) -> None:
        self.proxy, self.client, self.server = proxy, client, server
        self.client_port = client.getpeername()[1]
        self._broken = False
        self._pumps = [
            threading.Thread(target=self._pump, args=(is_client,), daemon=True) for is_client in (True, False)
        ]
        for pump in self._pumps:
            pump.start()

    def is_over(self) -> bool:
        """Whether the client gets nothing any more, or wants nothing any more."""
        if self._broken:
            return True
        try:
            return not self.client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def wait_for_server(self) -> None:
        """Wait until the server has carried out all that it got."""
        for pump in self._pumps:
            pump.join(60)
        self.client.close()
        self.server.close()

    def _pump(self, is_client: bool) -> None:
        source = self.client if is_client else self.server
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self._take(data, is_client)
                if self._broken and is_client:
                    break
        if not is_client:
            _end(self.client)
        with contextlib.suppress(OSError):  # the server reads what it was sent before it hears of the end
            self.server.shutdown(socket.SHUT_WR)

    def _take(self, data: bytes, is_client: bool) -> None:
        """Pass data on; what a server says after the connection is lost goes nowhere."""
        if self._broken:
            return
        try:
            self._broken = not self.proxy.pass_on(data, self, is_client)
        except OSError:
            self._broken = True
        if self._broken:
            _end(self.client)
            with contextlib.suppress(OSError):
                self.server.shutdown(socket.SHUT_WR)


def _end(link: socket.socket) -> None:
    with contextlib.suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)
