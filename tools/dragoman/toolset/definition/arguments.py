"""From what a client sent to what a tool's function takes: lenient in form, strict in meaning.

Models write numbers as strings and lists as JSON; that is accepted. A misspelt or impossible
argument is answered with the name, what is accepted, and an example, and never dropped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final, cast

from dragoman.core.errors import InvalidArgument
from dragoman.core.safe_text import SafeText, join, safe, sentence, unquoted
from dragoman.toolset.definition.spec import Parameter, ToolSpec

_INTEGER: Final = re.compile(r"[+-]?\d{1,18}(\.0+)?")
_MOST_TEXT: Final = 16 * 1024 * 1024
_MOST_TOLD: Final = 10
_CLEARED: Final = ("text", "subject")


def check(tool: ToolSpec, arguments: Mapping[str, object]) -> dict[str, object]:
    """Check the arguments of a call against the tool's parameters.

    An argument that is null, or an empty string where it may be left out, counts as left out; an empty
    text or subject is kept, because it clears what is there.

    Returns:
        The arguments that were given, in the types that the tool's function takes.

    Raises:
        InvalidArgument: All that is wrong with them.
    """
    wrong = [*_unknown(tool, arguments)]
    good: dict[str, object] = {}
    for name, parameter in tool.parameters.items():
        value = arguments.get(name)
        if value is None or (value == "" and not parameter.required and name not in _CLEARED):
            if parameter.required:
                wrong.append(sentence("{} is missing ({}).", name, unquoted(parameter.description)))
            continue
        try:
            good[name] = _value(parameter, value)
        except ValueError as error:
            wrong.append(sentence("{} must be {}.", name, unquoted(str(error))))
    if wrong:
        raise InvalidArgument(
            join(wrong, " ", most=_MOST_TOLD), hint=sentence("{} takes: {}.", tool.name, join(tool.parameters))
        )
    return good


def _unknown(tool: ToolSpec, arguments: Mapping[str, object]) -> Iterable[SafeText]:
    for name in arguments:
        if name not in tool.parameters:
            near = get_close_matches(str(name)[:60], tool.parameters, n=1)
            meant = sentence("; did you mean {}?", near[0]) if near else safe(".")
            yield sentence("There is no argument {!r}{}", str(name), meant)


def _value(parameter: Parameter, value: object) -> object:
    if parameter.kind == "integer":
        return _integer(parameter, value)
    if parameter.kind == "array":
        return _texts(value)
    text = _text(value)
    if parameter.choices and text.strip().lower() not in parameter.choices:
        raise ValueError(f"one of {', '.join(parameter.choices)}")
    return text.strip().lower() if parameter.choices else text


def _integer(parameter: Parameter, value: object) -> int:
    bounds = parameter.range
    wanted = f"a number from {bounds.low} to {bounds.high}" if bounds else "a whole number"
    if isinstance(value, bool) or not _INTEGER.fullmatch(str(value).strip()):
        raise ValueError(wanted)
    number = int(float(value)) if isinstance(value, float) else int(str(value).strip().partition(".")[0])
    if bounds and not bounds.low <= number <= bounds.high:
        raise ValueError(wanted)
    return number


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("a text")  # noqa: TRY004  # one kind of failure for the caller to collect
    text = str(value)
    if len(text) > _MOST_TEXT:
        raise ValueError(f"at most {_MOST_TEXT:,} characters long")
    return text


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.lstrip().startswith("[") else [value]
        except ValueError:
            raise ValueError('a list of texts such as ["urgent"]') from None
    items = cast("list[object]", value) if isinstance(value, list | tuple) else [value]
    texts = tuple(item for item in items if isinstance(item, str))
    if len(texts) < len(items):
        raise ValueError('a list of texts such as ["urgent"]')
    return texts
