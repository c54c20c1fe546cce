"""Calls of an authorization server: its metadata, and forms that are answered with tokens or codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from dragoman.core.context.clock import Clock, current_clock
from dragoman.core.errors import BadResponse, DragomanError, InvalidArgument, NotFound
from dragoman.core.safe_text import sentence
from dragoman.transport.error_mapping import Kind, ServiceFailure, ServiceProfile
from dragoman.transport.http.client import HttpClient
from dragoman.transport.oauth.client import AuthorizationServer, OAuthClient, endpoint_of
from dragoman.transport.oauth.token_response import members_of, text_of

_MAX_BODY: Final = 1 << 18  # bytes
_ATTEMPT: Final = 15.0  # seconds
_TOTAL: Final = 25.0
_ERROR_STATUSES: Final = frozenset({400, 401, 403})  # RFC 6749 answers errors with the first two, others with 403
_METADATA: Final = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")


async def post_form(
    client: OAuthClient,
    url: str,
    form: Mapping[str, str],
    *,
    kind: Kind,
    operation: str,
    clock: Clock | None = None,
) -> Mapping[str, object]:
    """Send a form as a client, and read the members of the answer.

    Args:
        client: Whose id, and secret where it has one, go along.
        url: Where to.
        form: What is said.
        kind: ``write`` where the form works only once and is not repeated in doubt.
        operation: For errors and logs.
        clock: What waiting goes by.

    Raises:
        OAuthRefusal: The answer is an error with a code.
        DragomanError: There is no answer that makes sense.
    """
    fields = {**form, "client_id": client.client_id}
    if client.client_secret is not None:
        fields["client_secret"] = await client.client_secret.reveal()
    base, path = _split(url)
    async with _http(client, base, clock) as http:
        response = await http.request(
            "POST", path, kind=kind, form=fields, accept=_ERROR_STATUSES, operation=operation, once=kind == "write"
        )
    members = members_of(response.value)
    if response.status in _ERROR_STATUSES:
        raise response.failure("{service} refuses without saying why", hint="Check `oauth` of this account.")
    return members


async def with_endpoints(client: OAuthClient, clock: Clock | None = None) -> OAuthClient:
    """The client with the addresses of its server, from the metadata of the issuer where the settings name none.

    Raises:
        DragomanError: The issuer has no metadata that can be used.
    """
    server = client.server
    if server.token_url:
        return client
    base, path = _split(server.issuer)
    async with _http(client, base, clock) as http:
        # RFC 8414 puts the name before the path of the issuer, OpenID Connect behind it.
        for target in (f"{_METADATA[0]}{path.rstrip('/')}", f"{path.rstrip('/')}{_METADATA[1]}"):
            try:
                response = await http.get(target, operation="read the metadata")
            except (NotFound, InvalidArgument):
                continue
            return client.at(_from_metadata(server, members_of(response.value)))
    raise BadResponse(
        sentence("{} has no metadata of an authorization server.", server.issuer),
        hint="Check `issuer`, or set `authorize_url` and `token_url` in `oauth`.",
    )


def _from_metadata(server: AuthorizationServer, members: Mapping[str, object]) -> AuthorizationServer:
    """The server with what the metadata say; they have to be those of this very issuer."""
    if text_of(members, "issuer").rstrip("/") != server.issuer.rstrip("/"):
        raise BadResponse(
            sentence("The metadata at {} are those of another issuer.", server.issuer),
            hint="Check `issuer` in `oauth` of this account.",
        )
    token_url = _endpoint(members, "token_endpoint")
    if not token_url:
        raise BadResponse(
            sentence("The metadata at {} name no token endpoint.", server.issuer),
            hint="Set `authorize_url` and `token_url` in `oauth`.",
        )
    return replace(
        server,
        token_url=token_url,
        authorize_url=server.authorize_url or _endpoint(members, "authorization_endpoint"),
        device_url=server.device_url or _endpoint(members, "device_authorization_endpoint"),
        issuer=text_of(members, "issuer"),
        names_issuer=members.get("authorization_response_iss_parameter_supported") is True,
    )


def _endpoint(members: Mapping[str, object], name: str) -> str:
    value = text_of(members, name)
    try:
        return endpoint_of(value) if value else ""
    except DragomanError:
        raise BadResponse(
            sentence("The metadata name {} with an address that cannot be used.", name),
            hint="Tell the operators of the authorization server.",
        ) from None


def _http(client: OAuthClient, base: str, clock: Clock | None) -> HttpClient:
    return HttpClient(
        base,
        profile=ServiceProfile(service=client.server.label, explain=_explain, credentials="oauth"),
        timeout=_ATTEMPT,
        total=_TOTAL,
        ca_file=client.ca_file,
        max_body=_MAX_BODY,
        clock=clock or current_clock(),
    )


def _explain(failure: ServiceFailure) -> str | None:
    """A server's words for a failure without a code, which pages for people do not have."""
    return failure.text if len(failure.text) < 200 and "\n" not in failure.text else None  # noqa: PLR2004  # a sentence


def _split(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}", parts.path or "/"
