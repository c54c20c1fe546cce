"""The command line."""

from __future__ import annotations

import sys
from io import TextIOWrapper


def speak_utf8() -> None:
    """Write UTF-8 whatever the locale says; a lone surrogate ends nothing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
