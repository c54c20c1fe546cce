"""From tables of the settings to what they mean, with every mistake in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar, cast

from pydantic import BaseModel, ValidationError

from dragoman.core.references import ACCOUNT_NAME
from dragoman.core.safe_text import join, sentence
from dragoman_server.config.auth import AuthSettings, OAuthSettings, TokenSettings
from dragoman_server.config.diagnostics import Mistake, keys_of, of_model, unknown
from dragoman_server.config.http import HttpSettings
from dragoman_server.config.key_paths import KeyPath, dotted

M = TypeVar("M", bound=BaseModel)


def http_of(table: object, mistakes: list[Mistake]) -> HttpSettings | None:
    """The table ``[http]``; ``None`` when it has mistakes, which are added."""
    return table_of(HttpSettings, table, ("http",), mistakes)


def auth_of(
    table: object, accounts: Collection[str], http: HttpSettings | None, mistakes: list[Mistake]
) -> AuthSettings | None:
    """The tables ``[auth.tokens.NAME]`` and ``[auth.oauth]``; ``None`` when they have mistakes, which are added."""
    before = len(mistakes)
    tables = _tables(table, ("auth",), mistakes)
    mistakes.extend(unknown(("auth", key), ("tokens", "oauth")) for key in tables if key not in ("tokens", "oauth"))
    tokens = _tokens(_tables(tables.get("tokens", {}), ("auth", "tokens"), mistakes), mistakes)
    oauth = table_of(OAuthSettings, tables["oauth"], ("auth", "oauth"), mistakes) if "oauth" in tables else None
    owners: list[tuple[KeyPath, tuple[str, ...] | None]] = [
        (("auth", "tokens", name), token.accounts) for name, token in tokens.items()
    ]
    owners += [(("auth", "oauth"), oauth.accounts)] if oauth else []
    for at, named in owners:
        # A misspelt account would let nobody in, and nobody would see why.
        if not set(named or ()) <= set(accounts):
            mistakes.append(Mistake((*at, "accounts"), sentence("must name accounts, which are {}.", join(accounts))))
    # Metadata name this address, and it is the audience of tokens unless the settings name another.
    if oauth is not None and (http is None or http.public_url is None):
        mistakes.append(Mistake(("auth", "oauth"), "needs public_url in [http], which tokens are made out to."))
    # The table says that callers are checked; with nothing in it every call would be refused.
    if not tables and len(mistakes) == before:
        mistakes.append(Mistake(("auth",), "lets nobody in; it needs [auth.tokens.NAME] or [auth.oauth]."))
    return AuthSettings(tokens=tokens, oauth=oauth) if len(mistakes) == before else None


def _tokens(tables: Mapping[str, object], mistakes: list[Mistake]) -> dict[str, TokenSettings]:
    found: dict[str, TokenSettings] = {}
    for name, table in tables.items():
        at = ("auth", "tokens", name)
        if not ACCOUNT_NAME.fullmatch(name):
            mistakes.append(
                Mistake(at, "a token's name has small letters, digits and hyphens, and begins with a letter.")
            )
        token = table_of(TokenSettings, table, at, mistakes)
        if token is not None:
            found[name] = token
    return found


def _tables(table: object, at: KeyPath, mistakes: list[Mistake]) -> Mapping[str, object]:
    if isinstance(table, Mapping):
        return cast("Mapping[str, object]", table)
    mistakes.append(Mistake(at, "must be a table."))
    return {}


def table_of(model: type[M], table: object, at: KeyPath, mistakes: list[Mistake]) -> M | None:
    """The table that stands at a place; ``None`` when it has mistakes, which are added."""
    if not isinstance(table, Mapping):
        mistakes.append(Mistake(at, sentence("must be a table, begun by a line [{}].", dotted(at))))
        return None
    keys = cast("Mapping[str, object]", table)
    try:
        return model.model_validate(keys)
    except ValidationError as error:
        mistakes.extend(of_model(error, keys_of(model), at, keys))
        return None
