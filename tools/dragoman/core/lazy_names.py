"""Public names of a package that are imported when they are first used.

A package whose ``__init__`` imports all that it offers makes every module in it as slow to import as all of them.
"""

from __future__ import annotations

import sys
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:  # no module may be needed before this one has said which
    from collections.abc import Callable, Mapping, Sequence


def lazy_names(package: str, modules: Mapping[str, Sequence[str]]) -> Callable[[str], object]:
    """Make the ``__getattr__`` of a package.

    Args:
        package: Name of the package.
        modules: For each module the public names that it defines; below the package, unless it begins with
            ``dragoman.``.
    """
    modules_by_name = {name: module for module, names in modules.items() for name in names}

    def get(name: str) -> object:
        if name not in modules_by_name:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = modules_by_name[name]
        found: object = getattr(
            import_module(module if module.startswith("dragoman.") else f"{package}.{module}"), name
        )
        # From then on Python finds the name in the package and does not ask here.
        setattr(sys.modules[package], name, found)
        return found

    return get
