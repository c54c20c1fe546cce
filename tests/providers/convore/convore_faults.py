"""Everything that can go wrong between here and Convore, and what each has to become."""

import httpx
from convore_service import refused
from fault_matrix import ELSEWHERE, PAGE, both, doubtful, failing

from dragoman.core.errors import (
    BadResponse,
    Conflict,
    DeadlineExceeded,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
)

DAY = "Tue, 05 Mar 2024"


def cut():
    async def body():
        yield b'{"id": "msg'
        raise httpx.RemoteProtocolError("cut")

    return httpx.Response(200, content=body(), headers={"content-type": "application/json"})


FAULTS = {
    "400": both(lambda: refused(400, "x"), InvalidArgument),
    "401": both(lambda: refused(401, "x"), Unauthenticated),
    "403": both(lambda: refused(403, "x"), PermissionDenied),
    "404": both(lambda: refused(404, "x"), NotFound),
    "404 page": both(lambda: httpx.Response(404, html=PAGE), NotFound),
    "409": both(lambda: refused(409, "x"), Conflict),
    "422": both(lambda: httpx.Response(422, json={"detail": [{"msg": "x"}]}), InvalidArgument),
    "429": both(lambda: refused(429, "x"), RateLimited, 4),
    "429 empty": both(lambda: httpx.Response(429), RateLimited, 4),
    "429 seconds": both(lambda: refused(429, "x", retry_after="2"), RateLimited, 4),
    "429 long": both(lambda: refused(429, "x", retry_after="900"), RateLimited),
    "429 date": both(
        lambda: refused(429, "x", date=f"{DAY} 14:00:00 GMT", retry_after=f"{DAY} 15:00:00 GMT"), RateLimited
    ),
    "500": doubtful(lambda: refused(500, "x"), Unavailable, 4),
    "502 page": doubtful(lambda: httpx.Response(502, html=PAGE), Unavailable, 4),
    "503": doubtful(lambda: refused(503, "x"), Unavailable, 4),
    "503 now": both(lambda: refused(503, "x", retry_after="0"), Unavailable, 4),
    "503 seconds": both(lambda: refused(503, "x", retry_after="1"), Unavailable, 4),
    "504": doubtful(lambda: refused(504, "x"), Unavailable, 4),
    "408": doubtful(lambda: refused(408, "x"), DeadlineExceeded, 4),
    "refused": both(failing(httpx.ConnectError("no")), Unavailable, 4),
    "reset": doubtful(failing(httpx.ReadError("reset")), Unavailable, 4),
    "slow": doubtful(failing(httpx.ReadTimeout("slow")), DeadlineExceeded, 2),
    "cut body": doubtful(cut, BadResponse, 2),
    "no JSON": doubtful(lambda: httpx.Response(200, text='{"id": "ms'), BadResponse, 2),
    "no object": doubtful(lambda: httpx.Response(200, json=[1, "x"]), BadResponse, 2),
    "page": doubtful(lambda: httpx.Response(200, html=PAGE), BadResponse, 2),
    "empty": doubtful(lambda: httpx.Response(200), BadResponse, 2),
    "elsewhere": doubtful(lambda: httpx.Response(302, headers=ELSEWHERE), BadResponse, 1),
    "elsewhere undone": both(lambda: httpx.Response(307, headers=ELSEWHERE), BadResponse),
}

CERTAIN = ["429", "429 seconds", "503 seconds", "refused"]
