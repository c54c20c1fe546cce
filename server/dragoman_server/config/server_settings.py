"""The settings that stand above the accounts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, tzinfo
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, TypeAdapter, field_validator

from dragoman.core.errors import DragomanError
from dragoman.transport.url import is_loopback
from dragoman_server.config.zone_names import NAMES_OF_UTC, plain_local_zone

if TYPE_CHECKING:
    from dragoman.transport.credentials import Secret


def _store(value: object) -> Path | Secret:
    """A path as it is; an address, which may hold a password, or a place where one is kept, as a credential."""
    from dragoman.store.places import is_address, require_address, require_path  # noqa: PLC0415  # few settings say where the store is
    from dragoman.transport.credentials import Secret  # noqa: PLC0415  # as above

    if isinstance(value, Path):
        return value
    if isinstance(value, str) and not is_address(value):
        if not value.strip():
            raise ValueError("must be the path of a file, or the address of a PostgreSQL database")
        _require(require_path, value)
        return Path(value)
    if isinstance(value, str):
        _require(require_address, value)
    return TypeAdapter[Secret](Secret).validate_python(value)


def _require(require: Callable[[str], None], text: str) -> None:
    """Check a text; the error says what is wrong and quotes nothing of it."""
    try:
        require(text)
    except DragomanError as error:
        # pydantic collects a ValueError with its other mistakes; any other error would end the check.
        raise ValueError(str(error)) from None


class General(BaseModel):
    """The settings at the top of the file, beside the accounts.

    Attributes:
        timezone: IANA name of the zone that times are shown in; the machine's when absent.
        max_tokens: The largest answer of a reading tool, unless a call asks for another.
        flow_guard: Whether writing elsewhere after reading other people's text is remarked upon.
        store: Where everything is remembered; a file in the data folder when absent.
        telemetry: Base address of an OpenTelemetry collector (OTLP over HTTP); nothing is sent when absent.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    timezone: str | None = None
    max_tokens: int = Field(default=3000, ge=200, le=1_000_000)
    flow_guard: Literal["off", "warn", "confirm"] | None = None
    telemetry: str | None = None
    store: Annotated[object, PlainValidator(_store)] = None

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, name: str | None) -> str | None:
        if name is not None and _zone(name) is None:
            raise ValueError('must be the IANA name of a time zone, such as "Europe/Berlin"')
        return name

    @field_validator("telemetry")
    @classmethod
    def _can_be_sent(cls, address: str | None) -> str | None:
        if address is None:
            return None
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
            raise ValueError('must be the address of a collector, such as "http://127.0.0.1:4318"')
        # Traces tell who called which tool, which nobody on the way may read.
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("must begin with https, or be on this machine")
        if find_spec("opentelemetry.sdk") is None:
            raise ValueError("needs more packages: install dragoman[telemetry]")
        return address

    @property
    def zone(self) -> tzinfo | None:
        """The zone of ``timezone``, ``None`` when the settings name none."""
        return _zone(self.timezone) if self.timezone else None


def local_zone() -> tzinfo:
    """The machine's zone by name, or UTC when it has none that is known."""
    plain = plain_local_zone()
    if plain is not None:
        return plain
    from tzlocal import get_localzone  # noqa: PLC0415  # takes time, and most machines are plain

    try:
        zone = get_localzone()
    except (LookupError, ValueError, OSError):
        return UTC
    return UTC if str(zone) in NAMES_OF_UTC else zone


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return None
