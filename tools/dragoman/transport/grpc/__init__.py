"""gRPC for providers: one client for each account, which knows no service.

:class:`GrpcClient` has the channel, limits, retries and errors; :class:`Dialect` tells it what is particular
about a service. See :mod:`dragoman.transport.grpc.error_policy` for what is repeated and what is not.
"""

from __future__ import annotations

from dragoman.transport.error_mapping import ServiceProfile
from dragoman.transport.grpc.client import GrpcClient
from dragoman.transport.grpc.status_details import Details

__all__ = ["Details", "GrpcClient", "ServiceProfile"]
