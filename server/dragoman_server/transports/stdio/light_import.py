"""Importing the SDK without the half of it that a server never uses.

The ``__init__`` of ``mcp`` and of ``mcp.server`` import a client, an HTTP client and a second framework, which is
more than half of the time until a server answers. Their modules are imported one by one here, and the ``__init__``
runs when something is wanted that only it has. Imports nothing that is not Python's.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType

PACKAGES = ("mcp", "mcp.server")
WANTED = "mcp.server.lowlevel"


class _Deferred(ModuleType):
    """A package whose ``__init__`` has not run yet."""

    def __getattr__(self, name: str) -> object:
        """Run it, because something is wanted that is not there."""
        spec = self.__spec__
        if (name.startswith("__") and name.endswith("__")) or spec is None or spec.loader is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        object.__setattr__(self, "__class__", ModuleType)  # as if it had never been deferred
        spec.loader.exec_module(self)
        found: object = getattr(self, name)
        return found


def light(wanted: str = WANTED, packages: tuple[str, ...] = PACKAGES) -> None:
    """Import a module, and of the packages around it only what it needs.

    Does nothing where a package has been imported before. Should the module need its packages whole, for
    a version of them may have changed, it is imported as usual.

    Args:
        wanted: The module.
        packages: The packages around it, the outermost first.
    """
    if packages[0] in sys.modules:
        return
    before = set(sys.modules)
    try:
        for name in packages:
            defer(name)
        import_module(wanted)
    except (ImportError, AttributeError):
        outermost = packages[0]
        for name in set(sys.modules) - before:
            if name == outermost or name.startswith(f"{outermost}."):
                del sys.modules[name]
        import_module(wanted)


def defer(name: str) -> None:
    """Let a module run when something of it is first wanted, which may be never."""
    spec = find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    module = module_from_spec(spec)
    module.__class__ = _Deferred
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)
