"""The body of an answer, unpacked within a bound; a successful answer, read as it was asked for.

An assistant looks at the same lists again and again, and mostly nothing has changed. The service is asked each time;
what was made of the same answer before is not made anew: :class:`ResponseCache` and :class:`DerivedCache`.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from threading import Lock
from types import MappingProxyType
from typing import Any, Final, Generic, LiteralString, Protocol, TypeVar
from weakref import ref

from pydantic import TypeAdapter, ValidationError

from dragoman.core.errors import DragomanError
from dragoman.core.safe_text import Sentence, safe, sentence
from dragoman.core.text_size import run_sized
from dragoman.transport.error_mapping import ServiceProfile, is_markup
from dragoman.transport.http import error_policy
from dragoman.transport.http.request import (
    BodyForm,
    HttpRequest,
    HttpStatusError,
    RawResponse,
    invalid_response,
    parse_json,
    request_id_of,
)

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_PIECE: Final = 65_536  # bytes that one step of unpacking makes at most
_GZIP: Final = 16 + zlib.MAX_WBITS
_PLAIN: Final = frozenset({"", "identity"})
_ENCODINGS: Final = _PLAIN | {"gzip", "x-gzip", "deflate"}
_ZLIB_HEADER: Final = 0x78
_NO_CONTENT: Final = frozenset({204, 205})
_PATH_LENGTH: Final = 80
_adapter_of: Final[Callable[..., TypeAdapter[Any]]] = cache(TypeAdapter)
"""Validators by model; building one is slow, and the models of the providers are few."""

_MOST_BODIES: Final = 8
_LARGEST: Final = 256 << 10  # bytes of a body that is worth keeping
_MOST_DERIVED: Final = 16
_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse(Generic[T_co]):
    """A successful answer.

    Attributes:
        value: The body as it was asked for.
        headers: Names in lower case.
        request_id: The service's id of the request, empty when it names none.
    """

    value: T_co
    status: int
    headers: Mapping[str, str]
    body: bytes
    request_id: str
    call: HttpRequest = field(repr=False)
    profile: ServiceProfile = field(repr=False)

    def failure(self, message: Sentence, *, hint: Sentence = "") -> DragomanError:
        """The error to raise when this answer makes no sense after all.

        For a read ``BadResponse``. For a write ``OutcomeUnknown``, because the service took it.
        """
        return invalid_response(self.call, self.profile, message, hint=hint, request_id=self.request_id)


class ResponseCache:
    """Parsed values of the last few bodies of moderate size, by body.

    Several threads may use it at the same time.
    """

    def __init__(self) -> None:
        self._values: OrderedDict[tuple[Hashable, bytes], tuple[object, str]] = OrderedDict()
        self._lock = Lock()

    def value(self, form: Hashable, body: bytes, read: Callable[[], tuple[object, str]]) -> tuple[object, str]:
        """A body read in a form, and the request id in it; ``read`` does it when it did not come lately."""
        key = (form, body)
        # Read without the lock: two threads that read the same body only do it twice.
        found = self._values.get(key)
        if found is None:
            found = read()
        with self._lock:
            if len(body) <= _LARGEST:
                self._values[key] = found
                self._values.move_to_end(key)
            if len(self._values) > _MOST_BODIES:
                self._values.popitem(last=False)
        return found


class DerivedCache(Generic[T]):
    """Values derived from other values, as long as these live; :class:`ResponseCache` keeps repeated ones.

    Values are told apart by identity and must not be changed; what is made of one must not hold it.
    """

    def __init__(self) -> None:
        self._made: dict[int, tuple[ref[object], OrderedDict[Hashable, T]]] = {}

    def __len__(self) -> int:
        """Of how many values something is kept."""
        return len(self._made)

    def get(self, value: object, about: Hashable, make: Callable[[], T]) -> T:
        """The result of ``make`` for a value; ``about`` names everything else that the result depends on."""
        made = self._made_of(value)
        return made[about] if about in made else self._put(made, about, make())

    async def get_sized(self, value: object, about: Hashable, make: Callable[[], T], size: Callable[[], int]) -> T:
        """As :meth:`get`; in a worker thread where the value has many characters, which ``size`` counts."""
        made = self._made_of(value)
        return made[about] if about in made else self._put(made, about, await run_sized(make, size()))

    def _made_of(self, value: object) -> OrderedDict[Hashable, T]:
        place = id(value)
        found = self._made.get(place)
        if found is None:
            # The weak reference removes the entry before the id can belong to another value.
            found = self._made[place] = ref(value, partial(self._forget, place)), OrderedDict()
        return found[1]

    def _put(self, made: OrderedDict[Hashable, T], about: Hashable, one: T) -> T:
        made[about] = one
        if len(made) > _MOST_DERIVED:
            made.popitem(last=False)
        return one

    def _forget(self, place: int, _: ref[object]) -> None:
        self._made.pop(place, None)


def response_of(
    call: HttpRequest,
    profile: ServiceProfile,
    raw: RawResponse,
    form: BodyForm,
    model: type[object] | None,
    responses: ResponseCache | None = None,
) -> HttpResponse[object]:
    """Read a 2xx answer, with ``responses`` from what was read before where it is the same.

    Raises:
        FailedAttempt: It is not what was asked for.
        HttpStatusError: Its body says that the call failed.
    """

    def read() -> tuple[object, str]:
        value: object = None
        if form == "text":
            value = raw.body.decode("utf-8", "replace")
        elif form == "json" and not (raw.status in _NO_CONTENT and model is None and not raw.body):
            value = _parsed(call, profile, raw)
        # Some services answer 200 and tell in the body that the call failed.
        status = profile.status_of(value) if profile.status_of is not None else 0
        if status:
            raise HttpStatusError(replace(raw, status=status))
        # Before validation, which drops members that no model has.
        in_body = request_id_of(profile, _NO_HEADERS, value)
        if model is not None:
            request_id = request_id_of(profile, raw.headers) or in_body
            value = _validated(call, profile, model, value, request_id)
        return value, in_body

    value, in_body = responses.value((form, model, raw.status), raw.body, read) if responses else read()
    request_id = request_id_of(profile, raw.headers) or in_body
    return HttpResponse(
        value=value,
        status=raw.status,
        headers=raw.headers,
        body=raw.body,
        request_id=request_id,
        call=call,
        profile=profile,
    )


def _parsed(call: HttpRequest, profile: ServiceProfile, raw: RawResponse) -> object:
    try:
        return parse_json(raw.body)
    except ValueError:
        what: LiteralString = "is no JSON"
        if not raw.body.strip():
            what = "is empty"
        elif is_markup(raw.body[:400].decode("utf-8", "replace")):
            what = "is a web page instead of data"
        request_id = request_id_of(profile, raw.headers)
        raise error_policy.unreadable(
            call, profile, sentence("The answer of {{service}} {}", safe(what)), request_id
        ) from None


def _validated(
    call: HttpRequest, profile: ServiceProfile, model: type[object], value: object, request_id: str
) -> object:
    try:
        return _adapter_of(model).validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]["loc"]
        place = ".".join(str(part) for part in first) or safe("its top")
        # pydantic's own words show what the service sent.
        message = sentence("The answer of {{service}} has not the form that is known (at {})", place)
        raise error_policy.unreadable(call, profile, message, request_id) from None


class UnreadableBodyError(Exception):
    """A body that is too large, packed in an unknown or broken way, or cut. The text says which."""


class _Member(Protocol):
    """A ``zlib.decompressobj``, whose own type has no public name."""

    @property
    def eof(self) -> bool: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Inflater:
    """Gzip (of several members) and deflate (with or without its header)."""

    def __init__(self, *, gzip: bool) -> None:
        self._gzip = gzip
        self._member: _Member | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        piece = b""
        while data or len(piece) == _PIECE:  # a full piece may have left output inside the member
            member = self._member = self._member or zlib.decompressobj(self._bits(data))
            try:
                piece = member.decompress(data, _PIECE)
            except zlib.error:
                raise UnreadableBodyError("is packed in a broken way") from None
            if piece:
                yield piece
            # A small packed body can unpack to gigabytes, so each step makes a bounded piece.
            data = member.unconsumed_tail
            if member.eof:
                # Gzip may have several members, and some servers pad them with zeros.
                data = member.unused_data.lstrip(b"\0") if self._gzip else b""
                self._member = None if data else member

    def finish(self) -> None:
        if self._member is not None and not self._member.eof:
            raise UnreadableBodyError("was cut off")

    def _bits(self, data: bytes) -> int:
        if self._gzip:
            return _GZIP
        # Servers disagree on whether deflate has a header; its first byte tells.
        return zlib.MAX_WBITS if data[0] & 0x7F == _ZLIB_HEADER else -zlib.MAX_WBITS


async def unpacked(raw: AsyncIterator[bytes], encoding: str, limit: int) -> AsyncIterator[bytes]:
    """A body unpacked, piece by piece.

    Args:
        raw: The body as it comes.
        encoding: Its ``Content-Encoding``.
        limit: Most bytes, unpacked.

    Raises:
        UnreadableBodyError: It is larger, or packed in an unknown or broken way.
    """
    name = encoding.strip().lower()
    if name not in _ENCODINGS:
        raise UnreadableBodyError("is packed in a way that was not asked for")
    unpack = None if name in _PLAIN else _Inflater(gzip=name != "deflate")
    total = 0
    async for data in raw:
        for piece in unpack.feed(data) if unpack else (data,):
            total += len(piece)
            if total > limit:
                raise UnreadableBodyError(f"is larger than {limit // (1 << 20) or 1} MiB")
            yield piece
    if unpack:
        unpack.finish()
