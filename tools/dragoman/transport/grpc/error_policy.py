"""The error policy of gRPC: maps each status to an error, and decides whether a retry can do harm.

A write is repeated only when the service certainly did not act: no connection came about, or the service
itself said RESOURCE_EXHAUSTED. Every other doubt about a write ends as ``OutcomeUnknown``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, LiteralString

from dragoman.core.errors import (
    BadResponse,
    Conflict,
    DeadlineExceeded,
    DragomanError,
    InvalidArgument,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
    UnsupportedOperation,
)
from dragoman.core.safe_text import SafeText, unquoted
from dragoman.transport.error_mapping import FailureKind, Kind, ServiceFailure, ServiceProfile, error_for
from dragoman.transport.grpc.status_details import Details
from dragoman.transport.retry import FailedAttempt, Repeat

_ERRORS: Final[Mapping[str, type[DragomanError]]] = {
    "CANCELLED": Unavailable,
    "UNKNOWN": Unavailable,
    "INVALID_ARGUMENT": InvalidArgument,
    "DEADLINE_EXCEEDED": DeadlineExceeded,
    "NOT_FOUND": NotFound,
    "ALREADY_EXISTS": Conflict,
    "PERMISSION_DENIED": PermissionDenied,
    "RESOURCE_EXHAUSTED": RateLimited,
    "FAILED_PRECONDITION": Conflict,
    "ABORTED": Conflict,
    "OUT_OF_RANGE": InvalidArgument,
    "UNIMPLEMENTED": UnsupportedOperation,
    "INTERNAL": Unavailable,
    "UNAVAILABLE": Unavailable,
    "DATA_LOSS": BadResponse,
    "UNAUTHENTICATED": Unauthenticated,
}
_DOUBTFUL: Final = frozenset({"CANCELLED", "UNKNOWN", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"})
_REPEATS: Final[Mapping[str, Repeat]] = {
    "UNAVAILABLE": "yes",
    "RESOURCE_EXHAUSTED": "yes",
    "DEADLINE_EXCEEDED": "once",
}

# Sentences of grpcio for what never left this machine (1.71 to 1.85); nothing else tells its reason.
_UNSENT: Final = ("failed to connect to all addresses", "errors resolving ", "dns resolution failed")
_UNRESOLVED: Final = ("errors resolving ", "dns resolution failed", "domain name not found", "name or service not")
_OUTDATED: Final = ("certificate has expired", "certificate is not yet valid")
_TOO_LARGE: Final = "larger than max"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrpcFailure:
    """A call that ended with a status other than OK.

    Attributes:
        text: The message of the status.
        connected: Whether there was a connection before or after the call.
        pending: Whether the call ended while a connection was still being made.
    """

    code: str
    text: str = ""
    details: Details | None = None
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    request_id: str = ""
    connected: bool = True
    pending: bool = False


class FailedCallError(Exception):
    """A call that ended with a status other than OK."""

    def __init__(self, failure: GrpcFailure) -> None:
        super().__init__(failure.code)
        self.failure = failure


def status_error(
    kind: Kind, operation: str, profile: ServiceProfile, failure: GrpcFailure, target: str
) -> FailedAttempt:
    """Map a failed call to its error and retry."""
    # A proxy may forward such words of its own upstream; only without a connection nothing was sent.
    if not failure.connected and (failure.pending or failure.text.lower().startswith(_UNSENT)):
        return _connect_failed(kind, operation, profile, failure, target)
    # gRPC uses the code of a used-up quota for a message beyond its own bound, too.
    if failure.code == "RESOURCE_EXHAUSTED" and failure.details is None and _TOO_LARGE in failure.text:
        return _too_large(kind, operation, profile, failure)
    error_type = _ERRORS.get(failure.code, BadResponse)
    repeat: Repeat = _REPEATS.get(failure.code, "never")
    # A delay beside an error that is not repeated would promise too much.
    pause = failure.details.retry_delay if failure.details and repeat == "yes" else None
    message: LiteralString = ""
    if failure.code == "DEADLINE_EXCEEDED" and kind == "write":
        message = "No answer came in time. It is unknown whether {service} did this"
    # A code that nobody knows may stand for a write that was carried out.
    if kind == "write" and (failure.code in _DOUBTFUL or failure.code not in _ERRORS):
        error_type, repeat, pause = OutcomeUnknown, "never", None
    trouble: FailureKind = "timeout" if failure.code == "DEADLINE_EXCEEDED" else ""
    refusal = _refusal(kind, operation, failure, trouble)
    return FailedAttempt(
        error_for(error_type, refusal, profile, message=message, request_id=failure.request_id, retry_after=pause),
        repeat,
        pause,
    )


def invalid_response(kind: Kind, operation: str, profile: ServiceProfile) -> FailedAttempt:
    """An answer that is no message of the expected type."""
    refusal = ServiceFailure(kind=kind, operation=operation, code="OK")
    if kind == "read":
        return FailedAttempt(error_for(BadResponse, refusal, profile), "once")
    message = "The answer of {service} is unreadable. It probably did what was asked; the outcome is unknown"
    return FailedAttempt(error_for(OutcomeUnknown, refusal, profile, message=message))


def _connect_failed(
    kind: Kind, operation: str, profile: ServiceProfile, failure: GrpcFailure, target: str
) -> FailedAttempt:
    trouble, message, hint = _why(failure.text.lower(), pending=failure.pending)
    refusal = _refusal(kind, operation, failure, trouble)
    error = error_for(
        Unavailable, refusal, profile, message=SafeText(message.replace("{target}", unquoted(target))), hint=hint
    )
    # A certificate does not get better within seconds.
    return FailedAttempt(error, "never" if trouble == "tls" else "yes")


def _too_large(kind: Kind, operation: str, profile: ServiceProfile, failure: GrpcFailure) -> FailedAttempt:
    """Made by gRPC itself, so it is no quota, and trying again would not help."""
    refusal = _refusal(kind, operation, failure, "")
    # What was sent is too large, not what came.
    if "SERVER:" in failure.text or "Sent message" in failure.text:
        return FailedAttempt(error_for(InvalidArgument, refusal, profile, message="This is too large for {service}"))
    error_type = BadResponse if kind == "read" else OutcomeUnknown
    message = "The answer of {service} is larger than can be taken"
    if kind == "write":
        message += ". It probably did what was asked; the outcome is unknown"
    return FailedAttempt(error_for(error_type, refusal, profile, message=message, hint="Ask for less at once."))


def _why(text: str, *, pending: bool) -> tuple[FailureKind, LiteralString, LiteralString]:
    """Kind, sentence and hint for a connection that did not come about."""
    if any(words in text for words in _UNRESOLVED):
        return "unresolvable", "The host name of {target} cannot be found", "Check `target` and the network."
    if any(words in text for words in _OUTDATED):
        message = "The certificate of {target} is not valid at the time that this machine's clock shows"
        return "tls", message, "Check the clock; if it is right, the service has to renew its certificate."
    if "handshake failed" in text:
        message = "No secure connection to {target} is possible"
        return "tls", message, "Check `target`; for a private authority set `ca_file`."
    if "refused" in text or not pending:
        return "refused", "{service} refuses connections at {target}", "Check `target`, or try again later."
    return "timeout", "No connection to {target} came about in time", "Check the network and `target`."


def _refusal(kind: Kind, operation: str, failure: GrpcFailure, trouble: FailureKind) -> ServiceFailure:
    return ServiceFailure(
        kind=kind,
        operation=operation,
        code=failure.code,
        body=failure.details,
        text=failure.text,
        headers=failure.metadata,
        trouble=trouble,
    )
