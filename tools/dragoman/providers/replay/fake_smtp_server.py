"""A small server for sending on a port of this machine: as much of SMTP as a mail program needs."""

from __future__ import annotations

import ssl
from base64 import b64decode
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Event, Lock, Thread
from typing import Final, cast

EXTENSIONS: Final = ("AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER", "SIZE 1000000", "8BITMIME", "SMTPUTF8")
LOSE: Final = b"<take it and hang up>"
"""What a fault gives when the command is carried out and its answer gets lost."""

_STALLED: Final = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class TakenMail:
    """A mail that the server took."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


class FakeSmtpServer(ThreadingTCPServer):
    """The server; a test may look into what it took and break it.

    Args:
        user: Who may sign in.
        password: With what; also as a token.

    Attributes:
        mails: What it took, in order.
        commands: What was asked, in order, without mails.
        fault: Is told each command line, ``.`` at the end of a mail; what it gives is the answer instead: bytes, or
            ``LOSE``, or nothing to hang up. No bytes at all let the command be carried out.
        greeting: What it says first; after a refusal it still listens.
        deliver: Is called with each mail that it took.
        context: With it ``STARTTLS`` is offered.
        stall: While it is set, nothing is answered.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, user: str, password: str, extensions: tuple[str, ...] = EXTENSIONS) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.user, self.password, self.extensions = user, password, extensions
        self.mails: list[TakenMail] = []
        self.commands: list[bytes] = []
        self.fault: Callable[[bytes], bytes | None] | None = None
        self.greeting = b"220 ready"
        self.deliver: Callable[[TakenMail], None] | None = None
        self.context: ssl.SSLContext | None = None
        self.stopped = Event()
        self.lock = Lock()

    @contextmanager
    def serve(self) -> Generator[str]:
        """Serve until the context is left; gives ``host:port``."""
        # Shutting down waits for one interval.
        thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{self.server_address[1]}"
        finally:
            self.stopped.set()
            self.shutdown()
            thread.join()
            self.server_close()

    def take(self, mail: TakenMail) -> None:
        """Take a mail."""
        with self.lock:
            self.mails.append(mail)
        if self.deliver is not None:
            self.deliver(mail)


class _LeftError(Exception):
    """The conversation is over."""


class _Handler(StreamRequestHandler):
    """One connection."""

    def handle(self) -> None:
        """Answer until the client leaves."""
        self._server = cast("FakeSmtpServer", self.server)
        self._sender, self._recipients, self._signed_in = "", list[str](), False
        with suppress(OSError, _LeftError, ValueError):
            self._say(self._server.greeting)
            while True:
                self._answer(self._line())

    def finish(self) -> None:
        """Close the connection, also one that was encrypted meanwhile."""
        super().finish()
        self.request.close()

    def _line(self) -> bytes:
        line = self.rfile.readline(20_000)
        if not line.endswith(b"\n"):
            raise _LeftError
        return line.rstrip(b"\r\n")

    def _say(self, answer: bytes) -> None:
        self.wfile.write(answer + b"\r\n")

    def _answer(self, line: bytes) -> None:
        self._server.commands.append(line)
        instead = self._instead(line)
        if instead and instead != LOSE:
            self._say(instead)
            return
        answer = self._carry_out(line)
        if instead == LOSE:
            raise _LeftError
        self._say(answer)

    def _instead(self, line: bytes) -> bytes:
        found = b"" if self._server.fault is None else self._server.fault(line)
        if found is None:
            raise _LeftError
        if found == b"<stall>":
            self._server.stopped.wait(_STALLED)
            raise _LeftError
        return found

    def _carry_out(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        steps = {
            b"EHLO": self._greet, b"STAR": self._start_tls, b"AUTH": lambda: self._sign_in(line), b"RSET": self._reset,
            b"MAIL": lambda: self._begin(line), b"RCPT": lambda: self._add(line), b"DATA": self._take,
            b"QUIT": self._leave,
        }  # fmt: skip
        step = steps.get(verb)
        return b"502 not known" if step is None else step()

    def _greet(self) -> bytes:
        more = (*self._server.extensions, *(("STARTTLS",) if self._server.context else ()))
        return "\r\n".join(["250-here", *(f"250-{one}" for one in more), "250 ENHANCEDSTATUSCODES"]).encode()

    def _start_tls(self) -> bytes:
        if self._server.context is None:
            return b"502 not known"
        self._say(b"220 go on")
        self.request = self._server.context.wrap_socket(self.request, server_side=True)
        # The streams of before would go past the encryption.
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", 0)
        self._server.commands.append(b"<encrypted>")
        return self._carry_out(self._line())

    def _sign_in(self, line: bytes) -> bytes:
        _, mechanism, *first = line.decode("ascii").split(" ")
        said = b64decode(first[0]) if first else b""
        if mechanism.upper() == "LOGIN":
            # "User" and, below, "Pass" in base64, which clients of LOGIN expect.
            self._say(b"334 VXNlcg==")
            user = b64decode(self._line())
            self._say(b"334 UGFzcw==")
            said = b"\0" + user + b"\0" + b64decode(self._line())
        good = self._server.password.encode() in said and self._server.user.encode() in said
        if not good and mechanism.upper() in {"XOAUTH2", "OAUTHBEARER"}:
            # An error of OAuth comes as a challenge, which the client answers before it is refused (RFC 7628, 3.2.3).
            self._say(b"334 eyJzdGF0dXMiOiI0MDEifQ==")
            self._line()
        self._signed_in = good
        return b"235 2.7.0 welcome" if good else b"535 5.7.8 wrong"

    def _reset(self) -> bytes:
        self._sender, self._recipients = "", []
        return b"250 2.0.0 forgotten"

    def _begin(self, line: bytes) -> bytes:
        if not self._signed_in:
            return b"530 5.7.0 sign in first"
        self._sender = _address(line)
        return b"250 2.1.0 good"

    def _add(self, line: bytes) -> bytes:
        self._recipients.append(_address(line))
        return b"250 2.1.5 good"

    def _take(self) -> bytes:
        if not self._recipients:
            return b"503 5.5.1 no recipients"
        self._say(b"354 go on")
        lines: list[bytes] = []
        while (line := self._line()) != b".":
            # A client doubles a point at the beginning of a line (RFC 5321, 4.5.2).
            lines.append(line.removeprefix(b".") if line.startswith(b".") else line)
        mail = TakenMail(self._sender, tuple(self._recipients), b"".join(one + b"\r\n" for one in lines))
        instead = self._instead(b".")
        if instead and instead != LOSE:
            return instead
        self._server.take(mail)
        self._reset()
        if instead == LOSE:
            raise _LeftError
        return b"250 2.0.0 queued as 4711"

    def _leave(self) -> bytes:
        self._say(b"221 2.0.0 bye")
        raise _LeftError


def _address(line: bytes) -> str:
    return line.partition(b"<")[2].partition(b">")[0].decode("utf-8")
