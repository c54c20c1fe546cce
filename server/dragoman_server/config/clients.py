"""The tables ``[clients.NAME]``: what the user knows of a client program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from dragoman_server.config.diagnostics import Mistake, keys_of, of_model


class ClientSettings(BaseModel):
    """Settings of one client program, which is known by the name that it gives itself.

    Attributes:
        ask: ``client``: it does ask its user, and its answers count. ``token``: it does not, so a preview with a token
            is answered.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    ask: Literal["client", "token"] | None = None


def clients_of(raw: object, mistakes: list[Mistake]) -> dict[str, ClientSettings]:
    """Check the tables; every mistake is added to ``mistakes``."""
    if not isinstance(raw, Mapping):
        mistakes.append(Mistake(("clients",), "must be tables, each begun by a line [clients.NAME]."))
        return {}
    found: dict[str, ClientSettings] = {}
    for name, table in cast("Mapping[str, object]", raw).items():
        if not isinstance(table, Mapping):
            mistakes.append(Mistake(("clients", name), "must be a table, begun by a line [clients.NAME]."))
            continue
        try:
            # Users write the name by hand, in other letters than the program that gives it itself.
            found[name.casefold()] = ClientSettings.model_validate(table)
        except ValidationError as error:
            known = cast("Mapping[str, object]", table)
            mistakes.extend(of_model(error, keys_of(ClientSettings), ("clients", name), known))
    return found
