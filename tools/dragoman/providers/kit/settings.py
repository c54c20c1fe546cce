"""The settings of an account that is reached over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypedDict, Unpack
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from dragoman.core.errors import DragomanError
from dragoman.providers.base.provider import AccountSettings
from dragoman.transport.credentials import Authorize, Secret, bearer
from dragoman.transport.error_mapping import ServiceProfile
from dragoman.transport.http import HttpClient, base_url_of
from dragoman.transport.url import is_loopback

if TYPE_CHECKING:
    import httpx

    from dragoman.core.context.clock import Clock
    from dragoman.transport.rate_limiter import Rate


class ClientOptions(TypedDict, total=False):
    """Further arguments of :class:`HttpClient`."""

    headers: Mapping[str, str]
    timeout: float
    total: float
    attempts: int
    concurrency: int
    rates: Mapping[str, Rate]
    max_body: int
    transport: httpx.AsyncBaseTransport | None
    clock: Clock | None


class HttpAddress(AccountSettings):
    """Base of such settings; a provider adds its own, and a default for ``base_url`` where there is one address.

    Class attributes:
        own_hosts: How the names of the service's hosts end.
    """

    own_hosts: ClassVar[tuple[str, ...]] = ()

    base_url: str = Field(description="address of the API")
    ca_file: Path | None = Field(default=None, description="certificates to trust instead of the usual ones")

    @field_validator("base_url")
    @classmethod
    def _usable_address(cls, value: str) -> str:
        try:
            return base_url_of(value)
        # pydantic takes a ValueError alone for a mistake in the settings.
        except DragomanError as error:
            raise ValueError(str(error)) from None

    @property
    def foreign_host(self) -> str:
        """The host of the address where it is none of the service's and not this machine; else empty."""
        host = urlsplit(self.base_url).hostname or ""
        return "" if host.endswith(self.own_hosts) or is_loopback(host) else host

    def client(self, profile: ServiceProfile, **options: Unpack[ClientOptions]) -> HttpClient:
        """An HTTP client with this address, credential, timeout and these certificates; enter it to connect."""
        known: ClientOptions = {"timeout": self.timeout, **options}
        return HttpClient(self.base_url, profile=profile, authorize=self.authorize(), ca_file=self.ca_file, **known)

    def authorize(self) -> Authorize | None:
        """The authorization of calls; a provider with other credentials than a token overrides it."""
        return None


class HttpAccount(HttpAddress):
    """Such settings with a token."""

    token: Secret = Field(description="secret API key")

    def authorize(self) -> Authorize:
        """The token, as a bearer."""
        return bearer(self.token)
