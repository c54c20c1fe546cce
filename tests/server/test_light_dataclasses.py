"""A dataclass that a short command defines behaves as Python's own does."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import json
import subprocess
import sys
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Generic, TypeVar

import pytest

from dragoman_server.cli.light_dataclasses import DATACLASSES, LightField, light_dataclass, light_replace
from dragoman_server.cli.light_modules import StandingIn, datetime_in_c
from dragoman_server.cli.light_typing import TYPING

T = TypeVar("T")
Decorator = Callable[..., Any]

# What the classes of all modules have to agree in.
DESCRIBE = """
import dataclasses, sys
def described():
    return {
        f"{name}.{key}": [
            [repr(cls.__match_args__), "__post_init__" in vars(cls), cls.__hash__ is None, "__lt__" in vars(cls)],
            *([f.name, f.repr, f.compare, f.kw_only, f.default is dataclasses.MISSING,
               f.default_factory is dataclasses.MISSING] for f in dataclasses.fields(cls)),
        ]
        for name, module in sorted(sys.modules.items()) if name.startswith("dragoman")
        for key, cls in vars(module).items() if isinstance(cls, type) and cls.__module__ == name
        and "__dataclass_fields__" in vars(cls)
    }
"""
IMPORT = "import dragoman_server.cli.quick_search, dragoman.store.sqlite.inline_store, dragoman.rendering.plain.search"
LIGHTLY = f"""{DESCRIBE}
import json
from dragoman_server.cli.light_dataclasses import DATACLASSES
from dragoman_server.cli.light_modules import StandingIn, datetime_in_c
from dragoman_server.cli.light_typing import TYPING
with StandingIn(DATACLASSES, TYPING):
    {IMPORT}
light = [name for name, module in sys.modules.items() if name.startswith("dragoman")
         for cls in vars(module).values() if hasattr(cls, "__light_fields__")]
print(len(light), json.dumps(described()))
"""
USUALLY = f"""{DESCRIBE}
import json
import dragoman_server.cli.light_dataclasses
{IMPORT}
print(0, json.dumps(described()))
"""


def classes(decorator: Decorator, field: Callable[..., Any]) -> dict[str, Any]:
    """Classes of every kind."""

    @decorator(frozen=True, slots=True)
    class Plain:
        one: int
        two: str = "b"

    @decorator(slots=True)
    class Open:
        one: int
        two: list[int] = field(default_factory=list)

    @decorator(frozen=True, slots=True, kw_only=True)
    class Named:
        one: int = 1
        two: Mapping[str, int] = field(default_factory=dict)

    @decorator(frozen=True, slots=True, kw_only=True)
    class Child(Named):
        three: int

    @decorator(frozen=True, order=True)
    class Ordered:
        one: int
        two: int = 0

    @decorator(frozen=True, slots=True)
    class Quiet:
        shared: ClassVar[int] = 5
        one: int
        two: Any = field(default=None, repr=False, compare=False)

    @decorator(frozen=True, slots=True)
    class Checked:
        one: int
        two: str = ""

        def __post_init__(self) -> None:
            if self.one < 0:
                raise ValueError("one is negative")
            object.__setattr__(self, "two", str(self.one))

    @decorator(eq=False)
    class Same:
        one: int

        def __repr__(self) -> str:
            return "its own"

    @decorator(frozen=True)
    class Derived:
        one: int
        two: int = field(init=False, default=8)

    @decorator
    class Bare(Generic[T]):
        one: T

    return {name: value for name, value in locals().items() if isinstance(value, type) and value is not field}


LIGHT, PYTHONS = classes(light_dataclass, LightField), classes(dataclass, field)
CALLS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((), {}),
    ((1,), {}),
    ((1, "x"), {}),
    ((2,), {"two": "x"}),
    ((), {"one": 3}),
    ((), {"one": 3, "three": 4}),
    ((-1,), {}),
    ((1, 2, 3), {}),
    ((1,), {"one": 2}),
    ((1,), {"other": 2}),
]


def tried(action: Callable[[], object]) -> object:
    """What an action gives, or the kind of its error."""
    try:
        return action()
    except Exception as error:  # noqa: BLE001  # whatever it is, both have to raise it
        return type(error)


def without_module(value: Any) -> Any:
    return repr(value).replace("classes.<locals>.", "")


@pytest.mark.parametrize("name", LIGHT)
def test_a_light_class_is_made_compared_and_told_as_pythons_own(name):
    light, pythons = LIGHT[name], PYTHONS[name]
    assert without_module(light.__match_args__) == without_module(pythons.__match_args__)
    both = [[tried(lambda cls=cls, call=call: cls(*call[0], **call[1])) for call in CALLS] for cls in (light, pythons)]
    assert [without_module(value) for value in both[0]] == [without_module(value) for value in both[1]]
    equal = [[one == other for one in made for other in made] for made in both]
    assert equal[0] == equal[1]
    for one, other in zip(*both, strict=True):
        assert type(tried(lambda one=one: hash(one))) is type(tried(lambda other=other: hash(other)))
        assert type(tried(lambda one=one: one < one)) is type(tried(lambda other=other: other < other))  # noqa: PLR0124


@pytest.mark.parametrize("name", LIGHT)
def test_the_fields_of_a_light_class_are_those_of_pythons_own(name):
    described = [
        [(one.name, one.default, one.default_factory, one.repr, one.compare, one.kw_only) for one in fields(cls)]
        for cls in (LIGHT[name], PYTHONS[name])
    ]
    assert described[0] == described[1]


def test_values_of_a_light_class_are_copied_replaced_and_ordered():
    replaced = light_replace(LIGHT["Child"](three=3), one=7)
    assert (replaced.one, replaced.three) == (7, 3)
    assert dataclasses.replace(replaced, three=4).three == 4
    assert copy.deepcopy(replaced) == replaced
    assert sorted(map(LIGHT["Ordered"], (3, 1, 2))) == list(map(LIGHT["Ordered"], (1, 2, 3)))
    assert {LIGHT["Plain"](1), LIGHT["Plain"](1)} == {LIGHT["Plain"](1)}
    assert light_replace(PYTHONS["Child"](three=3), one=7) == PYTHONS["Child"](one=7, three=3)


def test_a_light_named_tuple_is_one_with_defaults_and_methods():
    class Point(TYPING.NamedTuple):
        """Somewhere."""

        x: int
        y: int = 2

        @property
        def sum(self) -> int:
            return self.x + self.y

    assert (Point(1), Point(x=3, y=4).sum, Point._fields) == ((1, 2), 7, ("x", "y"))
    assert Point(1)._replace(y=5).y == 5
    assert (Point.__doc__, Point.__module__) == ("Somewhere.", __name__)


def test_modules_that_stand_in_give_their_places_back():
    with StandingIn(DATACLASSES, TYPING):
        assert sys.modules["dataclasses"] is DATACLASSES
        assert sys.modules["typing"] is TYPING
        from dataclasses import FrozenInstanceError as Rare
        from typing import TypedDict as AlsoRare
    assert sys.modules["dataclasses"] is dataclasses
    assert sys.modules["typing"] is typing
    assert (Rare, AlsoRare) == (dataclasses.FrozenInstanceError, typing.TypedDict)


def test_datetime_in_c_has_the_same_classes():
    stand_in = datetime_in_c()
    for name in ("UTC", "date", "datetime", "time", "timedelta", "timezone", "tzinfo", "MAXYEAR", "datetime_CAPI"):
        assert getattr(stand_in, name) is getattr(dt, name)
    assert stand_in.sys is sys, "what only Python's own has comes from there"


def test_every_dataclass_of_a_search_has_the_fields_that_it_has_elsewhere():
    counts, described = [], []
    for program in (LIGHTLY, USUALLY):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
        count, _, text = done.stdout.partition(" ")
        counts.append(int(count))
        described.append(json.loads(text))
    assert counts[0] > 50
    assert counts[1] == 0
    assert described[0] == described[1]
