"""One gRPC call as it goes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self, TypedDict

from dragoman.transport.credentials import Authorize
from dragoman.transport.error_mapping import Kind


class Packable(Protocol):
    """A message that can be sent: any class made from a proto file."""

    def SerializeToString(self) -> bytes:  # noqa: N802 - protobuf's name
        """The message as bytes."""
        ...


class Unpackable(Protocol):
    """A message that can be received: any class made from a proto file."""

    @classmethod
    def FromString(cls, data: bytes, /) -> Self:  # noqa: N802 - protobuf's name
        """The message that the bytes hold."""
        ...


class Options(TypedDict, total=False):
    """Options of any call.

    Attributes:
        metadata: For this call, beside the client's.
        authorize: ``False`` sends no authorization (to get some in the first place).
        family: Which rate limit it counts against.
        timeout: Seconds for one attempt, for a stream until its end; instead of the client's.
        total: Seconds for all attempts, instead of the client's.
        operation: For errors and logs.
    """

    metadata: Mapping[str, str]
    authorize: bool
    family: str
    timeout: float | None
    total: float | None
    operation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GrpcRequest:
    """A call without its credentials; ``seconds`` is for one attempt."""

    kind: Kind
    method: str
    request: bytes
    metadata: Mapping[str, str]
    authorize: Authorize | None
    family: str
    operation: str
    seconds: float
