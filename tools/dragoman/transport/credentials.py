"""Credentials in settings, and keeping them out of everything that is shown.

A setting of the type :class:`Secret` is a plain string, or a table that says where to find it::

    token = "..."
    token = { env = "GLEAN_API_TOKEN" }
    token = { file = "~/.glean-token" }
    token = { command = ["pass", "glean"] }
    token = { keyring = "glean" }            # stored with: keyring set dragoman glean

Nothing is looked up before :meth:`Secret.reveal`. Every value that was revealed is remembered, so that
:func:`redact` can take it out of logs and of what a service answers.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias

import anyio
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, SecretStr, TypeAdapter
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from dragoman.core.errors import (
    InvalidArgument,
    Unauthenticated,
)
from dragoman.core.safe_text import safe, sentence, unquoted
from dragoman.transport.credential_sources import Source, read

Authorize: TypeAlias = Callable[[bool], Awaitable[str]]
"""Gives the value of the ``Authorization`` header. ``True``: the last one was refused, get another."""

_MASK: Final = "[secret]"
_SHORTEST_REDACTED: Final = 6  # taking shorter ones out would mangle ordinary words
_TEXTS: Final = frozenset({"env", "file", "keyring"})
_KINDS: Final = ("env", "file", "command", "keyring")
# Never emptied: a log line may repeat a credential long after it was replaced.
_revealed: set[str] = set()


class Secret:
    """A credential, or the place where one is kept. ``repr`` and ``str`` show neither.

    Args:
        plain: The credential itself.
        env: Name of an environment variable.
        file: Path of a file; ``~`` is the home folder.
        command: A program and its arguments, run without a shell; the credential is what it prints.
        keyring: Name of an entry of the service ``dragoman`` in the system's keyring.

    Raises:
        ValueError: Not exactly one of them is given, or it is empty.
    """

    def __init__(
        self,
        plain: str | None = None,
        *,
        env: str | None = None,
        file: str | None = None,
        command: list[str] | None = None,
        keyring: str | None = None,
    ) -> None:
        given = {"plain": plain, "env": env, "file": file, "command": command, "keyring": keyring}
        ways = [(kind, value) for kind, value in given.items() if value is not None]
        if len(ways) != 1 or not ways[0][1]:
            raise ValueError("a secret has exactly one source, and it is not empty")
        kind, value = ways[0]
        self._source = Source(kind, (value,) if isinstance(value, str) else tuple(value or ()))
        self._value: str | None = None
        self._lock: anyio.Lock | None = None

    @property
    def source(self) -> Source:
        """The source; the parts of a plain one are the credential itself."""
        return self._source

    async def reveal(self, *, multiline: bool = False) -> str:
        """The credential, looked up at the first call and kept.

        Args:
            multiline: Line breaks inside are fine (a key file); otherwise they are refused.

        Raises:
            Unauthenticated: It cannot be found, or is nothing that can be sent: empty, several lines, not ASCII.
        """
        # Made late: settings are read before there is an event loop.
        self._lock = self._lock or anyio.Lock()
        async with self._lock:
            if self._value is None:
                source = self._source
                text = source.parts[0] if source.kind == "plain" else await read(source)
                self._value = _sound(text.strip(), source, multiline=multiline)
                _revealed.add(self._value)
            return self._value

    def invalidate(self) -> None:
        """Look it up again at the next call, because the service refused it."""
        self._value = None

    def __repr__(self) -> str:
        """Only that there is one."""
        return "Secret(...)"

    def __eq__(self, other: object) -> bool:
        """Whether both have the same source."""
        return isinstance(other, Secret) and other._source == self._source

    def __hash__(self) -> int:
        """Of the source."""
        return hash(self._source)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate settings; no message of a failure holds a value."""
        return core_schema.no_info_plain_validator_function(
            _validated, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """A string or a table with one of the four members."""
        strings = {"type": "array", "items": {"type": "string"}, "minItems": 1}
        tables = [
            {
                "type": "object",
                "properties": {kind: strings if kind == "command" else {"type": "string"}},
                "required": [kind],
                "additionalProperties": False,
            }
            for kind in _KINDS
        ]
        return {"anyOf": [{"type": "string", "format": "password"}, *tables]}


def bearer(secret: Secret, scheme: str = "Bearer") -> Authorize:
    """Authorize with a secret; ``scheme`` stands before it. A scheme that was pasted along is not doubled."""

    async def authorize(refused: bool) -> str:  # noqa: FBT001 - the shape of Authorize
        # It may have been renewed in its file or keyring since.
        if refused:
            secret.invalidate()
        value = await secret.reveal()
        word, _, rest = value.partition(" ")
        return f"{scheme} {rest.strip() if rest and word.lower() == scheme.lower() else value}"

    return authorize


def register_for_redaction(value: str) -> None:
    """Remember a credential that came from elsewhere (an exchanged token), for :func:`redact`."""
    if value:
        _revealed.add(value)


def known_secrets() -> frozenset[str]:
    """Every credential that was revealed or noted in this process; for the redaction of logs."""
    return frozenset(_revealed)


def redact(text: str) -> str:
    """Replace every known credential in a text by ``[secret]``."""
    # The longest first: a credential may hold another one.
    for value in sorted(_revealed, key=len, reverse=True):
        # A short one occurs in ordinary words.
        if len(value) >= _SHORTEST_REDACTED:
            text = text.replace(value, _MASK) if value.isalnum() else _pattern_of(value).sub(_MASK, text)
    return text


@lru_cache(maxsize=256)
def _pattern_of(value: str) -> re.Pattern[str]:
    """Matches a credential as it is, and as addresses, forms and JSON write it."""
    return re.compile("".join(char if char.isalnum() else _written_forms(char) for char in value))


def _written_forms(char: str) -> str:
    also = {" ": r"|\+", "/": r"|\\/"}.get(char, "")
    return f"(?:{re.escape(char)}|(?i:%{ord(char):02x}){also})"


def _sound(value: str, source: Source, *, multiline: bool) -> str:
    reason = ""
    if not value:
        reason = "is empty"
    elif not value.isascii():
        reason = "has characters that no credential has"
    elif not multiline and not value.isprintable():
        reason = "has several lines or control characters"
    if reason:
        raise Unauthenticated(
            sentence("The credential from {} {}.", unquoted(source.label), safe(reason)),
            hint="Put exactly the credential there, on one line.",
        )
    return value


def _validated(value: object) -> Secret:
    try:
        return _built(value.get_secret_value() if isinstance(value, SecretStr) else value)
    except ValueError:
        raise PydanticCustomError(
            "secret",
            "a secret is a non-empty string, or a table with exactly one of env, file, keyring (a string)"
            " and command (a list of strings)",
        ) from None


def _built(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    if isinstance(value, str):
        return Secret(value.strip())
    table = _TABLE.validate_python(value, strict=True)
    command, text = table.get("command"), {kind: part for kind, part in table.items() if isinstance(part, str)}
    if len(table) != 1 or not (isinstance(command, list) or text.keys() & _TEXTS):
        raise ValueError("not exactly one source")
    if isinstance(command, list):
        return Secret(command=command)
    return Secret(env=text.get("env"), file=text.get("file"), keyring=text.get("keyring"))


_TABLE: Final = TypeAdapter(dict[str, str | list[str]])


def printable(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers or metadata with their names in lower case.

    Raises:
        InvalidArgument: A value is not printable ASCII.
    """
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            raise InvalidArgument(
                sentence("The header {} cannot hold the characters of this setting.", name),
                hint="Use ASCII characters only.",
            )
    return {name.lower(): value for name, value in headers.items()}
