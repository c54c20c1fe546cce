"""Checks addresses, targets and files of accounts before an account is opened.

Looks at settings by the names that all providers share, so that a provider need not think of it.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, cast

from dragoman.core import paths
from dragoman.core.errors import DragomanError, InvalidArgument
from dragoman.core.safe_text import SafeText, sentence, unquoted
from dragoman.providers.base.provider import AccountSettings
from dragoman_server.config.diagnostics import Mistake
from dragoman_server.config.key_paths import KeyPath
from dragoman_server.config.toml_reasons import WINDOWS_PATH

_TARGETS: Final = ("target", "iam_target")
_BROKEN_PATH: Final = re.compile(r"(?:[A-Za-z]:|\\\\)[^\n]*[\t\r\b\f\x1b]|[A-Za-z]:\n")
"""A path of Windows in which ``\\t`` or ``\\n`` has become a tab or a line break."""


def of_connection(model: type[AccountSettings], table: Mapping[str, object], at: KeyPath) -> Iterator[Mistake]:
    """The mistakes in how an account reaches its service.

    Args:
        model: The provider's settings.
        table: What the file says.
        at: Where the table stands.
    """
    for key, value in table.items():
        path = (*at, key)
        # The model itself reports unknown keys.
        if key in model.model_fields and (sentence := _sentence(key, value, table)):
            yield Mistake(path, sentence)


def _sentence(key: str, value: object, table: Mapping[str, object]) -> SafeText | None:
    # A credential is a table such as { file = "..." }, whose values may be paths too.
    for text in cast("Mapping[str, object]", value).values() if isinstance(value, Mapping) else [value]:
        if isinstance(text, str) and _BROKEN_PATH.match(text):
            return sentence("{}.", unquoted(WINDOWS_PATH.format(key=key), 200))
    if not isinstance(value, str):
        return None
    try:
        _check(key, value, table)
    except DragomanError as error:
        return error.text
    return None


def _check(key: str, value: str, table: Mapping[str, object]) -> None:
    if key == "base_url":
        from dragoman.transport.url import base_url_of  # noqa: PLC0415  # only for services over HTTP

        base_url_of(value)
    elif key in _TARGETS:
        from dragoman.transport.grpc.target import target_of  # noqa: PLC0415  # only for services over gRPC

        # `tls = false` speaks of the target; a host elsewhere that gives out tokens keeps TLS.
        target_of(value, tls=key != "target" or table.get("tls") is not False)
    elif key == "ca_file":
        _check_certificates(paths.expanded(value))


def _check_certificates(file: Path) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)
    # An SSLError is an OSError, so it comes first.
    except ssl.SSLError:
        raise InvalidArgument("The file holds no certificates.", hint="It has to be a PEM file.") from None
    # A path with a NUL in it is a ValueError.
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such path"
        raise InvalidArgument(sentence("The file cannot be read ({}).", reason)) from None
