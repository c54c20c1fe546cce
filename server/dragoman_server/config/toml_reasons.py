"""Says what is wrong with a line of TOML and how to write it, in place of the parser's own words."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Final

from dragoman_server.config.key_paths import dotted

_ESCAPES: Final = {"Invalid hex value", "Unescaped '\\' in a string", "Escaped character is not a Unicode scalar value"}
_SENTENCES: Final[Mapping[str, str]] = {
    "Invalid value": 'the value is none that TOML knows; text stands in quotes, as in {key} = "..."',
    "Invalid date or datetime": 'this is no date that there can be; text stands in quotes, as in {key} = "..."',
    "Illegal character '\\n'": "the quotes that begin here are not closed in the same line",
    "Expected '=' after a key in a key/value pair": 'a setting is written {key} = "value"; a table begins with [NAME]',
    "Expected newline or end of document after a statement": (
        "something follows the value; write one setting on each line, and what is a remark after a #"
    ),
    "Invalid statement": 'a line begins with a key, a [table] or a #; a setting is written {key} = "value"',
    "Invalid initial character for a key part": "a key has letters, digits, - and _, or stands in quotes",
    "Expected ']' at the end of a table declaration": "a table is written [accounts.NAME], with one ] at its end",
    "Cannot overwrite a value": "this is set a second time; leave one of both out",
    "Unclosed array": "the list is not closed with ] where it should be",
    "Unclosed inline table": "the braces are not closed in the same line",
}
_UNCLOSED: Final = "what begins in this line is never closed"
_PATH: Final = re.compile(r"Cannot (?:declare|redefine namespace|mutate immutable namespace) (\(.*\))")
_KEY: Final = re.compile(r"Duplicate inline table key ('.*'|\".*\")")

WINDOWS_PATH: Final = "a backslash in \"...\" begins an escape; write {key} = '...' in single quotes, or double each \\"
"""Advice for a Windows path in double quotes."""


def explain(reason: str, key: str | None) -> str:
    """The reason of a mistake in words, with its cure where one is known.

    Args:
        reason: The parser's words, without the place.
        key: The key that the line begins with.
    """
    if reason in _ESCAPES:
        return _with_key(WINDOWS_PATH, key)
    if reason in _SENTENCES:
        return _with_key(_SENTENCES[reason], key)
    if found := _PATH.match(reason):
        return f"{dotted(ast.literal_eval(found[1]))} is there twice; put all of it into one place"
    if found := _KEY.match(reason):
        return f"{dotted((ast.literal_eval(found[1]),))} is set twice in these braces"
    return reason


def explain_end(reason: str, key: str | None) -> str:
    """The same for a mistake that the parser found where the file ends."""
    words = explain(reason, key)
    return words if reason in _SENTENCES and not reason.startswith("Un") else _with_key(_UNCLOSED, key)


def _with_key(sentence: str, key: str | None) -> str:
    text = sentence.format(key=key or "NAME")
    return f"{key}: {text}" if key else f"{text[0].upper()}{text[1:]}"
