"""One connection for sending, step by step: what tells a mail that was not sent from one of which nobody knows.

Every method blocks and is called in a worker thread. :meth:`SmtpSession.close` may be called from another one.
"""

from __future__ import annotations

import smtplib
import ssl
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dragoman.core.errors import InvalidArgument, PermissionDenied
from dragoman.core.paths import expanded
from dragoman.core.safe_text import sentence
from dragoman.providers.mail.hosts import Server
from dragoman.providers.mail.login import Login
from dragoman.providers.mail.smtp_client import SmtpClient
from dragoman.transport.credentials import register_for_redaction
from dragoman.transport.url import is_loopback

NO_ENCRYPTION: Final = "Somebody may be listening: take its port for TLS, usually 465, or ask its administrator."

_QUIT_TIMEOUT: Final = 2.0
_OK: Final = range(200, 300)
_REFUSED: Final = range(400, 600)
_CHALLENGE: Final = 334
_GO_ON: Final = 354
_ACCEPTED: Final = 235
_MECHANISMS: Final = ("PLAIN", "LOGIN")
_BRACKETS: Final = frozenset("<>")
_TOKENS: Final = ("XOAUTH2", "OAUTHBEARER")


class SmtpRefusal(Exception):  # a server's answer, which the caller reads
    """A server said no, and certainly sent nothing.

    Attributes:
        step: What it said no to: ``greeting``, ``starttls``, ``auth``, ``sender``, ``recipient``, ``data``,
            ``content``.
        code: The three digits.
        text: The server's words.
        recipients: Of each recipient that was refused, what the server said.
    """

    def __init__(
        self, step: str, code: int, text: bytes, recipients: Mapping[str, tuple[int, str]] | None = None
    ) -> None:
        self.step, self.code, self.text = step, code, text.decode("utf-8", "replace")
        self.recipients = recipients or {}
        super().__init__(f"{step}: {code} {self.text}")


class LostInDoubtError(Exception):
    """The connection was lost after the end of a mail was sent and before the server said whether it took it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What the server is told beside the mail itself.

    Attributes:
        content: The mail, with CRLF at the end of each line.
        needs_utf8: Does an address need SMTPUTF8.
    """

    sender: str
    recipients: Sequence[str]
    content: bytes = field(repr=False)
    needs_utf8: bool = False


class SmtpSession:
    """A connection, not open before :meth:`open`.

    Args:
        server: Where.
        timeout: Seconds that the server may be silent.
        ca_file: Authorities to trust instead of the usual ones.
    """

    def __init__(self, server: Server, *, timeout: float, ca_file: Path | None = None) -> None:
        self.server = server
        self._timeout = timeout
        self._ca_file = ca_file
        self._smtp: SmtpClient | None = None
        self._is_ended = False

    def open(self, login: Login) -> None:
        """Connect and sign in.

        Raises:
            SmtpRefusal: The server said no.
            DragomanError: There would be no encryption.
            OSError: There is no connection.
        """
        smtp = self._smtp = self._connect()
        self._require(smtp.ehlo(), "greeting")
        if self.server.tls == "starttls":
            if not smtp.has_extn("starttls"):
                raise PermissionDenied(
                    "The server for sending offers no encryption on this port.",
                    hint=NO_ENCRYPTION,
                )
            self._require(smtp.encrypt(), "starttls")
            self._require(smtp.ehlo(), "greeting")
        self._sign_in(smtp, login)

    def send(self, envelope: Envelope) -> str:
        """Send a mail to all recipients or to none.

        Returns:
            What the server says of the mail that it took.

        Raises:
            SmtpRefusal: The server said no; nobody gets anything.
            LostInDoubtError: It is unknown whether the server took it.
            DragomanError: The server cannot take this mail.
            OSError: The connection was lost before the end of the mail was sent; nobody gets anything.
        """
        _require_plain(envelope.sender, *envelope.recipients)
        smtp = self._opened()
        self._require(smtp.mail(envelope.sender, self._options(smtp, envelope)), "sender")
        self._offer_recipients(smtp, envelope.recipients)
        code, text = smtp.docmd("DATA")
        if code != _GO_ON:
            raise SmtpRefusal("data", code, text)
        smtp.send(_dotted(envelope.content))
        try:
            smtp.send(b".\r\n")
            code, text = smtp.getreply()
        except (OSError, smtplib.SMTPException):
            raise LostInDoubtError from None
        if code in _REFUSED:
            raise SmtpRefusal("content", code, text)
        if code not in _OK:  # nothing that the standard knows
            raise LostInDoubtError
        return text.decode("utf-8", "replace")

    def finish(self) -> None:
        """Say goodbye, for as long as the server is quick about it."""
        smtp = self._smtp
        if smtp is not None and smtp.sock is not None:
            with suppress(OSError, smtplib.SMTPException, ValueError):
                smtp.sock.settimeout(_QUIT_TIMEOUT)
                smtp.docmd("QUIT")
        self.close()

    def close(self) -> None:
        """End the connection at once, whatever waits on it, and whatever step of opening it is under way."""
        self._is_ended = True
        if self._smtp is not None:
            self._smtp.end()

    def _opened(self) -> SmtpClient:
        if self._smtp is None or self._is_ended:
            raise OSError("the connection is closed")
        return self._smtp

    def _connect(self) -> SmtpClient:
        host, port = self.server.host, self.server.port
        if self.server.tls == "off" and not is_loopback(host):
            raise PermissionDenied("Without encryption mails are sent on this machine only.", hint="Set `tls`.")
        # A fixed name: the usual one asks DNS for the name of this machine, and tells it to everybody.
        smtp = self._smtp = SmtpClient(self._context, self._timeout, is_encrypted=self.server.tls == "tls")
        if self._is_ended:  # while this thread was on its way here
            smtp.end()
        code, text = smtp.connect(host, port)
        self._require((code, text), "greeting")
        return smtp

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=expanded(self._ca_file) if self._ca_file is not None else None)

    def _require(self, answer: tuple[int, bytes], step: str) -> None:
        code, text = answer
        if code not in _OK:
            raise SmtpRefusal(step, code, text)

    def _sign_in(self, smtp: smtplib.SMTP, login: Login) -> None:
        offered = smtp.esmtp_features.get("auth", "").upper().split()
        wanted = _TOKENS if login.kind == "token" else _MECHANISMS
        mechanism = next((one for one in wanted if one in offered), None)
        if mechanism is None:
            raise SmtpRefusal("auth", 504, b"no way to sign in that both sides know")
        answers = [_base64(one) for one in _credentials(mechanism, login, self.server)]
        for one in answers:
            register_for_redaction(one)
        code, text = smtp.docmd("AUTH", f"{mechanism} {answers[0]}".strip())
        for answer in answers[1:]:
            if code == _CHALLENGE:
                code, text = smtp.docmd(answer)
        if code == _CHALLENGE:  # why a token is refused; the refusal itself follows another answer
            code, text = smtp.docmd(_base64("\x01") if mechanism == "OAUTHBEARER" else "")
        if code != _ACCEPTED:
            raise SmtpRefusal("auth", code, text)

    def _options(self, smtp: smtplib.SMTP, envelope: Envelope) -> list[str]:
        options: list[str] = []
        largest = smtp.esmtp_features.get("size", "")
        size = len(envelope.content)
        if smtp.has_extn("size"):
            options.append(f"SIZE={size}")
        if largest.isdecimal() and 0 < int(largest) < size:
            raise InvalidArgument(
                sentence("This mail has {:.1f} MB, and the server takes {:.1f} MB.", size / 1e6, int(largest) / 1e6),
                hint="Shorten it.",
            )
        if envelope.needs_utf8:
            if not smtp.has_extn("smtputf8"):
                raise InvalidArgument(
                    "The server takes only addresses of ASCII letters, and one of these has others.",
                    hint="Ask the recipient for another address.",
                )
            options += ["SMTPUTF8", "BODY=8BITMIME"]
        return options

    def _offer_recipients(self, smtp: smtplib.SMTP, recipients: Sequence[str]) -> None:
        """Name every recipient; one that is refused lets nobody get the mail."""
        refused: dict[str, tuple[int, str]] = {}
        last = (0, b"")
        for recipient in recipients:
            code, text = smtp.rcpt(recipient)
            if code not in _OK:
                refused[recipient] = code, text.decode("utf-8", "replace")
                last = code, text
        if refused:
            with suppress(OSError, smtplib.SMTPException):
                smtp.rset()
            raise SmtpRefusal("recipient", *last, refused)


def _require_plain(*addresses: str) -> None:
    """Refuse what the library would take for another address, or the server for another command.

    Raises:
        InvalidArgument: An address has brackets or control characters.
    """
    if not all(one.isprintable() and _BRACKETS.isdisjoint(one) for one in addresses):
        raise InvalidArgument("An address has brackets or control characters.", hint="Write it as in ann@example.com.")


def _credentials(mechanism: str, login: Login, server: Server) -> list[str]:
    """What is said to sign in, one answer after the other."""
    if mechanism == "PLAIN":
        return [f"\0{login.user}\0{login.value}"]
    if mechanism == "LOGIN":
        return ["", login.user, login.value]
    if mechanism == "XOAUTH2":
        return [f"user={login.user}\x01auth=Bearer {login.value}\x01\x01"]
    user = login.user.replace("=", "=3D").replace(",", "=2C")
    return [f"n,a={user},\x01host={server.host}\x01port={server.port}\x01auth=Bearer {login.value}\x01\x01"]


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def _dotted(content: bytes) -> bytes:
    """A mail as it stands between DATA and the dot: a line that begins with a dot gets another one."""
    dotted = content.replace(b"\r\n.", b"\r\n..")
    dotted = b"." + dotted if dotted.startswith(b".") else dotted
    return dotted if dotted.endswith(b"\r\n") else dotted + b"\r\n"
