"""The address of a PostgreSQL database, as libpq takes it, and how people are told of it: without its password."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from dragoman.core.errors import InvalidArgument

_LAST_PORT: Final = 65_535
_SCHEMA: Final = re.compile("[A-Za-z_][A-Za-z0-9_]{0,62}")
_DEFAULTS: Final[Mapping[str, str | int]] = {
    "application_name": "dragoman",
    "connect_timeout": 5,
    # A server that is gone without a word is noticed in 20 seconds.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store is.

    Attributes:
        parameters: Of the connection; they may hold a password, so they are not shown.
        schema: The schema of the tables, where it is not the role's own first one.
        name: How errors call it.
    """

    parameters: Mapping[str, str | int] = field(repr=False)
    schema: str | None
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The address that a text gives. ``schema`` is a parameter of our own: ``...?schema=dragoman``.

        Raises:
            InvalidArgument: It is none; the sentence shows nothing of it.
        """
        try:
            parts = urlsplit(text)
            query = parse_qsl(parts.query, keep_blank_values=True)
            schema = dict(query).get("schema") or None
            rest = urlencode([(key, value) for key, value in query if key != "schema"])
            given = conninfo_to_dict(urlunsplit(parts._replace(query=rest)))
            _require_ports(str(given.get("port") or ""))
        except (ValueError, psycopg.Error):
            raise InvalidArgument(
                "The address of the store cannot be read.",
                hint="Write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with special characters as %XX.",
            ) from None
        if schema is not None and not _SCHEMA.fullmatch(schema):
            raise InvalidArgument(
                "The schema in the address of the store is no plain name.", hint="Use letters, digits and _."
            )
        parameters = {**_DEFAULTS, **{key: value for key, value in given.items() if value is not None}}
        return cls(parameters, schema, _name(given, schema))


def _require_ports(ports: str) -> None:
    """Refuse what libpq only refuses when it connects.

    Raises:
        ValueError: One is no port.
    """
    for port in filter(None, ports.split(",")):
        if not 0 < int(port) <= _LAST_PORT:
            raise ValueError(port)


def _name(given: Mapping[str, object], schema: str | None) -> str:
    host = given.get("host") or given.get("hostaddr") or "localhost"
    port = f":{given['port']}" if given.get("port") else ""
    database = f"/{given['dbname']}" if given.get("dbname") else ""
    within = f"?schema={schema}" if schema else ""
    return f"postgresql://{host}{port}{database}{within}"
