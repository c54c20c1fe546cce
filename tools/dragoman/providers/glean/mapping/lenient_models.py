"""Reading JSON that may differ from what was promised, without losing what is good in it.

A model is validated as a whole, which is fast. Where that fails, the members at fault are left out and the
rest is validated again: one bad member never costs a message, one bad message never costs a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from typing import Annotated, Final, TypeAlias, TypeVar, cast

from pydantic import BaseModel, ConfigDict, PlainValidator, ValidationError
from pydantic.alias_generators import to_camel

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
_Loc: TypeAlias = tuple[int | str, ...]

_ROUNDS: Final = 5  # taking a member out can bring up only what was hidden behind it


class Wire(BaseModel):
    """Base of what Glean sends. Every member may be missing or null; unknown ones are ignored."""

    model_config = ConfigDict(extra="ignore", alias_generator=to_camel, coerce_numbers_to_str=True)


def lenient(model: type[M], raw: object) -> M | None:
    """Read an object as a model, leaving out what does not fit; ``None`` when it is no object."""
    if not isinstance(raw, dict):
        return None
    value: object = cast("object", raw)
    for attempt in range(_ROUNDS):
        try:
            return model.model_validate(value)
        except ValidationError as error:
            value = value if attempt else deepcopy(value)
            _leave_out(value, [problem["loc"] for problem in error.errors(include_url=False, include_input=False)])
    return model.model_construct()


_tolerant: Final[dict[object, object]] = {}


def tolerant(model: type[M]) -> type[M]:
    """The model as a type that is read as :func:`lenient` reads it, and refuses what is no object."""

    def read(value: object) -> M:
        found = lenient(model, value)
        if found is None:
            raise ValueError("no object")
        return found

    return cast("type[M]", _tolerant.setdefault(model, Annotated[model, PlainValidator(read)]))


def lenient_each(model: type[M], raw: object) -> Iterator[M]:
    """Read a list of objects; what is no object is left out."""
    for item in cast("list[object]", raw) if isinstance(raw, list) else ():
        found = lenient(model, item)
        if found is not None:
            yield found


def each(items: Sequence[T] | None) -> Sequence[T]:
    """A list that may be missing."""
    return items or ()


def _leave_out(value: object, paths: Iterable[_Loc]) -> None:
    """Delete what stands at these paths; list items from the end, so that the paths before stay right."""
    for path in sorted(set(paths), key=_sortable, reverse=True):
        parent = value
        for depth, step in enumerate(path):
            inner = _at(parent, step)
            if depth == len(path) - 1 or not isinstance(inner, dict | list):
                _delete(parent, step)
                break
            parent = cast("object", inner)


def _sortable(path: _Loc) -> tuple[tuple[int, int, str], ...]:
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
