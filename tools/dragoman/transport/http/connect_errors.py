"""Why no connection came about, in words."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, LiteralString, cast

from dragoman.transport.error_mapping import FailureKind

_CERTIFICATE_TIMES: Final = frozenset({9, 10})  # OpenSSL: not yet valid, expired


@dataclass(frozen=True, slots=True)
class Reason:
    """A cause and what to say; the words may name ``{service}`` and ``{host}``."""

    trouble: FailureKind
    message: LiteralString
    hint: LiteralString


_SLOW: Final = Reason("timeout", "No connection to {host} came about in time", "Check the network and `base_url`.")
_OTHER: Final = Reason("refused", "No connection to {host} is possible", "Check the network and `base_url`.")
_CLOCK: Final = Reason(
    "tls",
    "The certificate of {host} is not valid at the time that this machine's clock shows",
    "Check the clock; if it is right, the service has to renew its certificate.",
)
_KNOWN: Final[tuple[tuple[type[BaseException], Reason], ...]] = (
    (
        ssl.SSLCertVerificationError,
        Reason(
            "tls",
            "The certificate of {host} is not trusted, or is for another name",
            "Check `base_url`; for a private authority set `ca_file`.",
        ),
    ),
    (
        ssl.SSLError,
        Reason("tls", "No secure connection to {host} is possible", "Check that `base_url` names a TLS service."),
    ),
    (
        socket.gaierror,
        Reason("unresolvable", "The host name {host} cannot be found", "Check `base_url` and the network."),
    ),
    (
        ConnectionRefusedError,
        Reason("refused", "{service} refuses connections at {host}", "Check `base_url`, or try again later."),
    ),
)


def reason_of(failure: BaseException | None) -> Reason:
    """Why a connection failed; ``None`` stands for one that took too long."""
    if failure is None:
        return _SLOW
    # httpx wraps what the system said, several layers deep.
    for cause in _causes(failure):
        if isinstance(cause, ssl.SSLCertVerificationError) and cause.verify_code in _CERTIFICATE_TIMES:
            return _CLOCK
        found = next((reason for kind, reason in _KNOWN if isinstance(cause, kind)), None)
        if found is not None:
            return found
    return _OTHER


def _causes(failure: BaseException) -> Iterator[BaseException]:
    """A failure, what led to it and the members of groups, each once."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [failure]
    while waiting:
        one = waiting.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, BaseExceptionGroup):
            waiting.extend(cast("BaseExceptionGroup[BaseException]", one).exceptions)
        # anyio tries addresses side by side and groups their failures.
        waiting += [one.__cause__, one.__context__]
