"""What a command that is over at once needs of ``typing``, whose import takes longer than a short search.

Annotations are not evaluated, so that is what stands in class statements and aliases: our own, and those of the module
that reads the settings.
"""

from __future__ import annotations

from collections import namedtuple

from dragoman_server.cli.light_modules import StandIn

TYPE_CHECKING = False
if TYPE_CHECKING:  # see above
    from typing import Any, Self


class _Form:
    """Stands for a type, or for a part of one, wherever none is looked at."""

    def __getitem__(self, _of: object) -> Self:
        return self

    def __or__(self, _other: object) -> Self:
        return self

    __ror__ = __or__


class _Generic:
    """A base class that may be given types."""

    __slots__ = ()

    def __class_getitem__(cls, _of: object) -> type[Self]:
        return cls


class _NamedTupleType(type):
    """Makes of a class with annotations what :func:`collections.namedtuple` makes of their names."""

    def __new__(cls, name: str, _bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        fields: list[str] = list(body.get("__annotations__", ()))
        defaults = [body[field] for field in fields if field in body]
        made = namedtuple(name, fields, defaults=defaults, module=body["__module__"])  # type: ignore[misc]  # noqa: PYI024  # of names that a class gives
        for key, value in body.items():
            if key == "__doc__" or key not in vars(made):
                setattr(made, key, value)
        return made


def _type_variable(*_names: object, **_bounds: object) -> _Form:
    return _Form()


def _cast(_kind: object, value: Any) -> Any:
    return value


_FORMS = (
    "Annotated",
    "Any",
    "AnyStr",
    "BinaryIO",
    "Callable",
    "ClassVar",
    "Final",
    "Literal",
    "LiteralString",
    "Self",
    "Tuple",
    "TypeAlias",
)
TYPING = StandIn(
    "typing",
    {
        **dict.fromkeys(_FORMS, _Form()),
        "Generic": _Generic,
        "NamedTuple": type.__new__(_NamedTupleType, "NamedTuple", (), {}),
        "Protocol": _Generic,
        "TypeVar": _type_variable,
        "cast": _cast,
        "TYPE_CHECKING": False,
    },
)
