"""Stand-ins for modules of Python that take longer than a short command does, in one that is over at once."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:  # the typing module is one of those
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Any

_OURS = ("dragoman", "dragoman_server")


class StandIn(ModuleType):
    """A module in the place of another, which is imported when something is wanted that only it has."""

    def __init__(self, name: str, content: Mapping[str, object]) -> None:
        """Make one.

        Args:
            name: Of the other module.
            content: What the stand-in has itself.
        """
        super().__init__(name)
        self.__dict__.update(content)
        self._original: Any = None

    def __getattr__(self, name: str) -> object:
        """What is rare, from the other module."""
        # The import system asks modules for such names, which must not load the original.
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.original(), name)

    def original(self) -> Any:
        """The other module."""
        if self._original is None:
            # An import would find the stand-in again, so that steps aside meanwhile.
            is_here = sys.modules.get(self.__name__) is self
            if is_here:
                del sys.modules[self.__name__]
            self._original = import_module(self.__name__)
            if is_here:
                sys.modules[self.__name__] = self
        return self._original

    def come(self) -> None:
        """Take the place of the other module."""
        self._original = sys.modules.get(self.__name__)
        sys.modules[self.__name__] = self

    def go(self) -> None:
        """Give the place back."""
        del sys.modules[self.__name__]
        if self._original is not None:
            sys.modules[self.__name__] = self._original


class StandingIn:
    """Modules that are imported inside it get stand-ins."""

    def __init__(self, *stand_ins: StandIn) -> None:
        """Take them."""
        self._stand_ins = stand_ins

    def __enter__(self) -> None:
        """Let them come."""
        for stand_in in self._stand_ins:
            stand_in.come()

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        """Let them go."""
        for stand_in in self._stand_ins:
            stand_in.go()


def datetime_in_c() -> StandIn:
    """What of ``datetime`` is written in C, which is all of it; its Python half is defined only to be replaced."""
    try:
        names = vars(import_module("_datetime"))
    except ImportError:
        names = {}
    return StandIn("datetime", {name: value for name, value in names.items() if not name.startswith("_")})


def forget_light_modules() -> None:
    """Have the modules that got a stand-in imported again, as they are."""
    for name in [name for name in sys.modules if name.partition(".")[0] in _OURS]:
        del sys.modules[name]
