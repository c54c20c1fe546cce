"""Tolerant models of what a service sends, and texts on their way.

Two ways. :class:`WireModel` with the types below never fails: a member that is missing, null or of another type is
absent. :func:`lenient` reads any pydantic model and leaves out what does not fit: one bad member never costs a
message, one bad message never costs a page.

Texts are what they say: what is no UTF-8 is refused before it is sent, and what nobody can see is left out. Newsletters
pad their previews with hundreds of zero-width characters. Joiners stay inside emoji and between letters of scripts that
need them, and so do signs that are formatting characters by category only.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Annotated, Final, TypeAlias, TypeVar, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator, ValidationError

from dragoman.core.errors import InvalidArgument, NotFound
from dragoman.core.lazy_pattern import lazy_pattern

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
_Location: TypeAlias = tuple[int | str, ...]

_LARGEST: Final = 1 << 64  # of whole numbers that can be ids or counts
_ROUNDS: Final = 5  # taking a member out can bring up only what was hidden behind it

_INVISIBLE: Final = lazy_pattern(  # category Cf, but for the visible signs of Arabic, Syriac and Kaithi
    "(?P<flag>\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f)"  # England, Scotland, Wales: spelled with tag characters
    "|[\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)
_JOINERS: Final = frozenset("\u200c\u200d")
_FIRST_JOINING: Final = 0x0590  # Latin, Greek, Cyrillic and Armenian letters are never joined
_FIRST_EMOJI: Final = 0x2190


class WireModel(BaseModel):
    """Base of what a service sends; unknown members are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    # Some services send ids as numbers.
    return str(value) if _is_whole(value) else None


def _word(value: object) -> str | None:
    return value.strip().lower() or None if isinstance(value, str) else None


def _count(value: object) -> int | None:
    return cast("int", value) if _is_whole(value) and cast("int", value) >= 0 else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _object(value: object) -> object:
    return cast("object", value) if isinstance(value, dict | BaseModel) else None


def _objects(value: object) -> object:
    entries = cast("list[object]", value) if isinstance(value, list | tuple) else []
    return [cast("object", one) for one in entries if isinstance(one, dict | BaseModel)]


def _texts(value: object) -> object:
    found = [_text(one) for one in cast("list[object]", value)] if isinstance(value, list | tuple) else []
    return [one for one in found if one]


def _entries(value: object) -> object:
    if not isinstance(value, list):
        raise ValueError("no list")  # noqa: TRY004 - what pydantic turns into a misfit
    return _objects(cast("object", value))


def _places(value: object) -> object:
    if not isinstance(value, list):
        raise ValueError("no list")  # noqa: TRY004 - as above
    nothing = dict[str, object]()
    return [cast("object", one) if isinstance(one, dict) else nothing for one in cast("list[object]", value)]


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST


Text: TypeAlias = Annotated[str | None, BeforeValidator(_text)]
"""A text; a whole number that stands where a text belongs (an id) is written out."""

Word: TypeAlias = Annotated[str | None, BeforeValidator(_word)]
"""A value of an enumeration, in lower case; services vary their spelling. Unknown values stay as they are."""

Count: TypeAlias = Annotated[int | None, BeforeValidator(_count)]
"""A whole number from 0 on."""

Number: TypeAlias = Annotated[float | None, BeforeValidator(_number)]
"""A finite number."""

Flag: TypeAlias = Annotated[bool | None, BeforeValidator(_flag)]
Texts: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_texts)]
"""The texts of a list that are not empty."""

Maybe: TypeAlias = Annotated[T | None, BeforeValidator(_object)]
"""An object."""

Several: TypeAlias = Annotated[tuple[T, ...], BeforeValidator(_objects)]
"""The objects of a list."""

Entries: TypeAlias = Annotated[tuple[T, ...], BeforeValidator(_entries)]
"""The objects of a page; that it is a list is insisted on."""

Places: TypeAlias = Annotated[tuple[T, ...], BeforeValidator(_places)]
"""As :data:`Entries`, with an empty object for each entry that is none, where the length of a page has a meaning."""


def lenient(model: type[M], raw: object) -> M | None:
    """Read an object as a model, leaving out what does not fit; ``None`` when it is no object.

    The model is validated as a whole, which is fast. Only where that fails, the members at fault are left out and
    the rest is validated again.
    """
    if not isinstance(raw, dict):
        return None
    value: object = cast("object", raw)
    for attempt in range(_ROUNDS):
        try:
            return model.model_validate(value)
        except ValidationError as error:
            # The answer is cached and shared, so its parts must not be changed.
            value = value if attempt else deepcopy(value)
            _leave_out(value, [problem["loc"] for problem in error.errors(include_url=False, include_input=False)])
    # Something is wrong everywhere: nothing known of it is better than no page.
    return model.model_construct()


_lenient_types: Final[dict[object, object]] = {}


def lenient_type(model: type[M]) -> type[M]:
    """The model as a type that is read as :func:`lenient` reads it, and refuses what is no object."""

    def read(value: object) -> M:
        found = lenient(model, value)
        if found is None:
            raise ValueError("no object")
        return found

    return cast("type[M]", _lenient_types.setdefault(model, Annotated[model, PlainValidator(read)]))


def lenient_each(model: type[M], raw: object) -> Iterable[M]:
    """Read a list of objects; what is no object is left out."""
    for item in cast("list[object]", raw) if isinstance(raw, list) else ():
        found = lenient(model, item)
        if found is not None:
            yield found


def or_empty(items: Sequence[T] | None) -> Sequence[T]:
    """A list that may be missing."""
    return items or ()


def _leave_out(value: object, paths: Iterable[_Location]) -> None:
    """Delete what stands at these paths; list items from the end, so that the paths before stay right."""
    for path in sorted(set(paths), key=_sortable, reverse=True):
        parent = value
        for depth, step in enumerate(path):
            inner = _at(parent, step)
            if depth == len(path) - 1 or not isinstance(inner, dict | list):
                _delete(parent, step)
                break
            parent = cast("object", inner)


def _sortable(path: _Location) -> tuple[tuple[int, int, str], ...]:
    return tuple((0, step, "") if isinstance(step, int) else (1, 0, step) for step in path)


def _at(parent: object, step: int | str) -> object:
    if isinstance(parent, dict):
        return cast("dict[object, object]", parent).get(step)
    if isinstance(parent, list) and isinstance(step, int) and step < len(cast("list[object]", parent)):
        return cast("list[object]", parent)[step]
    return None


def _delete(parent: object, step: int | str) -> None:
    if isinstance(parent, dict):
        cast("dict[object, object]", parent).pop(step, None)
    elif isinstance(parent, list) and isinstance(step, int) and step < len(cast("list[object]", parent)):
        del cast("list[object]", parent)[step]


def require_id(identifier: str) -> str:
    """An id that can be asked for.

    Raises:
        NotFound: Nothing can have it.
    """
    if not identifier or not _encodable(identifier):
        raise NotFound("There is nothing with this id.", hint="Copy references as the tools show them.")
    return identifier


def require_text(text: str) -> str:
    """A text that can be sent.

    Raises:
        InvalidArgument: It has half a character in it.
    """
    if not _encodable(text):
        raise InvalidArgument("The text has half a character in it.", hint="Write it again.")
    return text


def require_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels that can be sent."""
    return {require_text(key): require_text(value) for key, value in labels.items()}


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def visible(text: str) -> str:
    """The text without invisible format characters (Unicode category Cf), but for those that writing needs."""
    return text if text.isascii() else _INVISIBLE.sub(_keep_if_needed, text)


def _keep_if_needed(match: re.Match[str]) -> str:
    text, start, end = match.string, match.start(), match.end()
    if match.lastgroup == "flag":
        return match[0]
    # At the edge of a text a joiner joins nothing and only hides something.
    inside = match[0] in _JOINERS and start > 0 and end < len(text)
    return match[0] if inside and _joins(text[start - 1]) and _joins(text[end]) else ""


def _joins(char: str) -> bool:
    """Whether a joiner beside this character can change what is seen."""
    category = unicodedata.category(char)
    emoji = ord(char) >= _FIRST_EMOJI and category in {"So", "Sk", "Sm", "Mn"}
    return emoji or (ord(char) >= _FIRST_JOINING and category[0] in "LM")
