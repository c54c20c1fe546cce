"""Everything that can go wrong between here and Slack, and what each has to become."""

import httpx
from fault_matrix import both, doubtful, http_faults

from dragoman.core.errors import (
    Conflict,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
)


def told(error, status=200, headers=None, **members):
    return lambda: httpx.Response(status, json={"ok": False, "error": error, **members}, headers=headers)


FAULTS = {
    **http_faults(4),
    "invalid_auth": both(told("invalid_auth"), Unauthenticated),
    "token_revoked": both(told("token_revoked"), Unauthenticated),
    "missing_scope": both(told("missing_scope", needed="chat:write", provided="x"), PermissionDenied),
    "channel_not_found": both(told("channel_not_found"), NotFound),
    "streaming": both(told("streaming_state_conflict"), Conflict),
    "no_text": both(told("no_text"), InvalidArgument),
    "unnamed": doubtful(lambda: httpx.Response(200, json={"ok": False}), Unavailable, 4),
    "unheard of": both(told("flux_capacitor_drained"), InvalidArgument),
    "ratelimited": both(told("ratelimited", 429, {"retry-after": "2"}), RateLimited, 4),
    "ratelimited 200": both(told("ratelimited"), RateLimited, 4),
    "ratelimited long": both(told("ratelimited", 429, {"retry-after": "900"}), RateLimited),
    "plan": both(told("message_limit_exceeded"), RateLimited),
    "timeout": both(told("request_timeout"), Unavailable, 4),
    "internal_error": doubtful(told("internal_error"), Unavailable, 4),
    "fatal_error": doubtful(told("fatal_error"), Unavailable, 4),
    "service_unavailable": doubtful(told("service_unavailable"), Unavailable, 4),
    "500": doubtful(lambda: httpx.Response(500), Unavailable, 4),
    "503": doubtful(told("service_unavailable", 503), Unavailable, 4),
}

UNCERTAIN = ["500", "502 page", "503", "reset", "slow", "cut body", "no JSON", "page", "empty", "internal_error"]
CERTAIN = ["ratelimited", "ratelimited 200", "timeout", "refused"]
