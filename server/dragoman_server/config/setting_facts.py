"""Facts about providers and settings for the fast start, made from the classes themselves.

The snapshot holds it for what comes with the program; for other packages it is kept from an earlier start.
"""

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, cast, get_args, get_origin

import annotated_types
from pydantic import BaseModel, StringConstraints
from pydantic.fields import FieldInfo

from dragoman.providers.base.provider import AccountSettings, Provider
from dragoman.toolset.catalog import TOOLS
from dragoman.transport.credentials import Secret

Rule = dict[str, Any]
"""What a value has to be in order to be certainly good; see :mod:`~dragoman_server.config.setting_rules`."""

_BY_KEY: Final[Mapping[str, Rule]] = {
    "timezone": {"zone": True},
    "telemetry": {"collector": True},
    "sessions": {"flag": True},
    "write_to": {"places": True},
    "base_url": {"address": True},
    "target": {"target": {"tls": True}},
    "iam_target": {"target": {"tls": False}},
    "ca_file": {"certificates": True},
}
_SIMPLE_PATTERN: Final = re.compile(r"\^(\[[^\]\\]*\]\+)\$")
"""A pattern of one set of characters, which Python and pydantic read alike."""


def provider_facts(kind: type[Provider]) -> dict[str, Any]:
    """The facts of a provider that the first answers depend on, and patterns of certainly good values."""
    model = kind.Settings
    fields = model.model_fields
    offered = kind.capabilities()
    rules = rules_of(model)
    return {
        "external": kind.external,
        "service_name": kind.service_name or kind.name,
        "about": kind.about or kind.name,
        "narrows": kind.withheld is not Provider.withheld,
        "write": fields["write"].default,
        "remember": fields["remember"].default,
        "tools": [tool.name for tool in TOOLS if tool.capability in offered],
        "required": [key for key, field in fields.items() if field.is_required() and key != "provider"],
        "secrets": [key for key, rule in rules.items() if rule == {"secret": True}],
        "checks_itself": _checks_itself(model),
        "keys": rules,
    }


def rules_of(model: type[BaseModel]) -> dict[str, Rule]:
    """For each key a rule for certainly good values; keys without one are left out."""
    rules = {field.alias or key: _rule_of(model, key, field) for key, field in model.model_fields.items()}
    return {key: rule for key, rule in rules.items() if rule is not None}


def table_rule(model: type[BaseModel]) -> Rule:
    """The rule of a table that a model reads."""
    required = [field.alias or key for key, field in model.model_fields.items() if field.is_required()]
    return {"table": {"keys": rules_of(model), "required": required}}


def _checks_itself(model: type[AccountSettings]) -> bool:
    """Whether a model checks several keys together, apart from wanting exactly one credential."""
    found = set(model.__pydantic_decorators__.model_validators)
    return bool(found - {"_one_credential"})


def _rule_of(model: type[BaseModel], key: str, field: FieldInfo) -> Rule | None:
    if key in _BY_KEY:
        return _BY_KEY[key]
    if key == "sync":
        return {"horizon": model.model_fields["remember"].default}
    extra: object = field.json_schema_extra
    plain = cast("dict[str, object]", extra).get("plain") if isinstance(extra, dict) else None
    bare = _without_none(field.annotation)
    if isinstance(plain, str):
        one: Rule = {"fits": plain}
        # A type with arguments may be one annotated text as well.
        return {"list": {"of": one, "from": 0}} if get_origin(bare) is tuple else one
    validated = {name for it in model.__pydantic_decorators__.field_validators.values() for name in it.info.fields}
    # The code of a validator cannot be told by a rule, so the model decides.
    return None if key in validated else _rule_of_type(bare, field.metadata)


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation
    parts = [part for part in get_args(annotation) if part is not types.NoneType]
    return parts[0] if len(parts) == 1 else annotation


def _rule_of_type(bare: Any, metadata: list[Any]) -> Rule | None:
    if get_origin(bare) is Annotated:
        inner, *more = get_args(bare)
        return _rule_of_type(inner, [*metadata, *more])
    if get_origin(bare) is not None:
        return _rule_of_several(get_origin(bare), get_args(bare), metadata)
    if bare in (int, float):
        return _number(bare, metadata)
    if bare is str:
        return _text(metadata)
    if isinstance(bare, type) and issubclass(bare, BaseModel):
        # A check of several keys together is code as well.
        return None if bare.__pydantic_decorators__.model_validators else table_rule(bare)
    simple: dict[Any, Rule] = {bool: {"flag": True}, Secret: {"secret": True}, Path: {"fits": "[ -~]{1,500}"}}
    return simple.get(bare)


def _rule_of_several(origin: Any, parts: tuple[Any, ...], metadata: list[Any]) -> Rule | None:
    if origin is Literal:
        return {"any of": list(parts)}
    if origin is tuple and parts[1:] == (...,):
        one = _rule_of_type(parts[0], [])
        least = _bound(metadata, annotated_types.MinLen, "min_length") or 0
        return None if one is None else {"list": {"of": one, "from": least}}
    if origin in (Mapping, dict) and isinstance(parts[1], type) and issubclass(parts[1], BaseModel):
        return {"each": table_rule(parts[1])}
    return None


def _number(kind: type, metadata: list[Any]) -> Rule:
    # Rules have inclusive bounds. A number in between is left to the model, which only takes longer.
    step = 1 if kind is int else 0.001
    low, above = _bound(metadata, annotated_types.Ge, "ge"), _bound(metadata, annotated_types.Gt, "gt")
    high, below = _bound(metadata, annotated_types.Le, "le"), _bound(metadata, annotated_types.Lt, "lt")
    return {
        "number": {
            "whole": kind is int,
            "from": low if above is None else above + step,
            "to": high if below is None else below - step,
        }
    }


def _text(metadata: list[Any]) -> Rule | None:
    constraints = [it for it in metadata if isinstance(it, StringConstraints)]
    patterns = [pattern for it in metadata if (pattern := getattr(it, "pattern", None))]
    if patterns:
        simple = _SIMPLE_PATTERN.fullmatch(str(patterns[0]))
        return {"fits": simple[1]} if simple else None
    low = _bound(metadata, annotated_types.MinLen, "min_length")
    high = _bound(metadata, annotated_types.MaxLen, "max_length")
    return {"text": {"from": low or 0, "to": high, "strip": any(it.strip_whitespace for it in constraints)}}


def _bound(metadata: list[Any], kind: type, name: str) -> Any:
    """A bound among annotations, which may also stand in the constraints of a text."""
    found = [getattr(it, name) for it in metadata if isinstance(it, kind | StringConstraints)]
    return next((bound for bound in found if bound is not None), None)
