"""Parses JSON that programs wrote wrongly: invalid escapes, halves of surrogate pairs, control characters."""

from __future__ import annotations

import json
import re
from typing import Final

DECODER: Final = json.JSONDecoder(strict=False)
"""Takes control characters in strings."""

_ESCAPE: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a pair, which is right
    r"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"  # half of one
    r"|(\\u(?![0-9a-fA-F]{4}))"
    r"|\\x([0-9a-fA-F]{2})"
    r'|(\\[^"\\/bfnrtu])'
    r"|\\.",
    re.DOTALL,
)


def mend(text: str) -> str:
    r"""The JSON text with valid escapes: half a surrogate pair is U+FFFD, ``\x0B`` is what it means."""

    def replacement(escape: re.Match[str]) -> str:
        half, cut, byte, other = escape.groups()
        if half:
            return "\\ufffd"
        if byte:
            return f"\\u00{byte}"
        return f"\\{escape[0]}" if cut or other else escape[0]

    return _ESCAPE.sub(replacement, text)


def parse(text: str) -> object:
    """Parse a whole JSON text, mended where it is damaged.

    Raises:
        ValueError: It is no JSON.
    """
    try:
        if "\\ud" not in text and "\\uD" not in text:
            return DECODER.decode(text)
    except ValueError:
        pass
    except RecursionError:
        raise ValueError("too deep") from None
    try:
        return DECODER.decode(mend(text))
    except RecursionError:
        raise ValueError("too deep") from None
