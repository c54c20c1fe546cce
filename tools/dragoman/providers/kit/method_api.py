"""Calls to a service that has an address for each of its methods, such as ``/chat.postMessage``."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, TypeAlias, TypeVar

from dragoman.core.times import parse_time
from dragoman.providers.kit.listings import MOST_PARTS, walk_tokens
from dragoman.providers.kit.scopes import GrantedScopes
from dragoman.transport.http import HttpClient, HttpResponse
from dragoman.transport.rate_limiter import Rate

T = TypeVar("T")
Argument: TypeAlias = str | int | None


class MethodTable:
    """The methods of a service, in a TOML file beside the provider.

    A ``[[rate]]`` has the calls of a ``minute`` and of a ``burst`` for each of its ``methods``; ``*`` stands for all
    that are not named, and an empty name for calls without a method. ``[arguments]`` names the methods that take an
    argument which is the same in all calls, such as a workspace.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def rates(self) -> Mapping[str, Rate]:
        """The limit of each method, for an :class:`HttpClient`."""
        rows = self._content.get("rate", ())
        return {method: Rate(row["minute"] / 60, row["burst"]) for row in rows for method in row["methods"]}

    def arguments(self, method: str, values: Mapping[str, Argument]) -> dict[str, Argument]:
        """Those of some arguments that a method takes."""
        takers = self._content.get("arguments", {})
        return {name: value for name, value in values.items() if method in takers.get(name, ())}

    @cached_property
    def _content(self) -> Mapping[str, Any]:
        import tomllib  # noqa: PLC0415 - only where an account is opened

        return tomllib.loads(self._file.read_text("utf-8"))


class MethodApi:
    """Calls of one account over an open client, which is opened and closed by somebody else.

    Everything is a POST, so that arguments stay out of addresses: a form to read, JSON to write. Each method has the
    rate limit of its name.

    Class attributes:
        scopes_header: The header of answers that lists what the token may do.

    Attributes:
        scopes: What the token may do, as the last answer told.
        service_time: When that was, by the service's clock; ``None`` where it is not told.
    """

    scopes_header: ClassVar[str] = "x-oauth-scopes"

    def __init__(self, client: HttpClient, table: MethodTable | None = None, **values: Argument) -> None:
        """Make the calls; ``values`` go along with the methods that take them, as the table says."""
        self.client = client
        self._table = table
        self._values = values
        self.scopes = GrantedScopes()
        self.service_time: datetime | None = None

    async def ask(self, method: str, model: type[T], **arguments: Argument) -> HttpResponse[T]:
        """Ask for something of a form; arguments that are ``None`` are left out."""
        arguments = (self._table.arguments(method, self._values) if self._table else {}) | arguments
        form = {name: str(value) for name, value in arguments.items() if value is not None}
        answer = await self.client.request(
            "POST", f"/{method}", kind="read", form=form, model=model, operation=method, family=method, shared=True
        )
        self._learn(answer.headers)
        return answer

    async def read(self, method: str, **arguments: Argument) -> dict[str, object]:
        """Ask for something."""
        return (await self.ask(method, dict[str, object], **arguments)).value

    def parts(
        self,
        method: str,
        model: type[T],
        cursor_of: Callable[[T], str | None],
        arguments: Mapping[str, Argument],
        most: int = MOST_PARTS,
    ) -> AsyncGenerator[T]:
        """The parts of a list.

        Args:
            method: Lists something; its argument ``cursor`` tells where a part begins.
            model: The form of a part.
            cursor_of: The cursor of the next part.
            arguments: Further ones.
            most: Parts that are read.
        """

        async def ask(cursor: str | None) -> T:
            return (await self.ask(method, model, **arguments, cursor=cursor)).value

        return walk_tokens(ask, cursor_of, most=most)

    async def write(
        self, method: str, body: Mapping[str, object], *, place: str = ""
    ) -> HttpResponse[dict[str, object]]:
        """Write something, once; ``place`` is what has a rate limit of its own, such as a conversation."""
        answer = await self.client.request(
            "POST",
            f"/{method}",
            kind="write",
            json=dict(body),
            # Slack warns of JSON without a charset.
            headers={"content-type": "application/json; charset=utf-8"},
            model=dict[str, object],
            operation=method,
            family=f"{method} {place}".strip(),
        )
        self._learn(answer.headers)
        return answer

    def _learn(self, headers: Mapping[str, str]) -> None:
        self.scopes.learn(headers.get(self.scopes_header))
        self.service_time = parse_time(headers.get("date")) or self.service_time
