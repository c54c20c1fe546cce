"""gRPC for providers: one client for each account, which knows no service.

:class:`GrpcClient` has the channel, limits, retries and errors; :class:`Dialect` tells it what is particular
about a service. See :mod:`dragoman.grpc.faults` for what is repeated and what is not.
"""

from __future__ import annotations

from dragoman.grpc.client import GrpcClient
from dragoman.grpc.details import Details
from dragoman.refusal import Dialect

__all__ = ["Details", "Dialect", "GrpcClient"]
