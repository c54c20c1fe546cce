"""Dataclasses for a command that is over at once: defining one costs a fraction of what it costs Python's own.

Python writes the methods of a dataclass as source, compiles them, and makes a second class for its slots. Most classes
that a search imports make no instance at all, so here all of them share methods that look at the values.
"""

from __future__ import annotations

from functools import partial
from operator import ge, gt, le, lt

from dragoman_server.cli.light_modules import StandIn

TYPE_CHECKING = False
if TYPE_CHECKING:  # the typing module takes as long as a short search
    from collections.abc import Callable
    from dataclasses import Field
    from typing import Any, Final

_KNOWN: Final = frozenset({"frozen", "slots", "kw_only", "eq", "order"})
_KNOWN_OF_FIELDS: Final = frozenset({"default", "default_factory", "repr", "compare"})
_NO_DEFAULT: Final = object()


class LightField:
    """What a class says of a field.

    Attributes:
        given: The arguments of :func:`dataclasses.field`.
    """

    def __init__(self, **given: Any) -> None:
        """Take them."""
        self.given = given


def light_dataclass(cls: type[Any] | None = None, /, **options: bool) -> Any:
    """A dataclass as :func:`dataclasses.dataclass` makes one, without slots, and without the lock of frozen ones.

    What is rare (other options, fields that are no arguments) is left to Python's.
    """
    if cls is None:
        return partial(light_dataclass, **options)
    body = dict(vars(cls))
    fields = _Fields(cls, options)
    if not fields.are_plain:
        return _dataclass_of_python(cls, body, options)
    for name in fields.factories.keys() & body.keys():
        # A field with a factory has no class attribute in Python's dataclasses either.
        delattr(cls, name)
    for name, default in fields.defaults.items():
        if isinstance(body.get(name), LightField):
            setattr(cls, name, default)
    for name, value in _methods(fields, options).items():
        if name not in body or name in {"__init__", "__hash__"}:
            setattr(cls, name, value)
    return cls


def light_replace(instance: Any, /, **changes: Any) -> Any:
    """As :func:`dataclasses.replace`."""
    if not hasattr(instance, "__light_fields__"):
        return DATACLASSES.original().replace(instance, **changes)
    return type(instance)(**{**vars(instance), **changes})


def _dataclass_of_python(cls: type[Any], body: dict[str, Any], options: dict[str, bool]) -> type[Any]:
    original = DATACLASSES.original()
    for name, value in body.items():
        if isinstance(value, LightField):
            setattr(cls, name, original.field(**value.given))
    made: type[Any] = original.dataclass(**options)(cls)
    return made


class _Fields:
    """The fields of a light class, and a descriptor that gives those of Python's when they are looked at.

    Attributes:
        names: Of all of them, in their order.
        positional: Those that an argument without a name may give.
        shown: Those that ``repr`` tells.
        compared: Those by which two are equal.
        defaults: Plain values.
        factories: What makes a value for each instance.
        initialize: What runs after the constructor.
        are_plain: Nothing about them is rare.
    """

    def __init__(self, cls: type[Any], options: dict[str, bool]) -> None:
        before: _Fields | None = getattr(cls, "__light_fields__", (None,))[0]
        self._cls = cls
        self.names: list[str] = [*before.names] if before else []
        self.positional: list[str] = [*before.positional] if before else []
        self.shown: list[str] = [*before.shown] if before else []
        self.compared: list[str] = [*before.compared] if before else []
        self.defaults: dict[str, Any] = {**before.defaults} if before else {}
        self.factories: dict[str, Callable[[], Any]] = {**before.factories} if before else {}
        self.initialize: Callable[[Any], None] | None = getattr(cls, "__post_init__", None)
        own: dict[str, object] = vars(cls).get("__annotations__", {})
        self.are_plain = (
            options.keys() <= _KNOWN
            and own.keys().isdisjoint(self.names)
            and (before is not None or not hasattr(cls, "__dataclass_fields__"))
            and all(self._add(cls, name, kind, named=options.get("kw_only", False)) for name, kind in own.items())
        )

    def __get__(self, instance: object, owner: type[Any]) -> dict[str, Field[Any]]:
        """The fields as Python's own dataclass has them."""
        original = DATACLASSES.original()
        described = [(name, object, original.field(**self._described(name))) for name in self.names]
        namespace = {"__doc__": "Has the same fields."}  # one without would be described by its signature
        twin = original.make_dataclass("Twin", described, init=False, repr=False, eq=False, namespace=namespace)
        fields: dict[str, Field[Any]] = twin.__dataclass_fields__
        setattr(self._cls, "__dataclass_fields__", fields)  # noqa: B010  # no type checker has to know it
        return fields

    def _described(self, name: str) -> dict[str, Any]:
        given: dict[str, Any] = {
            "repr": name in self.shown,
            "compare": name in self.compared,
            "kw_only": name not in self.positional,
        }
        if name in self.factories:
            given["default_factory"] = self.factories[name]
        elif name in self.defaults:
            given["default"] = self.defaults[name]
        return given

    def _add(self, cls: type[Any], name: str, kind: object, *, named: bool) -> bool:
        """Add a field; whether it is one that can be described here."""
        if not isinstance(kind, str) or kind.startswith(("InitVar", "KW_ONLY")):
            return False
        if kind.startswith("ClassVar"):
            return True
        default: Any = vars(cls).get(name, _NO_DEFAULT)
        given: dict[str, Any] = {}
        if isinstance(default, LightField):
            given = default.given
            if not given.keys() <= _KNOWN_OF_FIELDS:
                return False
            default = given.get("default", _NO_DEFAULT)
            if "default_factory" in given:
                self.factories[name] = given["default_factory"]
        if default is not _NO_DEFAULT:
            self.defaults[name] = default
        self.names.append(name)
        for wanted, names in (
            (not named, self.positional),
            (given.get("repr", True), self.shown),
            (given.get("compare", True), self.compared),
        ):
            if wanted:
                names.append(name)
        return default.__class__.__hash__ is not None  # Python refuses others, and says why


def _methods(fields: _Fields, options: dict[str, bool]) -> dict[str, Any]:
    """What Python's own dataclass adds to a class."""
    methods: dict[str, Any] = {
        "__light_fields__": (fields,),  # a descriptor alone would be asked
        "__dataclass_fields__": fields,
        "__match_args__": tuple(fields.positional),
        "__init__": _constructor(fields),
        "__repr__": _repr,
    }
    if options.get("eq", True):
        methods |= {"__eq__": _is_equal, "__hash__": _hash_of if options.get("frozen") else None}
    if options.get("order"):
        methods |= {f"__{compare.__name__}__": _comparison(compare) for compare in (lt, le, gt, ge)}
    return methods


def _constructor(fields: _Fields) -> Callable[..., None]:
    names, positional, defaults = set(fields.names), fields.positional, fields.defaults
    factories, initialize = fields.factories, fields.initialize

    def construct(self: Any, /, *args: Any, **given: Any) -> None:
        values: dict[str, Any] = self.__dict__
        values.update(defaults)
        values.update(zip(positional, args, strict=False))
        values.update(given)
        for name, make in factories.items():
            if name not in values:
                values[name] = make()
        twice = not given.keys().isdisjoint(positional[: len(args)])
        if twice or len(args) > len(positional) or values.keys() != names:
            raise TypeError(f"{type(self).__name__} takes {', '.join(fields.names)}.")
        if initialize is not None:
            initialize(self)

    return construct


def _compared(instance: Any) -> tuple[Any, ...]:
    return tuple([getattr(instance, name) for name in instance.__light_fields__[0].compared])


def _is_equal(self: object, other: object) -> bool:
    return _compared(self) == _compared(other) if other.__class__ is self.__class__ else NotImplemented


def _hash_of(self: object) -> int:
    return hash(_compared(self))


def _comparison(compare: Callable[[Any, Any], bool]) -> Callable[[object, object], bool]:
    def is_so(self: object, other: object) -> bool:
        return compare(_compared(self), _compared(other)) if other.__class__ is self.__class__ else NotImplemented

    return is_so


def _repr(self: Any) -> str:
    values = ", ".join([f"{name}={getattr(self, name)!r}" for name in self.__light_fields__[0].shown])
    return f"{type(self).__qualname__}({values})"


DATACLASSES: Final = StandIn(
    "dataclasses", {"dataclass": light_dataclass, "field": LightField, "replace": light_replace}
)
