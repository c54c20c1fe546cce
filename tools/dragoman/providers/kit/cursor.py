"""Cursors: a frozen dataclass as short opaque text, and back.

A cursor belongs to one list. Text that is not a cursor of that list is refused in one sentence, for all providers.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, urlsafe_b64encode
from dataclasses import astuple, dataclass
from functools import lru_cache
from hashlib import blake2b
from types import UnionType
from typing import TYPE_CHECKING, Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from dragoman.core.errors import Conflict, InvalidArgument
from dragoman.core.model import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from _typeshed import DataclassInstance

T = TypeVar("T")
S = TypeVar("S", bound="DataclassInstance")

_LONGEST: Final = 262_144  # characters of a cursor
_LARGEST: Final = 1 << 63
_DIGEST_BYTES: Final = 6
_LONG: Final = 512  # bytes from which a position is compressed
_MOST_BYTES: Final = 1 << 21  # of a position that is unpacked


@lru_cache(maxsize=4096)
def digest(text: str) -> str:
    """Eight characters that no other text is likely to share: 48 bits of a hash."""
    return urlsafe_b64encode(_hash(text)).decode()


def encode(state: DataclassInstance, *, list_id: str) -> str:
    """Write a position as a cursor.

    Args:
        state: A frozen dataclass of texts, whole numbers, truth values, ``None`` and tuples of them.
        list_id: The list that it belongs to; any text.
    """
    # The name of a list may be long, and may be nobody's business; its digest is neither.
    content = json.dumps([digest(list_id), *astuple(state)], separators=(",", ":")).encode()
    # Assistants write cursors out letter by letter, so long ones are packed.
    packed = zlib.compress(content) if len(content) > _LONG else content
    return urlsafe_b64encode(packed).decode().rstrip("=")


def decode(cls: type[S], cursor: str | None, *, list_id: str) -> S | None:
    """Read a cursor; ``None`` for the beginning of the list.

    Raises:
        InvalidArgument: It is no cursor of this list.
    """
    if cursor is None:
        return None
    values, kinds = _values(cursor), _kinds(cls)
    # Assistants mix up cursors of several lists; going on elsewhere would silently lose messages.
    if len(values) != len(kinds) + 1 or values[0] != digest(list_id):
        raise foreign_cursor()
    return cls(*(_checked(value, kind) for value, kind in zip(values[1:], kinds, strict=True)))


@dataclass(frozen=True, slots=True)
class _Token:
    token: str


def encode_token(token: str | None, *, list_id: str) -> str | None:
    """Write a service's own token as a cursor; ``None`` and an empty one are the end."""
    return encode(_Token(token), list_id=list_id) if token else None


def decode_token(cursor: str | None, *, list_id: str) -> str | None:
    """Read the service's token out of a cursor; ``None`` for the beginning.

    Raises:
        InvalidArgument: It is no cursor of this list.
    """
    found = decode(_Token, cursor, list_id=list_id)
    return None if found is None else found.token


def cut_page(items: Sequence[T], id_of: Callable[[T], str], *, size: int, cursor: str | None, list_id: str) -> Page[T]:
    """Cut the page at a cursor out of a list that is at hand as a whole, in the service's order.

    Raises:
        InvalidArgument: It is no cursor of this list.
        Conflict: The item that the page before ended with is gone.
    """
    last, begin = decode_token(cursor, list_id=list_id), 0
    if last is not None:
        begin = next((at for at, one in enumerate(items, 1) if id_of(one) == last), 0)
        if not begin:
            raise Conflict("The list has changed since the page before.", hint="Repeat the call without cursor.")
    shown = items[begin : begin + max(1, size)]
    more = begin + len(shown) < len(items)
    return Page(items=shown, cursor=encode_token(id_of(shown[-1]), list_id=list_id) if more else None, total=len(items))


def foreign_cursor() -> InvalidArgument:
    """The error for a cursor that belongs elsewhere."""
    return InvalidArgument("This cursor belongs to another list.", hint="Repeat the call without cursor.")


def _hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).digest()


def _values(cursor: str) -> list[object]:
    try:
        # Anybody can send a cursor: it is bounded before it is unpacked.
        if len(cursor) > _LONGEST:
            raise foreign_cursor()
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        content: object = json.loads(_unpack(b64decode(padded, altchars=b"-_", validate=True)))
    except (ValueError, RecursionError, zlib.error):
        raise foreign_cursor() from None
    if not isinstance(content, list):
        raise foreign_cursor()
    return cast("list[object]", content)


def _unpack(packed: bytes) -> bytes:
    """The text of a position; a compressed one begins with no bracket, as JSON does."""
    return packed if packed[:1] == b"[" else zlib.decompressobj().decompress(packed, _MOST_BYTES)


@lru_cache(maxsize=64)
def _kinds(cls: type[object]) -> tuple[object, ...]:
    return tuple(get_type_hints(cls).values())


def _checked(value: object, kind: object) -> object:
    """The value as its annotation wants it; JSON has lists where a dataclass has tuples."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return None if value is None else _checked(value, next(one for one in inner if one is not type(None)))
    if origin is tuple:
        return _checked_tuple(value, inner)
    if isinstance(kind, type) and issubclass(kind, tuple):  # a NamedTuple
        return cast("Callable[..., object]", kind)(*_checked_tuple(value, _kinds(cast("Any", kind))))
    # A truth value is a whole number to Python, and none here.
    if type(value) is not kind or (isinstance(value, int) and abs(value) > _LARGEST):
        raise foreign_cursor()
    return value


def _checked_tuple(value: object, kinds: tuple[object, ...]) -> tuple[object, ...]:
    if not isinstance(value, list):
        raise foreign_cursor()
    values = cast("list[object]", value)
    if kinds[1:] == (...,):
        kinds = kinds[:1] * len(values)
    if len(values) != len(kinds):
        raise foreign_cursor()
    return tuple(_checked(one, kind) for one, kind in zip(values, kinds, strict=True))
