"""The details of a gRPC status, read without the vendor's classes and with patience for garbage.

``grpc-status-details-bin`` holds a ``google.rpc.Status``; field numbers from google/rpc/status.proto and
google/rpc/error_details.proto. What cannot be read is left out: the status itself is good without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

_Value: TypeAlias = int | bytes

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT: Final = 10  # bytes
_MOST_DETAILS: Final = 32
_NANO: Final = 1e-9
_SIGN: Final = 1 << 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Details that a service adds to a gRPC status.

    Attributes:
        retry_delay: Seconds after which to try again.
        request_id: The service's id of the request.
        violations: Field and description of each bad argument.
    """

    code: int = 0
    message: str = ""
    retry_delay: float | None = None
    request_id: str = ""
    violations: tuple[tuple[str, str], ...] = ()


def read_details(data: bytes) -> Details | None:
    """Read a ``google.rpc.Status``; ``None`` when it is none."""
    try:
        status = list(_fields(data))
    except ValueError:
        return None
    found: dict[str, bytes] = {}
    for number, value in status:
        # Whoever answers may send details without end.
        if number == 3 and isinstance(value, bytes) and len(found) < _MOST_DETAILS:  # noqa: PLR2004 - Status.details
            name, content = _any(value)
            found.setdefault(name, content)
    return Details(
        code=next((value for number, value in status if number == 1 and isinstance(value, int)), 0),
        message=_text(data, 2),
        retry_delay=_delay(found.get("RetryInfo", b"")),
        request_id=_text(found.get("RequestInfo", b""), 1),
        violations=tuple(_violations(found.get("BadRequest", b""))),
    )


def _any(data: bytes) -> tuple[str, bytes]:
    """The short name of the type of a ``google.protobuf.Any``, and what it holds."""
    return _text(data, 1).rpartition(".")[2], _part(data, 2)


def _delay(retry_info: bytes) -> float | None:
    duration = dict(_tolerant(_part(retry_info, 1)))
    seconds, nanos = duration.get(1, 0), duration.get(2, 0)
    # Negative numbers come as large ones, in two's complement of 64 bits.
    if not isinstance(seconds, int) or not isinstance(nanos, int) or seconds >= _SIGN or nanos >= _SIGN:
        return None
    return seconds + nanos * _NANO or None


def _violations(bad_request: bytes) -> Iterator[tuple[str, str]]:
    for number, value in _tolerant(bad_request):
        if number == 1 and isinstance(value, bytes):
            yield _text(value, 1), _text(value, 2)


def _text(data: bytes, number: int) -> str:
    return _part(data, number).decode("utf-8", "replace")


def _part(data: bytes, wanted: int) -> bytes:
    return next((value for number, value in _tolerant(data) if number == wanted and isinstance(value, bytes)), b"")


def _tolerant(data: bytes) -> Iterator[tuple[int, _Value]]:
    """Fields up to the first that cannot be read."""
    try:
        yield from _fields(data)
    except ValueError:
        return


def _fields(data: bytes) -> Iterator[tuple[int, _Value]]:
    """Number and value of each field of a message.

    Raises:
        ValueError: The bytes are no message.
    """
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == _BYTES:
            size, at = _varint(data, at)
        elif wire in {_FIXED64, _FIXED32}:
            size = 8 if wire == _FIXED64 else 4
        else:
            raise ValueError("unknown wire type")
        if number == 0 or at + size > len(data):
            raise ValueError("a field without a number or an end")
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number and where it ends."""
    value = 0
    for index, byte in enumerate(data[at : at + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:  # noqa: PLR2004 - the bit that says "there is more"
            return value & (1 << 64) - 1, at + index + 1
    raise ValueError("an endless number")
