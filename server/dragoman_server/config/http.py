"""The table ``[http]`` of the settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from dragoman_server.config.setting_rules import ADDRESS

DEFAULT: Final = "127.0.0.1:8765"
PATH: Final = "/mcp"
BACKLOG: Final = 1024
"""Connections that wait to be taken in."""

ONE_PROCESS: Final = "needs workers = 1, because a session lives in the memory of one process"
_DEFAULT_PORT: Final = 8765
_LARGEST_PORT: Final = 65535
_HOST: Final = re.compile(r"[A-Za-z0-9._-]{1,253}")


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; port 0 takes a free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, said: str) -> Address:
        """Read ``HOST:PORT``, ``HOST``, ``PORT`` or ``[IPV6]:PORT``.

        Raises:
            ValueError: It is none of these.
        """
        host, port = _split(said.strip())
        # `int` would also read digits of other scripts.
        number = int(port) if port.isascii() and port.isdecimal() else -1
        if not 0 <= number <= _LARGEST_PORT or not (_HOST.fullmatch(host) or _is_address(host)):
            raise ValueError("must be HOST:PORT, such as 127.0.0.1:8765")
        return cls(host, number)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)

    @property
    def shown(self) -> str:
        """As it stands in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class HttpSettings(BaseModel):
    """How MCP is served over HTTP.

    Attributes:
        listen: Where, as ``HOST:PORT``.
        public_url: The address of the MCP endpoint as clients know it, where that is another one.
        allowed_hosts: Names beside loopback ones that requests may be addressed to.
        allowed_origins: Origins of web pages whose requests are answered.
        workers: Processes.
        sessions: Clients up to 2025-11-25 get a session, in which they can be asked and can cancel.
        metrics: Whether ``/metrics`` tells how often tools were called, to whoever may call them.
        max_sessions: Open sessions; more are refused until some end.
        session_idle_timeout: Seconds after which a session ends in which no request is open.
        max_concurrency: Calls at work in one process; more are refused for the moment.
        max_connections: Open connections of one process.
        max_body: Largest request in bytes.
        client_timeout: Seconds that a client has to send its headers, to send its body, and to take an answer.
        idle_timeout: Seconds that a connection may rest between two requests.
        drain_delay: Seconds between saying "not ready" and closing the door, for proxies to notice.
        drain_timeout: Seconds that calls under way have to end.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    listen: str = Field(default=DEFAULT, json_schema_extra={"plain": r"[a-z0-9.-]{1,100}:[0-9]{1,4}"})
    public_url: str | None = Field(default=None, json_schema_extra={"plain": ADDRESS})
    allowed_hosts: tuple[str, ...] = Field(default=(), json_schema_extra={"plain": r"[a-z0-9.-]{1,100}"})
    allowed_origins: tuple[str, ...] = Field(
        default=(), json_schema_extra={"plain": r"https?://[a-z0-9.-]{1,100}(:[0-9]{1,4})?"}
    )
    workers: int = Field(default=1, ge=1, le=64)
    sessions: bool = False
    metrics: bool = False
    max_sessions: int = Field(default=1000, ge=1, le=100_000)
    session_idle_timeout: float = Field(default=1800.0, gt=0, le=604_800)
    max_concurrency: int = Field(default=64, ge=1, le=10_000)
    max_connections: int = Field(default=1000, ge=1, le=100_000)
    max_body: int = Field(default=4 << 20, ge=1024, le=64 << 20)
    client_timeout: float = Field(default=10.0, gt=0, le=600)
    idle_timeout: float = Field(default=65.0, gt=0, le=3600)
    drain_delay: float = Field(default=1.0, ge=0, le=300)
    drain_timeout: float = Field(default=20.0, ge=0, le=3600)

    @field_validator("listen")
    @classmethod
    def _an_address(cls, said: str) -> str:
        Address.parse(said)
        return said

    @field_validator("sessions")
    @classmethod
    def _in_one_process(cls, wanted: bool, others: ValidationInfo) -> bool:  # noqa: FBT001  # as pydantic calls it
        # pydantic checks fields in their order, so `workers` has to stand above `sessions`.
        if wanted and others.data.get("workers", 1) > 1:
            raise ValueError(ONE_PROCESS)
        return wanted

    @field_validator("public_url")
    @classmethod
    def _a_public_url(cls, url: str | None) -> str | None:
        return None if url is None else web_url(url)

    @field_validator("allowed_hosts")
    @classmethod
    def _names(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_HOST.fullmatch(host) or _is_address(host.strip("[]")) for host in hosts):
            raise ValueError('must hold names without scheme, path or port, such as "mcp.example.com"')
        return tuple(host.strip("[]").lower() for host in hosts)

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            parts = urlsplit(origin)
            if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path or parts.query:
                raise ValueError('must hold origins such as "https://app.example.com"')
        # Browsers send scheme and host in small letters.
        return tuple(origin.lower() for origin in origins)

    @property
    def address(self) -> Address:
        """Where to listen."""
        return Address.parse(self.listen)

    @property
    def url(self) -> str:
        """The address of the MCP endpoint as clients know it."""
        return self.public_url or f"http://{self.address.shown}{PATH}"


def web_url(url: str) -> str:
    """Check an address that others are told or that is fetched.

    Raises:
        ValueError: It is not https, and not http on this machine either.
    """
    try:
        parts = urlsplit(url)
        host, plain = parts.hostname, parts.scheme == "http"
    except ValueError:
        host, plain = None, False
        parts = urlsplit("")
    # It is shown to clients and logged, where a password in it would be read.
    if not host or parts.scheme not in {"http", "https"} or parts.query or parts.fragment or parts.username:
        raise ValueError("must be an https address without user, query and fragment")
    if plain and not is_loopback(host):
        raise ValueError("must be https; plain http is for this machine only")
    return url


def is_loopback(host: str) -> bool:
    """Whether it is a name or address of this machine that no other one can reach."""
    if host.lower() == "localhost":
        return True
    return _is_address(host) and ip_address(host).is_loopback


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _split(said: str) -> tuple[str, str]:
    if said.isdecimal():
        # Nobody else is let in unless the settings name an address.
        return "127.0.0.1", said
    if said.startswith("["):
        host, _, port = said[1:].partition("]")
        # Brackets, as in a URL: the colons of an IPv6 address would hide the port.
        return host, port.removeprefix(":") or str(_DEFAULT_PORT)
    host, colon, port = said.rpartition(":")
    return (host, port) if colon else (said, str(_DEFAULT_PORT))
