"""HTTP for providers: one client for each account, which knows no service.

:class:`HttpClient` has the connections, limits, retries and errors; :class:`Dialect` tells it what is
particular about a service. See :mod:`dragoman.http.faults` for what is repeated and what is not.
"""

from __future__ import annotations

from dragoman.http.address import Query, base_url_of, segment
from dragoman.http.again import Derived
from dragoman.http.answer import Answer
from dragoman.http.call import Options
from dragoman.http.client import HttpClient
from dragoman.http.sse import Event
from dragoman.http.stream import Stream
from dragoman.refusal import Dialect

__all__ = [
    "Answer",
    "Derived",
    "Dialect",
    "Event",
    "HttpClient",
    "Options",
    "Query",
    "Stream",
    "base_url_of",
    "segment",
]
