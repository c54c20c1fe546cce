"""A small mail server on a port of this machine that nobody else can reach: as much of IMAP as reading mails needs."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from itertools import count
from socket import SHUT_RDWR, socket
from socketserver import ThreadingTCPServer
from threading import Lock, Thread
from typing import Final, cast

from dragoman.providers.replay.fake_imap_handler import ImapHandler
from dragoman.providers.replay.fake_mail_store import StoredFolder

CAPABILITIES: Final = "IMAP4rev1 AUTH=PLAIN LITERAL+ UIDPLUS MOVE SPECIAL-USE ID"


class FakeImapServer(ThreadingTCPServer):
    """The server; a subclass or a test may look into the folders and break it.

    Args:
        user: Who may sign in.
        password: With what.

    Attributes:
        folders: By name.
        commands: What was asked, in order, without literals.
        fault: Is told each command line; what it gives is the answer instead: bytes, or nothing to hang up.
        dialect: Writes each line of an answer in another way.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, user: str, password: str, capabilities: str = CAPABILITIES) -> None:
        super().__init__(("127.0.0.1", 0), ImapHandler)
        self.user, self.password, self.capabilities = user, password, capabilities
        roles = {"INBOX": "", "Sent": "\\Sent", "Archive": "\\Archive", "Drafts": "\\Drafts", "Trash": "\\Trash"}
        self.folders = {name: StoredFolder(name, role) for name, role in roles.items()}
        self.commands: list[bytes] = []
        self.fault: Callable[[bytes], bytes | None] | None = None
        self.dialect: Callable[[bytes], bytes] = bytes
        self.lock = Lock()
        self.validities = count(2)  # a folder that is made again has other messages under the same UIDs
        self._sockets: set[socket] = set()

    @contextmanager
    def serve(self) -> Generator[str]:
        """Serve until the context is left; gives ``host:port``."""
        thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{self.server_address[1]}"
        finally:
            self.shutdown()
            self.hang_up()
            self.server_close()
            thread.join()

    def hang_up(self) -> None:
        """End every connection."""
        for one in list(self._sockets):
            with suppress(OSError):
                one.shutdown(SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that went away is no failure."""

    def process_request(self, request: object, client_address: object) -> None:
        """Remember the connection."""
        self._sockets.add(cast("socket", request))
        super().process_request(cast("socket", request), client_address)

    def shutdown_request(self, request: object) -> None:
        """Forget the connection."""
        self._sockets.discard(cast("socket", request))
        super().shutdown_request(cast("socket", request))
