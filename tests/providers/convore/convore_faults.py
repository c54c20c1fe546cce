"""Everything that can go wrong between here and Convore, and what each has to become."""

from dataclasses import dataclass

import httpx
from convore_service import refused

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

DAY = "Tue, 05 Mar 2024"
PAGE = "<!doctype html><html><head><title>502</title></head><body><h1>Bad gateway</h1></body></html>"
ELSEWHERE = {"location": "https://evil.example/x"}


def failing(error):
    def act():
        raise error

    return act


def cut():
    async def body():
        yield b'{"id": "msg'
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
    "400": _both(lambda: refused(400, "x"), InvalidArgument),
    "401": _both(lambda: refused(401, "x"), Unauthenticated),
    "403": _both(lambda: refused(403, "x"), PermissionDenied),
    "404": _both(lambda: refused(404, "x"), NotFound),
    "404 page": _both(lambda: httpx.Response(404, html=PAGE), NotFound),
    "409": _both(lambda: refused(409, "x"), Conflict),
    "422": _both(lambda: httpx.Response(422, json={"detail": [{"msg": "x"}]}), InvalidArgument),
    "429": _both(lambda: refused(429, "x"), RateLimited, 4),
    "429 empty": _both(lambda: httpx.Response(429), RateLimited, 4),
    "429 seconds": _both(lambda: refused(429, "x", retry_after="2"), RateLimited, 4),
    "429 long": _both(lambda: refused(429, "x", retry_after="900"), RateLimited),
    "429 date": _both(
        lambda: refused(429, "x", date=f"{DAY} 14:00:00 GMT", retry_after=f"{DAY} 15:00:00 GMT"), RateLimited
    ),
    "500": Fault(lambda: refused(500, "x"), Unavailable, 4, OutcomeUnknown, 1),
    "502 page": Fault(lambda: httpx.Response(502, html=PAGE), Unavailable, 4, OutcomeUnknown, 1),
    "503": Fault(lambda: refused(503, "x"), Unavailable, 4, OutcomeUnknown, 1),
    "503 now": _both(lambda: refused(503, "x", retry_after="0"), Unavailable, 4),
    "503 seconds": _both(lambda: refused(503, "x", retry_after="1"), Unavailable, 4),
    "504": Fault(lambda: refused(504, "x"), Unavailable, 4, OutcomeUnknown, 1),
    "408": Fault(lambda: refused(408, "x"), DeadlineExceeded, 4, OutcomeUnknown, 1),
    "refused": _both(failing(httpx.ConnectError("no")), Unavailable, 4),
    "reset": Fault(failing(httpx.ReadError("reset")), Unavailable, 4, OutcomeUnknown, 1),
    "slow": Fault(failing(httpx.ReadTimeout("slow")), DeadlineExceeded, 2, OutcomeUnknown, 1),
    "cut body": Fault(cut, BadResponse, 2, OutcomeUnknown, 1),
    "no JSON": Fault(lambda: httpx.Response(200, text='{"id": "ms'), BadResponse, 2, OutcomeUnknown, 1),
    "no object": Fault(lambda: httpx.Response(200, json=[1, "x"]), BadResponse, 2, OutcomeUnknown, 1),
    "page": Fault(lambda: httpx.Response(200, html=PAGE), BadResponse, 2, OutcomeUnknown, 1),
    "empty": Fault(lambda: httpx.Response(200), BadResponse, 2, OutcomeUnknown, 1),
    "elsewhere": Fault(lambda: httpx.Response(302, headers=ELSEWHERE), BadResponse, 1, OutcomeUnknown, 1),
    "elsewhere undone": _both(lambda: httpx.Response(307, headers=ELSEWHERE), BadResponse),
}

UNCERTAIN = ["500", "502 page", "503", "504", "reset", "slow", "cut body", "no JSON", "page", "empty"]
CERTAIN = ["429", "429 seconds", "503 seconds", "refused"]
