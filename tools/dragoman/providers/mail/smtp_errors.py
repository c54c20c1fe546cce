"""What the refusals of a server for sending mean to people."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from typing import Final, LiteralString

from dragoman.core.errors import (
    BadResponse,
    Conflict,
    DeadlineExceeded,
    DragomanError,
    InvalidArgument,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from dragoman.core.safe_text import SafeText, join, safe, sentence
from dragoman.providers.mail.hosts import Server
from dragoman.providers.mail.smtp_session import NO_ENCRYPTION, SmtpRefusal
from dragoman.providers.mail.tls_errors import error_of_certificate
from dragoman.transport.error_mapping import quoted

_ENHANCED: Final = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_BASIC: Final = re.compile(r"basic auth|5\.7\.139|authentication is disabled|SmtpClientAuthentication", re.IGNORECASE)
_SENDER: Final = re.compile(r"sender address rejected|not owned by|send as|sender verify failed", re.IGNORECASE)
_LATER: Final = 300.0  # seconds; what greylisting asks for
_BUSY: Final = 60.0
_NO_ADDRESS: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.4.1", "5.1.6", "5.1.10"})
_NO_SENDER: Final = frozenset({"5.7.60", "5.1.7", "5.1.8"})
_FULL: Final = frozenset({"4.2.2", "5.2.2"})
_TOO_LARGE: Final = frozenset({"5.3.4", "5.2.3"})
_NOBODY: Final = "Nobody got anything."
_PASSWORDS: Final = (
    "Check `user` and `password`; Gmail, iCloud, Yahoo and Fastmail want an app password, Outlook OAuth."  # a sentence
)


def error_of_refusal(refusal: SmtpRefusal, server: Server) -> DragomanError:
    """The error for what a server said no to; nothing was sent."""
    if refusal.code not in range(400, 600):
        return error_of_failure(ValueError(), server)
    if refusal.step == "auth":
        return _of_login(refusal, server)
    if refusal.step == "starttls":
        return PermissionDenied(
            sentence("{} gives no encryption on this port{}", server.host, quoted(refusal.text)), hint=NO_ENCRYPTION
        )
    if refusal.step == "greeting" and refusal.code >= 500:  # noqa: PLR2004  # RFC 5321: for good
        return PermissionDenied(
            sentence(
                "{} takes no connections from this network{} {}", server.host, quoted(refusal.text), safe(_NOBODY)
            ),
            hint="Send from another network, or set `smtp` to the server that your mail service names for sending.",
        )
    if refusal.recipients and not all(_is_of_sender(text) for _, text in refusal.recipients.values()):
        return _of_recipients(refusal, server)
    return _of_mail(refusal, server)


def _of_mail(refusal: SmtpRefusal, server: Server) -> DragomanError:
    """Why a mail was refused as a whole."""
    enhanced = _enhanced(refusal.text)
    said = quoted(refusal.text)
    if refusal.code in range(400, 500):
        return _for_now(refusal, server, said)
    if enhanced in _TOO_LARGE or refusal.code == 552:  # noqa: PLR2004  # RFC 5321: too much
        return InvalidArgument(sentence("This mail is too large for {}{}", server.host, said), hint="Shorten it.")
    if refusal.step == "sender" or _is_of_sender(refusal.text):
        return PermissionDenied(
            sentence("{} does not let this account send as that address{}", server.host, said),
            hint="Set `address` and `aliases` to addresses that this login may send as.",
        )
    return PermissionDenied(
        sentence("{} refuses this mail{} {}", server.host, said, safe(_NOBODY)),
        hint="Change the text, or ask its operators.",
    )


def error_of_failure(failure: BaseException, server: Server) -> DragomanError:
    """The error for a connection that did not come about, or was lost before a mail was sent."""
    host = server.host
    words: tuple[type[DragomanError], SafeText, LiteralString]
    if isinstance(failure, ssl.SSLCertVerificationError):
        return error_of_certificate(failure, server, "smtp")
    if isinstance(failure, ssl.SSLError) and not isinstance(failure, ssl.SSLEOFError):
        said = sentence("{} speaks no TLS on port {}.", host, server.port)
        words = (Unavailable, said, 'The port for TLS is usually 465; 587 wants tls = "starttls".')
    elif isinstance(failure, socket.gaierror):
        words = (Unavailable, sentence("There is no host {}.", host), "Check `smtp` of the account.")
    elif isinstance(failure, ConnectionRefusedError):
        said = sentence("Nothing answers at {} on port {}.", host, server.port)
        words = (Unavailable, said, "Check `smtp` of the account, or try again later.")
    elif isinstance(failure, TimeoutError) or isinstance(failure.__context__, TimeoutError):  # the library hides it
        words = (DeadlineExceeded, sentence("{} did not answer in time. {}", host, safe(_NOBODY)), "Try again later.")
    elif isinstance(failure, smtplib.SMTPException | ValueError) and not isinstance(
        failure, smtplib.SMTPServerDisconnected
    ):
        said = sentence("{} answered something that makes no sense. {}", host, safe(_NOBODY))
        words = (BadResponse, said, "Check `smtp` of the account.")
    else:
        said = sentence("The connection to {} broke off. {}", host, safe(_NOBODY))
        words = (Unavailable, said, "Try again later.")
    kind, said, hint = words
    return kind(said, hint=hint, retry_after=30 if kind is Unavailable else None)


def _for_now(refusal: SmtpRefusal, server: Server, said: SafeText) -> DragomanError:
    enhanced = _enhanced(refusal.text)
    if enhanced in _FULL:
        return Conflict(sentence("A mailbox is full{}", said), hint="Write to somebody else, or later.")
    if enhanced.startswith("4.7"):
        return RateLimited(
            sentence("{} asks for patience{}", server.host, said), hint="Try again later.", retry_after=_BUSY
        )
    what = safe("no connections") if refusal.step == "greeting" else safe("not this mail")
    return Unavailable(
        sentence("{} takes {} now{}", server.host, what, said),
        hint="Try again in five minutes.",
        retry_after=_LATER,
    )


def _of_login(refusal: SmtpRefusal, server: Server) -> DragomanError:
    said = quoted(refusal.text)
    if refusal.code in range(400, 500):
        return Unavailable(
            sentence("{} lets nobody sign in now{}", server.host, said), hint="Try again later.", retry_after=_BUSY
        )
    if _BASIC.search(refusal.text):
        return Unauthenticated(
            sentence("{} takes no passwords for sending{}", server.host, said),
            hint="Set `oauth` and run `dragoman login`, or have SMTP AUTH allowed for the mailbox.",
        )
    return Unauthenticated(sentence("{} does not accept the login for sending{}", server.host, said), hint=_PASSWORDS)


def _of_recipients(refusal: SmtpRefusal, server: Server) -> DragomanError:
    """Who was refused and why; the others got nothing either."""
    named = join(sentence("{}{}", one, quoted(text)) for one, (_, text) in list(refusal.recipients.items())[:5])
    message = sentence("{} refuses a recipient: {} {}", server.host, named, safe(_NOBODY))
    codes = [code for code, _ in refusal.recipients.values()]
    enhanced = {_enhanced(text) for _, text in refusal.recipients.values()}
    if all(code in range(400, 500) for code in codes):
        return Unavailable(message, hint="Try again in five minutes.", retry_after=_LATER)
    if enhanced & _FULL:
        return Conflict(message, hint="That mailbox is full: leave it out, or write later.")
    if enhanced & _NO_ADDRESS or not enhanced - {""}:
        return InvalidArgument(message, hint="Correct or leave out that address.")
    return PermissionDenied(message, hint="Leave that address out, or ask the operators of the server.")


def _is_of_sender(text: str) -> bool:
    """Whether the sender is refused. Some servers say so only when they get a recipient."""
    return _SENDER.search(text) is not None or _enhanced(text) in _NO_SENDER


def _enhanced(text: str) -> str:
    found = _ENHANCED.search(text)
    return found[1] if found else ""
