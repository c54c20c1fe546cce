"""Paths of keys in a settings file, such as ``accounts.work.token``."""

from __future__ import annotations

import json
import re
from typing import Final

KeyPath = tuple[str, ...]

_BARE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LONGEST_KEY: Final = 64


def dotted(path: KeyPath) -> str:
    """A key path as it would be written in the file, safe to show whatever the keys contain."""
    # Keys come from the file: JSON quotes escape what a terminal would obey.
    return ".".join(key if _BARE.fullmatch(key) else json.dumps(key[:_LONGEST_KEY]) for key in path)
