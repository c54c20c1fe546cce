"""What is wrong with the certificate of a mail server, and what to do."""

from __future__ import annotations

import ssl
from typing import Final, Literal, LiteralString

from dragoman.core.errors import Unavailable
from dragoman.core.safe_text import sentence
from dragoman.providers.mail.hosts import Server

_RETRY_AFTER: Final = 30.0
_ADMINISTRATOR: Final = "Ask the administrator of the server for another certificate."
_IP_MISMATCH: Final = 64
_HOST_MISMATCH: Final = 62
_HINTS: Final[dict[int, dict[str, LiteralString]]] = {
    9: dict.fromkeys(("imap", "smtp"), "Check the clock of this machine, or ask the administrator of the server."),
    10: dict.fromkeys(("imap", "smtp"), _ADMINISTRATOR),
    _HOST_MISMATCH: {
        "imap": "Set `imap` to the name that the certificate is made for, or ask the administrator of the server.",
        "smtp": "Set `smtp` to the name that the certificate is made for, or ask the administrator of the server.",
    },
}  # the numbers of OpenSSL: X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED
_OTHERS: Final[dict[str, LiteralString]] = {
    "imap": "Check the host in `imap`; for an authority of your own set `ca_file`.",
    "smtp": "Check the host in `smtp`; for an authority of your own set `ca_file`.",
}


def error_of_certificate(
    failure: ssl.SSLCertVerificationError, server: Server, setting: Literal["imap", "smtp"]
) -> Unavailable:
    """The error for a certificate that was not accepted; nothing was said on that connection.

    Args:
        failure: Why.
        server: Whose certificate it is.
        setting: Where the host is set.
    """
    number = _HOST_MISMATCH if failure.verify_code == _IP_MISMATCH else failure.verify_code
    said = sentence("The certificate of {} is not good: {}.", server.host, failure.verify_message.rstrip("."))
    return Unavailable(said, hint=_HINTS.get(number, _OTHERS)[setting], retry_after=_RETRY_AFTER)
