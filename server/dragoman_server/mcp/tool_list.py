"""Tells clients that the list of tools has changed: a service told what the credentials of an account may not do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import anyio
from mcp.server.connection import Connection
from mcp.server.context import ServerRequestContext

from dragoman.providers.base.capability import Capability
from dragoman.providers.base.provider import Provider
from dragoman.toolset import Principal, ToolServices

Context = ServerRequestContext[Any, Any]
Hidden = frozenset[tuple[str, Capability]]

NOTICE: Final = "notifications/tools/list_changed"
_KEY: Final = "dragoman tool list"
_PATIENCE: Final = 1.0  # seconds for a client that does not read


@dataclass(slots=True, eq=False)
class _Follower:
    """Somebody who has a list of tools.

    Attributes:
        principal: For whom the list was made.
        hidden: What accounts support and the list left out.
        tell: Sends a notice.
    """

    principal: Principal | None
    hidden: Hidden
    tell: Callable[[], Awaitable[None]]


class ToolListChanges:
    """Follows the list of each connection and stream.

    Attributes:
        may_happen: Whether there is an account of whose credentials a service may tell something.
    """

    def __init__(self, services: ToolServices) -> None:
        """Follow nobody yet."""
        kinds = {account.provider_class for account in services.workspace.accounts.values()}
        self.may_happen = any(kind.withheld is not Provider.withheld for kind in kinds)
        self._services = services
        self._followers: set[_Follower] = set()
        self._hidden = self._hidden_from(None)
        self._someone_is_behind = False

    def follow(self, principal: Principal | None, tell: Callable[[], Awaitable[None]]) -> Callable[[], None]:
        """Tell somebody of changes from now on.

        Args:
            principal: Whose list it is.
            tell: Sends a notice.

        Returns:
            What ends it.
        """
        follower = _Follower(principal, self._hidden_from(principal), tell)
        self._followers.add(follower)
        return partial(self._followers.discard, follower)

    def follow_connection(self, ctx: Context, principal: Principal | None, *, has_list: bool) -> None:
        """Follow the connection of a request for as long as it lasts.

        Args:
            ctx: The request.
            principal: Whose it is.
            has_list: It is given the list now. Otherwise it may have one of before anything was known.
        """
        connection: Connection = ctx.session._connection  # noqa: SLF001  # the session is one of each request  # pyright: ignore[reportPrivateUsage]
        if not connection.has_standalone_channel:
            return
        follower: _Follower | None = connection.state.get(_KEY)
        if follower is None:
            follower = connection.state[_KEY] = _Follower(
                principal, frozenset(), partial(connection.notify, NOTICE, None)
            )
            self._followers.add(follower)
            connection.exit_stack.callback(self._followers.discard, follower)
            self._someone_is_behind = True
        if has_list:
            follower.hidden = self._hidden_from(principal)

    async def announce(self) -> None:
        """Tell those whose list is not the one that they have."""
        hidden = self._hidden_from(None)
        if hidden == self._hidden and not self._someone_is_behind:
            return
        self._hidden, self._someone_is_behind = hidden, False
        # A copy: followers come and go while one of them is told.
        for one in list(self._followers):
            now = self._hidden_from(one.principal)
            if now != one.hidden:
                one.hidden = now
                # A client that does not read must not keep the call of another one waiting.
                with anyio.move_on_after(_PATIENCE):
                    await one.tell()

    def _hidden_from(self, principal: Principal | None) -> Hidden:
        accounts = self._services.for_principal(principal).workspace.accounts.values()
        return frozenset(
            (account.name, capability)
            for account in accounts
            for capability in account.capabilities
            if account.supports(capability) and not account.offers(capability)
        )
