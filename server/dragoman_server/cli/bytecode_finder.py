"""Finds compiled modules of our packages where they have to be, which halves what their import costs.

Python looks through each folder for everything that might have the name of a module. What is not compiled, or is older
than its source, is left to it, and so are all other packages.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import MAGIC_NUMBER
from marshal import loads

TYPE_CHECKING = False
if TYPE_CHECKING:  # the typing module takes as long as a short search
    from collections.abc import Sequence
    from types import CodeType, ModuleType

_OURS = ("dragoman.", "dragoman_server.")
_HEADER = 16
"""Bytes before the code: a magic number, flags, and time and size of the source. See PEP 552."""


class BytecodeFinder:
    """A finder of modules; it is asked first as long as it is used as a context."""

    def __init__(self) -> None:
        """Note how Python names compiled modules."""
        self._ending = f".{sys.implementation.cache_tag}.pyc"

    def __enter__(self) -> None:
        """Find modules from now on, if compiled ones are where they are by default."""
        # With -O compiled modules end otherwise, and a prefix puts them elsewhere.
        if not sys.flags.optimize and sys.pycache_prefix is None:
            sys.meta_path.insert(0, self)

    def __exit__(self, *_error: object) -> None:
        """Find no more modules."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(self, name: str, path: Sequence[str] | None, _target: ModuleType | None = None) -> ModuleSpec | None:
        """Where a module is, with its code; ``None`` where another finder has to look for it."""
        if path is None or not name.startswith(_OURS):
            return None
        folder = os.path.join(path[0], name.rpartition(".")[2])  # noqa: PTH118  # pathlib takes time
        try:
            return self._spec(name, *os.path.split(folder))
        except FileNotFoundError:
            pass
        except (OSError, ValueError, EOFError, TypeError):
            return None
        try:
            # No such module, so it may be a package.
            spec = self._spec(name, folder, "__init__")
        except (OSError, ValueError, EOFError, TypeError):
            return None
        if spec is not None:
            spec.submodule_search_locations = [folder]
        return spec

    def _spec(self, name: str, folder: str, stem: str) -> ModuleSpec | None:
        source = os.path.join(folder, f"{stem}.py")  # noqa: PTH118  # as above
        compiled = os.path.join(folder, "__pycache__", stem + self._ending)  # noqa: PTH118  # as above
        with open(compiled, "rb", buffering=0) as file:  # noqa: PTH123  # as above
            content = file.read()
        stat = os.stat(source)  # noqa: PTH116  # as above
        # Flags of 0 mean a check by time and size; files that are checked by hash are left to Python.
        numbers = (0, int(stat.st_mtime), stat.st_size)
        header = MAGIC_NUMBER + b"".join([(number & 0xFFFFFFFF).to_bytes(4, "little") for number in numbers])
        if content[:_HEADER] != header:
            return None
        loader = _CodeLoader(name, source, loads(memoryview(content)[_HEADER:]))  # noqa: S302  # as Python does
        spec = ModuleSpec(name, loader, origin=source)
        spec.has_location = True
        return spec


class _CodeLoader(SourceFileLoader):
    """Loads a module whose code is there."""

    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType | None:
        """The code of the module, or of another one as Python loads it."""
        return self._code if fullname == self.name else super().get_code(fullname)
