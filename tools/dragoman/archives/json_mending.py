"""Parses whole JSON texts, also wrong ones: invalid escapes, halves of surrogate pairs, control characters."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from json.scanner import make_scanner
from typing import Final

from dragoman.archives.fields import EMPTY, JsonObject, is_list, object_of
from dragoman.archives.sources import File
from dragoman.archives.text import decode
from dragoman.core.lazy_pattern import lazy_pattern

LARGEST_FILE: Final = 16 << 20
"""Bytes of a file that is read as a whole."""

DECODER: Final = json.JSONDecoder(strict=False)
"""Takes control characters in strings."""

scan: Final[Callable[[str, int], tuple[object, int]]] = make_scanner(DECODER)  # type: ignore[arg-type] # as the decoder itself calls it
"""Reads the value at a place: it and where it ends. ``StopIteration`` tells that there is none."""

_ESCAPE: Final = lazy_pattern(
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
        # The parser takes half a surrogate pair, which no UTF-8 can hold.
        if "\\ud" not in text and "\\uD" not in text:
            value, end = scan(text, 0)
            return value if end == len(text) else DECODER.decode(text)
    except (ValueError, StopIteration):
        pass
    except RecursionError:
        raise ValueError("too deep") from None
    try:
        return DECODER.decode(mend(text))
    except RecursionError:
        raise ValueError("too deep") from None


def read_object(file: File | None) -> JsonObject:
    """The object that a small file holds; an empty one when there is no file, or it holds no object."""
    if file is None:
        return EMPTY
    with file.open() as content:
        data = content.read(LARGEST_FILE)
    try:
        return object_of(parse(decode(data)))
    except ValueError:
        return EMPTY


def list_within(value: object) -> list[object]:
    """A list, which some programs write as JSON within a text; an empty one when it is neither."""
    if isinstance(value, str):
        try:
            value = parse(value)
        except ValueError:
            return []
    return value if is_list(value) else []
