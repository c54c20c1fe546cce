"""HTTP for providers: one client for each account, which knows no service.

:class:`HttpClient` has the connections, limits, retries and errors; :class:`ServiceProfile` tells it what is
particular about a service. See :mod:`dragoman.transport.http.error_policy` for what is repeated and what is not.
"""

from __future__ import annotations

from dragoman.transport.error_mapping import ServiceProfile
from dragoman.transport.http.client import HttpClient
from dragoman.transport.http.request import Options, Query, segment
from dragoman.transport.http.response import DerivedCache, HttpResponse
from dragoman.transport.http.sse import Event
from dragoman.transport.http.stream import Stream
from dragoman.transport.url import base_url_of

__all__ = [
    "DerivedCache",
    "Event",
    "HttpClient",
    "HttpResponse",
    "Options",
    "Query",
    "ServiceProfile",
    "Stream",
    "base_url_of",
    "segment",
]
