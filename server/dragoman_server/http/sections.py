"""From tables of the settings to what they mean, with every mistake in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

from pydantic import BaseModel, ValidationError

from dragoman_server.http.settings import HttpSettings
from dragoman_server.mistakes import Mistake, dotted, keys_of, of_model
from dragoman_server.toml_lines import KeyPath

M = TypeVar("M", bound=BaseModel)


def http_of(table: object, mistakes: list[Mistake]) -> HttpSettings | None:
    """The table ``[http]``; ``None`` when it has mistakes, which are added."""
    return table_of(HttpSettings, table, ("http",), mistakes)


def table_of(model: type[M], table: object, at: KeyPath, mistakes: list[Mistake]) -> M | None:
    """The table that stands at a place; ``None`` when it has mistakes, which are added."""
    if not isinstance(table, Mapping):
        mistakes.append(Mistake(at, f"must be a table, begun by a line [{dotted(at)}]."))
        return None
    keys = cast("Mapping[str, object]", table)
    try:
        return model.model_validate(keys)
    except ValidationError as error:
        mistakes.extend(of_model(error, keys_of(model), at, keys))
        return None
