"""The way to a mail server: connecting, signing in, and ending from outside what is under way."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any, Final, cast

from dragoman.core.errors import PermissionDenied
from dragoman.core.paths import expanded
from dragoman.providers.mail.hosts import Server
from dragoman.providers.mail.imap_arguments import require_one_line
from dragoman.providers.mail.imap_client import make_client
from dragoman.providers.mail.imap_sign_in import sign_in
from dragoman.providers.mail.login import Login

_CONNECT_TIMEOUT: Final = 10.0


class ImapTransport:
    """A connection, not signed in before :meth:`open`.

    Args:
        server: Where.
        timeout: Seconds that the server may be silent.
        ca_file: Authorities to trust instead of the usual ones.

    Attributes:
        capabilities: What the server can do, in capitals.
        resyncs: It tells which messages have gone since a folder was in some state.
    """

    def __init__(self, server: Server, *, timeout: float, ca_file: Path | None = None) -> None:
        self.server = server
        self.timeout = timeout
        self._ca_file = ca_file
        self._socket: socket.socket | None = None
        self._dead = False
        self._use = Lock()
        self._client: Any = None
        self.capabilities: frozenset[str] = frozenset()
        self.resyncs = False

    def open(self, login: Login) -> None:
        """Connect and sign in."""
        require_one_line(login.user, login.value)
        client = self._client = make_client(self.server, self.timeout, self.connect)
        client._imap.debug = 0  # noqa: SLF001 - else each line, passwords too, goes to a log
        client.normalise_times = False
        if self.server.tls == "starttls":
            if not client.has_capability("STARTTLS"):
                raise PermissionDenied(
                    "The mail server offers no encryption on this port.",
                    hint="Somebody may be listening: take its port for TLS, usually 993, or ask its administrator.",
                )
            client.starttls(SimpleNamespace(wrap_socket=self._encrypted))
            client._imap.untagged_responses.clear()  # noqa: SLF001 - what came unencrypted counts for nothing
        sign_in(client, self.server, login)
        client._cached_capabilities = None  # noqa: SLF001 - there are more after signing in
        self.capabilities = frozenset(one.decode("ascii", "replace").upper() for one in client.capabilities())
        if "ID" in self.capabilities:
            client.id_({"name": "dragoman"})
        wanted = sorted({"CONDSTORE", "QRESYNC"} & self.capabilities) if "ENABLE" in self.capabilities else []
        self.resyncs = bool(wanted) and b"QRESYNC" in {one.upper() for one in client.enable(*wanted)}

    def connect(self) -> socket.socket:
        """A connected socket, encrypted where that comes first; called by IMAPClient."""
        made = socket.create_connection((self.server.host, self.server.port), timeout=_CONNECT_TIMEOUT)
        self._socket = made
        try:
            return self._prepared(made)
        except BaseException:
            # Whoever ended the connection before it was there has closed nothing.
            self._socket.close()
            raise

    def _prepared(self, made: socket.socket) -> socket.socket:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.server.tls == "tls":
            made = self._encrypted(made, self.server.host)
        if self._dead:
            raise ConnectionAbortedError
        made.settimeout(self.timeout)
        return made

    def _encrypted(self, plain: socket.socket, server_hostname: str) -> ssl.SSLSocket:
        made = self._socket = self.context().wrap_socket(
            plain, server_hostname=server_hostname, do_handshake_on_connect=False
        )
        if self._dead:  # from here on it can be ended by somebody else
            raise ConnectionAbortedError
        made.do_handshake()
        return made

    def context(self) -> ssl.SSLContext:
        """What the server's certificate has to fulfil."""
        return ssl.create_default_context(cafile=None if self._ca_file is None else expanded(self._ca_file))

    @contextmanager
    def in_use(self) -> Generator[None]:
        """Mark that a command is under way, so that the socket is not closed below it."""
        with self._use:
            try:
                if self._dead:
                    raise ConnectionAbortedError
                yield
            finally:
                if self._dead:
                    self._close()

    def kill(self) -> None:
        """End the connection at once; a command that is under way fails. May be called from any thread."""
        self._dead = True
        if self._socket is not None:
            with suppress(OSError):  # of the plain socket: the one of TLS would wait for its peer
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        if self._use.acquire(blocking=False):
            with suppress(Exception):
                self._close()
            self._use.release()

    def _close(self) -> None:
        with suppress(Exception):
            self._client.shutdown()
        if self._socket is not None:
            self._socket.close()

    def noop(self, timeout: float) -> None:
        """Find out whether the server is still there."""
        found = cast("socket.socket", self._client.socket())
        found.settimeout(timeout)
        self._client.noop()
        found.settimeout(self.timeout)
