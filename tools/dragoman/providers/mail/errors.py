"""What the failures of a mail server mean to people."""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from typing import Final, LiteralString

from dragoman.core.errors import (
    BadResponse,
    Conflict,
    DeadlineExceeded,
    DragomanError,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from dragoman.core.safe_text import SafeText, safe, sentence
from dragoman.providers.mail.folders import FolderGoneError
from dragoman.providers.mail.hosts import Server
from dragoman.providers.mail.login import Login
from dragoman.providers.mail.tls_errors import error_of_certificate
from dragoman.transport.credentials import redact

LOOK: Final = "Look with list_messages or get_message whether it happened before doing it again."

_CODE: Final = re.compile(r"\[([A-Z][A-Z-]*)[^\]\n]{0,200}\]\s*([^\n]{0,300})")
_ALERT: Final = re.compile(r"\[ALERT\]\s*([^\n]{1,300})")
_PASSWORD_HINT: Final = (
    "Check `user` and `password`; Gmail, iCloud, Yahoo and Fastmail want an app password, Outlook wants OAuth."  # noqa: S105 - a sentence
)
# Microsoft refuses passwords with 5.7.139 where only OAuth is allowed.
_BASIC: Final = re.compile(r"basic auth|5\.7\.139|authentication is disabled", re.IGNORECASE)
_BUSY: Final = re.compile(r"too many|simultaneous|connection limit|maximum number", re.IGNORECASE)
_ABSENT: Final = re.compile(r"doesn't exist|does not exist|no such (?:mailbox|folder)|unknown mailbox", re.IGNORECASE)
_SLOW: Final = re.compile(r"authenticated but not connected|throttl|rate limit", re.IGNORECASE)

_KINDS: Final[dict[str, tuple[type[DragomanError], LiteralString, LiteralString, float | None]]] = {
    "AUTHENTICATIONFAILED": (Unauthenticated, "{} does not accept the login.", _PASSWORD_HINT, None),
    "AUTHORIZATIONFAILED": (PermissionDenied, "{} does not let this user in.", "Check `user`.", None),
    "EXPIRED": (Unauthenticated, "The password or token for {} has expired.", "Make a new one.", None),
    "PRIVACYREQUIRED": (PermissionDenied, "{} wants an encrypted connection.", "Take its port for TLS.", None),
    "CONTACTADMIN": (PermissionDenied, "{} refuses this mailbox.", "Ask its administrator.", None),
    "NOPERM": (PermissionDenied, "{} does not allow this.", "Ask its administrator for the right.", None),
    "CANNOT": (PermissionDenied, "{} cannot do this.", "Do it in a mail program.", None),
    "UNAVAILABLE": (Unavailable, "{} is not working now.", "Try again later.", 30),
    "SERVERBUG": (Unavailable, "{} has failed.", "Try again later.", 30),
    "INUSE": (Unavailable, "{} has the mailbox open elsewhere.", "Close other programs, or try again later.", 30),
    "CORRUPTION": (Unavailable, "{} has a damaged mailbox.", "Ask its administrator.", None),
    "THROTTLED": (RateLimited, "{} asks for fewer requests.", "Wait a minute.", 60),
    "LIMIT": (RateLimited, "{} has a limit that is reached.", "Wait a minute.", 60),
    "OVERQUOTA": (Conflict, "The mailbox on {} is full.", "Delete something, or ask for more room.", None),
    "NONEXISTENT": (FolderGoneError, "{} has no such folder.", "Check `folders` of the account.", None),
    "TRYCREATE": (FolderGoneError, "{} has no such folder.", "Check `folders` of the account.", None),
    "ALREADYEXISTS": (Conflict, "{} has such a folder already.", "Take another name.", None),
}


def map_error(
    failure: BaseException, server: Server, told: str, *, writing: bool, signing_in: Login | None
) -> DragomanError:
    """The error of ours for a failure.

    Args:
        failure: What was raised.
        server: Which server it was.
        told: What the server had said beside its answers.
        writing: Something may have been changed by what failed.
        signing_in: The login, when it failed before that was accepted.
    """
    if isinstance(failure, DragomanError):
        return failure
    text = redact(f"{failure}\n{told}")
    # The library aborts both when a connection ends and when it cannot parse a line. Only its words tell which.
    if isinstance(failure, imaplib.IMAP4.abort) and "unexpected" in str(failure):
        return _of_nonsense(server)
    broken = isinstance(failure, imaplib.IMAP4.abort | OSError) or "* BYE" in str(failure)[:10]
    if broken and _code_in(str(failure)) not in _KINDS:
        return _of_connection(failure, server, text, writing=writing and signing_in is None)
    if isinstance(failure, imaplib.IMAP4.error):
        return _of_answer(server, text, str(failure), signing_in=signing_in)
    return _of_nonsense(server)


def _of_nonsense(server: Server) -> BadResponse:
    return BadResponse(sentence("{} answered something that makes no sense.", server.host), hint="Try again later.")


def is_lost(failure: BaseException) -> bool:
    """Whether the connection is of no use any more, and another one may work."""
    return isinstance(failure, imaplib.IMAP4.abort | ConnectionError | ssl.SSLEOFError) or not isinstance(
        failure, DragomanError | OSError | imaplib.IMAP4.error
    )


def _of_connection(failure: BaseException, server: Server, text: str, *, writing: bool) -> DragomanError:
    host = server.host
    if writing:
        return OutcomeUnknown(sentence("The connection to {} broke off in between.", host), hint=LOOK)
    if isinstance(failure, TimeoutError):
        return DeadlineExceeded(sentence("{} did not answer in time.", host), hint="Try again later.")
    found = _of_trouble(failure, server) or _of_load(server, text)
    if found is not None:
        return found
    said = sentence("The connection to {} broke off.{}", host, _alert(text))
    return Unavailable(said, hint="Try again later.", retry_after=30)


def _of_trouble(failure: BaseException, server: Server) -> DragomanError | None:
    """Why no connection can be made."""
    if isinstance(failure, ssl.SSLCertVerificationError):
        return error_of_certificate(failure, server, "imap")
    if isinstance(failure, socket.gaierror):
        return Unavailable(sentence("There is no host {}.", server.host), hint="Check `imap` of the account.")
    if isinstance(failure, ConnectionRefusedError):
        said = sentence("Nothing answers at {} on port {}.", server.host, server.port)
        return Unavailable(said, hint="Check `imap` of the account, or try again later.")
    if isinstance(failure, ssl.SSLError) and not isinstance(failure, ssl.SSLEOFError):
        said = sentence("{} speaks no TLS on port {}.", server.host, server.port)
        return Unavailable(said, hint='The port for TLS is usually 993; 143 wants tls = "starttls".')
    return None


def _of_load(server: Server, text: str) -> DragomanError | None:
    """Whether the server says in plain words that it has too much to do."""
    if _SLOW.search(text):
        return RateLimited(sentence("{} asks for fewer requests.", server.host), hint="Wait a minute.", retry_after=60)
    if _BUSY.search(text):
        said = sentence("{} has too many connections of this mailbox.", server.host)
        return Unavailable(said, hint="Close other mail programs, or try again later.", retry_after=30)
    return None


def _of_answer(server: Server, text: str, answer: str, *, signing_in: Login | None) -> DragomanError:
    alert, code = _alert(text), _code_in(answer)
    if code in _KINDS:
        kind, template, hint, after = _KINDS[code]
        if code == "AUTHENTICATIONFAILED" and signing_in is not None:
            hint = _login_hint(answer, signing_in)
        return kind(sentence("{}{}", sentence(template, server.host), alert), hint=hint, retry_after=after)
    found = _of_load(server, answer)
    if found is not None:
        return found
    if signing_in is not None:
        return Unauthenticated(
            sentence("{} does not accept the login.{}", server.host, alert), hint=_login_hint(answer, signing_in)
        )
    if _ABSENT.search(answer):
        return FolderGoneError(sentence("{} has no such folder.", server.host), hint="Check `folders` of the account.")
    if "BAD" in answer[:60]:
        said = sentence("{} does not understand the request.{}", server.host, alert)
        return BadResponse(said, hint="Try again later.")
    said = sentence("{} refused: {}.{}", server.host, _words(answer), alert)
    return Unavailable(said, hint="Try again later.", retry_after=30)


def _login_hint(answer: str, login: Login) -> LiteralString:
    if login.kind == "token":
        return "Make a new token, or sign in again."
    return "Sign in with OAuth instead of a password." if _BASIC.search(answer) else _PASSWORD_HINT


def _code_in(text: str) -> str:
    found = _CODE.search(text)
    return found[1] if found and found[1] != "ALERT" else ""


def _words(answer: str) -> SafeText:
    """What the server said after the name of the command."""
    found = _CODE.search(answer)
    words = (found[2] if found else answer.rpartition("failed:")[2]).strip().rstrip(".")
    return sentence("{!r}", words or "no reason given")


def _alert(text: str) -> SafeText:
    """What the server wants its user to be shown."""
    found = _ALERT.search(text)
    return safe("") if found is None else sentence(" It says: {:300}", found[1].strip())
