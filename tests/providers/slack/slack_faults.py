"""Everything that can go wrong between here and Slack, and what each has to become."""

from dataclasses import dataclass

import httpx

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

PAGE = "<!doctype html><html><head><title>502</title></head><body><h1>Bad gateway</h1></body></html>"
ELSEWHERE = {"location": "https://evil.example/x"}


def failing(error):
    def act():
        raise error

    return act


def told(error, status=200, headers=None, **members):
    return lambda: httpx.Response(status, json={"ok": False, "error": error, **members}, headers=headers)


def cut():
    async def body():
        yield b'{"ok": tr'
        raise httpx.RemoteProtocolError("cut")

    return httpx.Response(200, content=body(), headers={"content-type": "application/json"})


@dataclass(frozen=True)
class Fault:
    """What happens, and for a read and a write: the error and how many requests there are."""

    act: object
    read: type[DragomanError]
    reads: int
    write: type[DragomanError]
    writes: int


def _both(act, error, requests=1):
    return Fault(act, error, requests, error, requests)


FAULTS = {
    "invalid_auth": _both(told("invalid_auth"), Unauthenticated),
    "token_revoked": _both(told("token_revoked"), Unauthenticated),
    "missing_scope": _both(told("missing_scope", needed="chat:write", provided="x"), PermissionDenied),
    "channel_not_found": _both(told("channel_not_found"), NotFound),
    "streaming": _both(told("streaming_state_conflict"), Conflict),
    "no_text": _both(told("no_text"), InvalidArgument),
    "unnamed": Fault(lambda: httpx.Response(200, json={"ok": False}), Unavailable, 4, OutcomeUnknown, 1),
    "unheard of": _both(told("flux_capacitor_drained"), InvalidArgument),
    "ratelimited": _both(told("ratelimited", 429, {"retry-after": "2"}), RateLimited, 4),
    "ratelimited 200": _both(told("ratelimited"), RateLimited, 4),
    "ratelimited long": _both(told("ratelimited", 429, {"retry-after": "900"}), RateLimited),
    "plan": _both(told("message_limit_exceeded"), RateLimited),
    "timeout": _both(told("request_timeout"), Unavailable, 4),
    "internal_error": Fault(told("internal_error"), Unavailable, 4, OutcomeUnknown, 1),
    "fatal_error": Fault(told("fatal_error"), Unavailable, 4, OutcomeUnknown, 1),
    "service_unavailable": Fault(told("service_unavailable"), Unavailable, 4, OutcomeUnknown, 1),
    "500": Fault(lambda: httpx.Response(500), Unavailable, 4, OutcomeUnknown, 1),
    "502 page": Fault(lambda: httpx.Response(502, html=PAGE), Unavailable, 4, OutcomeUnknown, 1),
    "503": Fault(told("service_unavailable", 503), Unavailable, 4, OutcomeUnknown, 1),
    "404 page": _both(lambda: httpx.Response(404, html=PAGE), NotFound),
    "refused": _both(failing(httpx.ConnectError("no")), Unavailable, 4),
    "reset": Fault(failing(httpx.ReadError("reset")), Unavailable, 4, OutcomeUnknown, 1),
    "slow": Fault(failing(httpx.ReadTimeout("slow")), DeadlineExceeded, 2, OutcomeUnknown, 1),
    "cut body": Fault(cut, BadResponse, 2, OutcomeUnknown, 1),
    "no JSON": Fault(lambda: httpx.Response(200, text='{"ok": tr'), BadResponse, 2, OutcomeUnknown, 1),
    "no object": Fault(lambda: httpx.Response(200, json=[1, "x"]), BadResponse, 2, OutcomeUnknown, 1),
    "page": Fault(lambda: httpx.Response(200, html=PAGE), BadResponse, 2, OutcomeUnknown, 1),
    "empty": Fault(lambda: httpx.Response(200), BadResponse, 2, OutcomeUnknown, 1),
    "elsewhere": Fault(lambda: httpx.Response(302, headers=ELSEWHERE), BadResponse, 1, OutcomeUnknown, 1),
}

UNCERTAIN = ["500", "502 page", "503", "reset", "slow", "cut body", "no JSON", "page", "empty", "internal_error"]
CERTAIN = ["ratelimited", "ratelimited 200", "timeout", "refused"]
