"""Tools as data: what the signature of a tool's function says, as a schema; :mod:`.dispatch` checks calls against it.

The keyword-only parameters of the function are the tool's parameters. Their annotations carry the
description, and the bounds of numbers; nothing is said a second time elsewhere.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from dragoman.providers.base.capability import WRITES, Capability
from dragoman.toolset.definition.parameters import FORMAT, MAX_TOKENS, Parameter, Range


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
        run: The function; its result is what :mod:`dragoman.toolset.dispatch` lays out.
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
