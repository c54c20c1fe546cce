"""Everything that can go wrong between here and Convore, and what each has to become."""

import httpx
from convore_service import refused
from fault_matrix import ELSEWHERE, both, doubtful, http_faults

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


FAULTS = {
    **http_faults(4),
    "400": both(lambda: refused(400, "x"), InvalidArgument),
    "401": both(lambda: refused(401, "x"), Unauthenticated),
    "403": both(lambda: refused(403, "x"), PermissionDenied),
    "404": both(lambda: refused(404, "x"), NotFound),
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
    "503": doubtful(lambda: refused(503, "x"), Unavailable, 4),
    "503 now": both(lambda: refused(503, "x", retry_after="0"), Unavailable, 4),
    "503 seconds": both(lambda: refused(503, "x", retry_after="1"), Unavailable, 4),
    "504": doubtful(lambda: refused(504, "x"), Unavailable, 4),
    "408": doubtful(lambda: refused(408, "x"), DeadlineExceeded, 4),
    "elsewhere undone": both(lambda: httpx.Response(307, headers=ELSEWHERE), BadResponse),
}

CERTAIN = ["429", "429 seconds", "503 seconds", "refused"]
