"""Signing in to a mail server: with a password, or with an OAuth token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dragoman.core.errors import PermissionDenied
from dragoman.providers.mail.hosts import Server
from dragoman.providers.mail.login import Login


def sign_in(client: Any, server: Server, login: Login) -> None:
    """Sign in, in the best way that the server offers.

    Raises:
        PermissionDenied: It offers none for this kind of login.
    """
    if login.kind == "token":
        _sign_in_with_token(client, server, login)
    elif client.has_capability("AUTH=PLAIN"):
        client.plain_login(login.user, login.value)
    elif client.has_capability("LOGINDISABLED"):
        raise PermissionDenied(
            "The mail server takes no password on this connection.",
            hint="Take its port for TLS, usually 993, or sign in with OAuth.",
        )
    else:
        client.login(login.user, login.value)


def _sign_in_with_token(client: Any, server: Server, login: Login) -> None:
    host, port = server.host, server.port
    bearer = f"\x01auth=Bearer {login.value}\x01\x01"
    if client.has_capability("AUTH=OAUTHBEARER"):
        user = login.user.replace("=", "=3D").replace(",", "=2C")
        client.sasl_login("OAUTHBEARER", _said_once(f"n,a={user},\x01host={host}\x01port={port}{bearer}"))
    elif client.has_capability("AUTH=XOAUTH2"):
        client.sasl_login("XOAUTH2", _said_once(f"user={login.user}{bearer}"))
    else:
        raise PermissionDenied("The mail server takes no OAuth token.", hint="Sign in with `password` instead.")


def _said_once(proof: str) -> Callable[[bytes | None], bytes]:
    """Answers the first challenge with the proof, and every other, which tells a refusal, with nothing."""
    rest = [proof.encode("utf-8")]
    return lambda _: rest.pop() if rest else b""
