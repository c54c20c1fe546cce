"""A small load balancer as people put in front: it asks /readyz, passes calls on, and repeats none that was taken."""

from __future__ import annotations

import http.client
import select
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

LOOK_EVERY = 0.05
"""Seconds between two questions after the health of a server; well under the usual ``drain_delay``."""

_PASSED_ON = {"content-type", "www-authenticate", "retry-after"}


class Balancer:
    """Sends each call to the next server that said it is ready.

    Connections to servers are kept and used again. Only where a server refuses the connection, so that nothing of
    the call can have reached it, the call goes to another one; whatever else goes wrong, the client gets a 502.
    """

    def __init__(self, ports: list[int]) -> None:
        """Know the servers, and none of them as ready."""
        self._ports = ports
        self._ready: frozenset[int] = frozenset()
        self._changed = threading.Condition()
        self._ended = threading.Event()
        self._turn = 0
        self.failures: list[str] = []
        self.served: list[int] = []
        self._web = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"balancer": self}))
        self.port = self._web.server_port
        self._threads = [threading.Thread(target=run) for run in (self._web.serve_forever, self._watch)]

    def __enter__(self) -> Self:
        """Listen, and look after the servers."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._ended.set()
        self._web.shutdown()
        for thread in self._threads:
            thread.join()
        self._web.server_close()

    def wait_for(self, condition: Callable[[frozenset[int]], bool], seconds: float = 60) -> None:
        """Wait until the servers that are ready are as they should be."""
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self._ready), seconds), f"ready are {set(self._ready)}"

    def chosen(self) -> list[int]:
        """The servers to try, in turn; all when none is known as ready, as balancers do."""
        with self._changed:
            self._turn += 1
            able = sorted(self._ready) or self._ports
            first = self._turn % len(able)
            return [*able[first:], *able[:first]]

    def _watch(self) -> None:
        while not self._ended.wait(LOOK_EVERY):
            ready = frozenset(port for port in self._ports if _is_ready(port))
            with self._changed:
                self._ready = ready
                self._changed.notify_all()


def connected(connection: http.client.HTTPConnection) -> http.client.HTTPConnection:
    """Connect, anew where the other side has said goodbye: clients look before they send on an old connection."""
    if connection.sock is not None and select.select([connection.sock], [], [], 0)[0]:
        connection.close()
    if connection.sock is None:
        connection.connect()
    return connection


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    balancer: Balancer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.kept: dict[int, http.client.HTTPConnection] = {}

    def finish(self) -> None:
        for connection in self.kept.values():
            connection.close()
        super().finish()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            port, answer, content = self.passed_on(body)
        except (OSError, http.client.HTTPException) as error:
            self.balancer.failures.append(repr(error))
            self.send_error(502)
            return
        self.balancer.served.append(port)
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() in _PASSED_ON:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def passed_on(self, body: bytes) -> tuple[int, http.client.HTTPResponse, bytes]:
        connection, port = self.backend()
        connection.request("POST", self.path, body, dict(self.headers))
        answer = connection.getresponse()
        return port, answer, answer.read()

    def backend(self) -> tuple[http.client.HTTPConnection, int]:
        able = self.balancer.chosen()
        for port in self.kept.keys() - set(able):
            self.kept.pop(port).close()
        for port in able:
            connection = self.kept.setdefault(port, http.client.HTTPConnection("127.0.0.1", port, timeout=60))
            try:
                return connected(connection), port
            except ConnectionRefusedError:
                continue
        raise ConnectionRefusedError("no server listens")

    def log_message(self, *_: object) -> None:
        """Say nothing."""
