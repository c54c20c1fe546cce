"""Tools as data: what the signature of a tool's function says, as a schema and as a check.

The keyword-only parameters of the function are the tool's parameters. Their annotations carry the
description, and the bounds of numbers; nothing is said a second time elsewhere.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, cast, get_args, get_origin, get_type_hints

from dragoman.core.errors import InvalidArgument
from dragoman.core.lazy_pattern import lazy_pattern
from dragoman.core.safe_text import SafeText, join, safe, sentence, unquoted
from dragoman.providers.base.capability import WRITES, Capability

CONVERSATION: Final = "reference account:id, or a title"
MESSAGE: Final = "number such as 412, reference, or link"
SINCE: Final = "ISO time or date, yesterday, or ago: 2h, 3d"
UNTIL: Final = "as since; a day is included"
AUTHOR: Final = "part of the name, e-mail, or me"
CURSOR: Final = "from the page before; repeat the other arguments"


@dataclass(frozen=True, slots=True)
class Range:
    """The bounds of a number, both included."""

    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a tool.

    Attributes:
        kind: ``string``, ``integer`` or ``array`` (of strings), as in JSON Schema.
        choices: The only values, for a closed set.
    """

    name: str
    kind: Literal["string", "integer", "array"]
    description: str
    required: bool
    choices: tuple[str, ...] = ()
    range: Range | None = None

    @property
    def schema(self) -> dict[str, object]:
        """The JSON Schema: short, because every word of it is in the context of every conversation."""
        schema: dict[str, object] = {"type": self.kind}
        if self.kind == "array":
            schema["items"] = {"type": "string"}
        if self.choices:
            schema["enum"] = list(self.choices)
        schema["description"] = self.description
        return schema


FORMAT: Final = Parameter(
    name="format", kind="string", description="default text", required=False, choices=("text", "json")
)
MAX_TOKENS: Final = Parameter(
    name="max_tokens", kind="integer", description="size of the answer, from 200, default 3000", required=False,
    range=Range(200, 1_000_000),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ToolSpec:
    """One tool: what the assistant reads of it, what it needs, and the function behind it.

    Attributes:
        capability: What at least one account must offer for the tool to be listed.
        hint: Words that people use for what it does, for hosts that search tools by words.
        destructive: Does it overwrite something.
        idempotent: Does calling it twice change no more than calling it once.
        called: The tool's name, where that is not its capability's.
        resumes: Does it go on where the caller's last answer ended, so that one has to be noted before.
        run: The function; its result is what :mod:`dragoman.toolset.answer` lays out.
    """

    title: str
    description: str
    capability: Capability
    run: Callable[..., Awaitable[Any]]
    hint: str = ""
    destructive: bool = False
    idempotent: bool = False
    called: str = ""
    resumes: bool = False

    @cached_property
    def name(self) -> str:
        """The tool's name, which is nearly always its capability's."""
        return self.called or self.capability.value

    @cached_property
    def read_only(self) -> bool:
        """Whether it changes nothing in any account."""
        return self.capability not in WRITES

    @cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        """The parameters by name, in the order of the signature."""
        found = [*_parameters(self.run), *((FORMAT, MAX_TOKENS) if self.read_only else ())]
        return {parameter.name: parameter for parameter in found}

    @cached_property
    def input_schema(self) -> dict[str, object]:
        """The JSON Schema of the arguments (2020-12, root of type object)."""
        return {
            "type": "object",
            "properties": {name: parameter.schema for name, parameter in self.parameters.items()},
            "required": [name for name, parameter in self.parameters.items() if parameter.required],
            "additionalProperties": False,
        }


def _parameters(function: Callable[..., object]) -> list[Parameter]:
    hints = get_type_hints(function, include_extras=True)
    signature = inspect.signature(function).parameters.values()
    return [_parameter(p, hints[p.name]) for p in signature if p.kind is inspect.Parameter.KEYWORD_ONLY]


def _parameter(parameter: inspect.Parameter, annotation: Any) -> Parameter:
    bare, *notes = get_args(annotation) if get_origin(annotation) is Annotated else (annotation,)
    kind, choices = _kind(_required_part(bare))
    return Parameter(
        name=parameter.name,
        kind=kind,
        description=next(note for note in notes if isinstance(note, str)),
        required=parameter.default is inspect.Parameter.empty,
        choices=choices,
        range=next((note for note in notes if isinstance(note, Range)), None),
    )


def _required_part(bare: Any) -> Any:
    if get_origin(bare) in (Union, UnionType):
        (bare,) = (part for part in get_args(bare) if part is not NoneType)
    return bare


def _kind(bare: Any) -> tuple[Literal["string", "integer", "array"], tuple[str, ...]]:
    if get_origin(bare) is Literal:
        return "string", get_args(bare)
    if get_origin(bare) is tuple:
        return "array", ()
    return ("integer" if bare is int else "string"), ()


_INTEGER: Final = lazy_pattern(r"[+-]?\d{1,18}(\.0+)?")
_MOST_TEXT: Final = 16 * 1024 * 1024
_MOST_TOLD: Final = 10
_SYNONYMS: Final = {
    "newest": "latest", "desc": "latest", "descending": "latest", "asc": "oldest", "ascending": "oldest",
    "dm": "direct", "dms": "direct", "direct message": "direct", "direct messages": "direct", "private": "direct",
    "email": "mail", "emails": "mail",
}  # fmt: skip
"""Other words for values of closed sets."""

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
    wrong = _unknown(tool, arguments) if arguments.keys() - tool.parameters.keys() else []
    good: dict[str, object] = {}
    for name, parameter in tool.parameters.items():
        value = _single(parameter, arguments.get(name))
        # Models fill arguments that they mean to leave out with null or an empty string.
        if value is None or (value == "" and not parameter.required and name not in _CLEARED):
            if parameter.required:
                wrong.append(sentence("{} is missing ({}).", name, unquoted(parameter.description)))
            continue
        try:
            good[name] = _READERS[parameter.kind](parameter, value)
        except ValueError as error:
            wrong.append(sentence("{} must be {}.", name, unquoted(str(error))))
    if wrong:
        raise InvalidArgument(
            join(wrong, " ", most=_MOST_TOLD), hint=sentence("{} takes: {}.", tool.name, join(tool.parameters))
        )
    return good


def _single(parameter: Parameter, value: object) -> object:
    """The value; the only one of a list, where no list is meant."""
    if parameter.kind == "array" or not isinstance(value, list):
        return value
    items = cast("list[object]", value)
    return items[0] if len(items) == 1 else items


def _unknown(tool: ToolSpec, arguments: Mapping[str, object]) -> list[SafeText]:
    from difflib import get_close_matches  # noqa: PLC0415  # takes time, and is for mistakes only

    wrong: list[SafeText] = []
    for name in arguments:
        if name not in tool.parameters:
            near = get_close_matches(str(name)[:60], tool.parameters, n=1)
            meant = sentence("; did you mean {}?", near[0]) if near else safe(".")
            wrong.append(sentence("There is no argument {!r}{}", str(name), meant))
    return wrong


def _integer(parameter: Parameter, value: object) -> int:
    bounds = parameter.range
    wanted = f"a number from {bounds.low} to {bounds.high}" if bounds else "a whole number"
    if isinstance(value, bool) or not _INTEGER.fullmatch(str(value).strip()):
        raise ValueError(wanted)
    # Clients without whole numbers send 20.0, as number or as text.
    number = int(float(value)) if isinstance(value, float) else int(str(value).strip().partition(".")[0])
    if bounds and not bounds.low <= number <= bounds.high:
        raise ValueError(wanted)
    return number


def _text(parameter: Parameter, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("a text")  # noqa: TRY004  # one kind of failure for the caller to collect
    text = str(value)
    if len(text) > _MOST_TEXT:
        raise ValueError(f"at most {_MOST_TEXT:,} characters long")
    if not parameter.choices:
        return text
    # A choice is a word of ours, so its case, blanks and plural mean nothing.
    said = text.strip().lower()
    for choice in (said, _SYNONYMS.get(said), said.removesuffix("s"), f"{said}s"):
        if choice in parameter.choices:
            return choice
    raise ValueError(f"one of {', '.join(parameter.choices)}")


def _texts(_parameter: Parameter, value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        try:
            # Several models write a list as its JSON text.
            value = json.loads(value) if value.lstrip().startswith("[") else [value]
        except ValueError:
            raise ValueError('a list of texts such as ["urgent"]') from None
    items = cast("list[object]", value) if isinstance(value, list | tuple) else [value]
    texts = tuple(str(item) for item in items if isinstance(item, str | int) and not isinstance(item, bool))
    if len(texts) < len(items):
        raise ValueError('a list of texts such as ["urgent"]')
    return texts


_READERS: Final[Mapping[str, Callable[[Parameter, object], object]]] = {
    "integer": _integer,
    "string": _text,
    "array": _texts,
}
