"""What there is to ask of somebody who signs in with OAuth: whose sign-in it is, and the client registered there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from pydantic import ValidationError

from dragoman.core.errors import InvalidArgument
from dragoman.transport.credentials import register_for_redaction
from dragoman.transport.oauth.settings import OAuthSettings
from dragoman_server.setup.account import credential_storage
from dragoman_server.setup.account.prompts import GoBack, ask

_READY: Final = ("google", "microsoft")


def ask_oauth(account: str, known: object, suggested: str) -> dict[str, object]:
    """Ask for the setting ``oauth``; a secret of the client is stored at once.

    Args:
        account: The name of the account, under which the secret is stored.
        known: What was answered before.
        suggested: The ready authorization server to suggest; empty for none.

    Raises:
        GoBack: Somebody wants the question before these.
    """
    before: Mapping[str, object] = cast("dict[str, object]", known) if isinstance(known, dict) else {}
    named = before.get("provider") or before.get("issuer") or suggested
    text = f"Whose sign-in ({', '.join(_READY)}, or the https address of another authorization server)"
    table = ask(text, _server, default=str(named) if named else None)
    client = before.get("client_id")
    table["client_id"] = ask(
        "client_id (of the client that you registered there)", _client, default=str(client) if client else None,
        public=True,
    )  # fmt: skip
    if "issuer" in table:
        scopes = before.get("scopes")
        known_scopes = " ".join(cast("list[str]", scopes)) if isinstance(scopes, list) else None
        table["scopes"] = ask(
            "scopes (what to ask for, separated by blanks)", _scopes, default=known_scopes, public=True
        )
    secret = _secret()
    if secret:
        table["client_secret"] = credential_storage.store_credential(f"{account}.client", secret)
    elif "client_secret" in before:
        table["client_secret"] = before["client_secret"]
    return table


def _server(typed: str) -> dict[str, object]:
    table: dict[str, object] = {"provider": typed} if typed in _READY else {"issuer": typed}
    _require_good(table)
    return table


def _client(typed: str) -> str:
    # With a server that is always valid, only the client can be wrong.
    _require_good({"provider": "google", "client_id": typed})
    return typed


def _scopes(typed: str) -> list[str]:
    scopes = typed.split()
    _require_good({"provider": "google", "scopes": scopes})
    return scopes


def _secret() -> str:
    def parse(typed: str) -> str:
        register_for_redaction(typed)
        return credential_storage.clean_credential(typed, "client_secret")

    try:
        return ask("client_secret (not shown, Enter where the client has none)", parse, hidden=True)
    except GoBack:
        return ""


def _require_good(table: Mapping[str, object]) -> None:
    try:
        OAuthSettings.model_validate(table)
    except ValidationError:
        raise InvalidArgument("This cannot be used.", hint="Take a word of the list or an https address.") from None
