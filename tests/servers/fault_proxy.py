"""A proxy before a server on this machine, which breaks one thing at a time."""

from __future__ import annotations

import contextlib
import socket
import threading
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
    """Passes everything on, but for one fault."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.fault: Fault | None = None
        self.passed = 0  # bytes to the client
        self._count = 0
        self._stalled = threading.Event()
        self._lock = threading.Lock()
        self._links: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def set(self, fault: Fault | None) -> None:
        """Break this from now on."""
        self._stalled.set()  # what stalled ends
        with self._lock:
            self.fault, self._count, self._stalled = fault, 0, threading.Event()

    def close(self) -> None:
        """End everything."""
        self._stalled.set()
        self._listening.close()
        for link in list(self._links):
            _end(link)

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
            for one, other, is_client in ((client, server, True), (server, client, False)):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._links.add(one)
                threading.Thread(target=self._pump, args=(one, other, is_client), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, is_client: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if not self._pass(data, source, target, is_client):
                    break
        for link in (source, target):
            _end(link)
        source.close()
        self._links.discard(source)

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

    def _pass(self, data, source, target, is_client) -> bool:  # noqa: PLR0911 - one for each kind
        kind = self._due(data, is_client)
        if kind == "cut":
            return False
        if kind == "half":
            target.sendall(data[: len(data) // 2])
            return False
        if kind == "lose":
            target.sendall(data)
            _end(source)
            threading.Event().wait(0.05)  # the server has to have read it
            return False
        if kind == "stall":
            self._stalled.wait(10)
            return False
        if kind == "delay":
            threading.Event().wait(0.05)
        if kind == "bye":
            target.sendall(b"* BYE shutting down\r\n")
            return False
        if kind == "garbage":
            target.sendall(b"* 1 FETCH (UID ((((\r\n")
        if kind in ANSWERS:
            source.sendall(data.split(b" ", 1)[0] + b" " + ANSWERS[kind] + b"\r\n")
            return True
        target.sendall(data)
        self.passed += 0 if is_client else len(data)
        return True


def _end(link: socket.socket) -> None:
    with contextlib.suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)
