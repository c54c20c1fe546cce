"""The error policy of HTTP: maps each failure to an error, and decides whether a retry can do harm.

A write is repeated only when the service certainly did not act: no connection, 429, or 503 with a time to
come back, which some writes do not trust (``once``). Every other doubt about a write ends as ``OutcomeUnknown``.
"""

from __future__ import annotations

from collections.abc import Mapping
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
)
from dragoman.core.safe_text import SafeText, Sentence, sentence, unquoted
from dragoman.transport.error_mapping import ServiceFailure, ServiceProfile, error_for, is_markup
from dragoman.transport.http.connect_errors import reason_of
from dragoman.transport.http.request import HttpRequest, RawResponse, invalid_response, parse_json, request_id_of
from dragoman.transport.retry import FailedAttempt, Repeat

TOO_MANY: Final = 429
UNAUTHENTICATED: Final = 401
_UNAVAILABLE: Final = 503
_TIMED_OUT: Final = 408
_SERVER_SIDE: Final = range(500, 600)
_MOVED_UNDONE: Final = frozenset({307, 308})  # these promise that nothing was done

_ERRORS: Final[Mapping[int, type[DragomanError]]] = {
    400: InvalidArgument,
    401: Unauthenticated,
    402: PermissionDenied,
    403: PermissionDenied,
    404: NotFound,
    408: DeadlineExceeded,
    409: Conflict,
    410: NotFound,
    413: InvalidArgument,
    422: InvalidArgument,
    429: RateLimited,
}
_WORDS: Final[Mapping[int, tuple[LiteralString, LiteralString]]] = {
    402: ("{service} wants to be paid: its credits are used up", "Buy credits or wait until they are renewed."),
    413: ("{service} says that this is too large", "Send less at once."),
}


def status_error(call: HttpRequest, profile: ServiceProfile, raw: RawResponse, pause: float | None) -> FailedAttempt:
    """An answer with a status that is no success; ``pause`` is how many seconds the service asks to wait."""
    status, text = raw.status, raw.body.decode("utf-8", "replace")
    body = _json_or_none(raw.body)
    refusal = ServiceFailure(
        kind=call.kind,
        operation=call.operation,
        status=status,
        body=body,
        text="" if is_markup(text) else text,
        headers=raw.headers,
    )
    error_type = _ERRORS.get(status, Unavailable if status in _SERVER_SIDE else BadResponse)
    repeat = _repeat(call, profile, raw, pause)
    # Retrying by hand would be as wrong as retrying here, so no time to wait is told.
    if call.kind == "write" and _uncertain(call, status, pause):
        error_type, pause = OutcomeUnknown, None
    message, hint = _WORDS.get(status, ("", ""))
    error = error_for(
        error_type,
        refusal,
        profile,
        message=message,
        hint=hint,
        request_id=request_id_of(profile, raw.headers, body),
        retry_after=pause,
    )
    return FailedAttempt(error, repeat, pause)


def redirect_refused(call: HttpRequest, profile: ServiceProfile, raw: RawResponse, message: Sentence) -> FailedAttempt:
    """A redirect that is not followed."""
    refusal = ServiceFailure(kind=call.kind, operation=call.operation, status=raw.status, headers=raw.headers)
    # Other redirects may come after the service has acted, as a form on a web page does.
    certain = call.kind == "read" or raw.status in _MOVED_UNDONE
    return FailedAttempt(
        error_for(
            BadResponse if certain else OutcomeUnknown,
            refusal,
            profile,
            message=message if certain else "",
            hint="Check `base_url` of this account." if certain else "",
            request_id=request_id_of(profile, raw.headers),
        )
    )


def unreadable(call: HttpRequest, profile: ServiceProfile, message: Sentence, request_id: str = "") -> FailedAttempt:
    """A 2xx answer that cannot be used: worth one more try for a read."""
    error = invalid_response(call, profile, message, request_id=request_id)
    # A body that was cut off may be whole next time; a form that is unknown will stay so.
    return FailedAttempt(error, "once" if call.kind == "read" else "never")


def connect_failed(
    call: HttpRequest, profile: ServiceProfile, host: str, failure: BaseException | None
) -> FailedAttempt:
    """No connection came about, so nothing was sent. ``failure`` is ``None`` when it took too long."""
    reason = reason_of(failure)
    refusal = ServiceFailure(kind=call.kind, operation=call.operation, trouble=reason.trouble)
    message = SafeText(reason.message.replace("{host}", unquoted(host)))
    error = error_for(Unavailable, refusal, profile, message=message, hint=reason.hint)
    # A bad certificate does not get better within seconds.
    return FailedAttempt(error, "never" if reason.trouble == "tls" else "yes")


def connection_broken(call: HttpRequest, profile: ServiceProfile) -> FailedAttempt:
    """The connection broke after the request may have gone out."""
    refusal = ServiceFailure(kind=call.kind, operation=call.operation, trouble="reset")
    if call.kind == "write":
        return FailedAttempt(error_for(OutcomeUnknown, refusal, profile, message=f"The connection broke. {_UNKNOWN}"))
    message = "The connection to {service} broke before its answer was complete"
    return FailedAttempt(error_for(Unavailable, refusal, profile, message=message), "yes")


def too_slow(call: HttpRequest, profile: ServiceProfile, seconds: float) -> FailedAttempt:
    """The request went out and no answer came in time."""
    refusal = ServiceFailure(kind=call.kind, operation=call.operation, trouble="timeout")
    if call.kind == "write":
        return FailedAttempt(error_for(OutcomeUnknown, refusal, profile, message=f"No answer came in time. {_UNKNOWN}"))
    message = sentence("{{service}} did not answer within {:g} seconds", seconds)
    # A slow service is not helped by more calls.
    return FailedAttempt(error_for(DeadlineExceeded, refusal, profile, message=message), "once")


def stalled(call: HttpRequest, profile: ServiceProfile) -> DragomanError:
    """An answer that had begun did not go on, or not to its end, in time."""
    refusal = ServiceFailure(kind=call.kind, operation=call.operation, trouble="timeout")
    message = "The answer of {service} was not complete in time"
    if call.kind == "write":
        return error_for(OutcomeUnknown, refusal, profile, message=f"{message}. {_UNKNOWN}")
    return error_for(DeadlineExceeded, refusal, profile, message=message)


_UNKNOWN: Final = "It is unknown whether {service} did this"


def _uncertain(call: HttpRequest, status: int, pause: float | None) -> bool:
    if status in _SERVER_SIDE:
        return not _put_off(call, status, pause)
    # Other 4xx refuse a call before anything was done.
    return status == _TIMED_OUT or status not in range(400, 500)


def _repeat(call: HttpRequest, profile: ServiceProfile, raw: RawResponse, pause: float | None) -> Repeat:
    asked = raw.headers.get("x-should-retry", "").strip().lower()
    # Some gateways know better than the status does.
    if asked == "false":
        return "never"
    if call.kind == "read":
        return "yes" if asked == "true" or raw.status in profile.retry_on else "never"
    certain = raw.status == TOO_MANY or _put_off(call, raw.status, pause)
    return "yes" if certain else "never"


def _put_off(call: HttpRequest, status: int, pause: float | None) -> bool:
    """Whether a write was not taken because the service was busy, and said when to come back."""
    return status == _UNAVAILABLE and pause is not None and not call.once


def _json_or_none(body: bytes) -> object:
    try:
        return parse_json(body)
    except ValueError:
        return None
