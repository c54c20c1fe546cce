"""Tells clients what has changed: conversations by ``resources/subscribe``, and by a listening stream tools as well."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any, Final

import mcp_types as types
from mcp.server.connection import Connection
from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourceUpdated, ToolsListChanged
from mcp.shared.exceptions import MCPError

from dragoman.core.errors import DragomanError, InvalidArgument
from dragoman.core.references import Reference
from dragoman.sync.watcher import ConversationWatcher
from dragoman.toolset import Caller, ToolServices
from dragoman_server.mcp.addresses import reference_of
from dragoman_server.mcp.tool_list import ToolListChanges

Context = ServerRequestContext[Any, Any]

_MOST_STREAMS: Final = 1000
_KEY: Final = "dragoman subscriptions"
_UPDATED: Final = "notifications/resources/updated"


class Subscriptions:
    """The handlers of both ways to subscribe."""

    def __init__(
        self,
        services: ToolServices,
        watcher: ConversationWatcher | None,
        who: Callable[[Context], Caller],
        tools: ToolListChanges,
    ) -> None:
        """Keep what watches.

        Args:
            services: What calls share.
            watcher: Watches conversations; ``None`` where there are none to watch.
            who: Tells the caller.
            tools: Follows the list of tools.
        """
        self._services = services
        self._watcher = watcher
        self._who = who
        self._tools = tools
        self._streams = 0

    def handlers(self) -> dict[str, Any]:
        """The handlers by the names of the SDK's server."""
        found: dict[str, Any] = {"on_subscriptions_listen": self.listen}
        if self._watcher is not None:
            found |= {"on_subscribe_resource": self.subscribe, "on_unsubscribe_resource": self.unsubscribe}
        return found

    async def subscribe(self, ctx: Context, params: types.SubscribeRequestParams) -> types.EmptyResult:
        """Tell the connection of each change of a conversation, until it unsubscribes or ends."""
        uri, connection = str(params.uri), _connection_of(ctx)
        # Without a channel of its own a notice would have no way to the client.
        if not connection.has_standalone_channel:
            raise MCPError(code=types.INVALID_REQUEST, message="Nothing can be told on this connection.")
        own = _own(connection)
        # A client may subscribe twice and is told once.
        if uri not in own:
            own[uri] = await self._watch(ctx, uri, partial(connection.notify, _UPDATED, {"uri": uri}))
        return types.EmptyResult()

    async def unsubscribe(self, ctx: Context, params: types.UnsubscribeRequestParams) -> types.EmptyResult:
        """Tell it no more."""
        end = _own(_connection_of(ctx)).pop(str(params.uri), None)
        if end is not None:
            end()
        return types.EmptyResult()

    async def listen(
        self, ctx: Context, params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        """Tell changes on the stream of this request for as long as it is open.

        What is no address of a conversation that the caller has is left out, which the acknowledgement shows.
        """
        # A stream stays open, so that no limit of calls holds for it.
        if self._streams >= _MOST_STREAMS:
            raise MCPError(code=types.INTERNAL_ERROR, message="Too many streams are open. Close some, then try again.")
        # One for each stream: several may watch the same conversation, and each is told once.
        bus = InMemorySubscriptionBus()
        with ExitStack() as watched:
            self._streams += 1
            watched.callback(self._closed)
            uris: list[str] = []
            for uri in dict.fromkeys(map(str, params.notifications.resource_subscriptions or ())):
                # One wrong address must not cost the others their stream.
                with suppress(MCPError):
                    watched.callback(await self._watch(ctx, uri, partial(bus.publish, ResourceUpdated(uri=uri))))
                    uris.append(uri)
            tools = self._tools.may_happen and params.notifications.tools_list_changed
            if tools:
                told = partial(bus.publish, ToolsListChanged())
                watched.callback(self._tools.follow(self._who(ctx).principal, told))
            honoured = types.SubscriptionFilter(
                resource_subscriptions=uris or None, tools_list_changed=True if tools else None
            )
            return await ListenHandler(bus)(ctx, params.model_copy(update={"notifications": honoured}))

    def _closed(self) -> None:
        self._streams -= 1

    async def _watch(self, ctx: Context, uri: str, changed: Callable[[], Any]) -> Callable[[], None]:
        if self._watcher is None:
            raise MCPError(code=types.INVALID_PARAMS, message="There are no conversations.", data={"uri": uri})
        # Whoever may not read a conversation must not learn when it changes.
        principal = self._who(ctx).principal
        workspace = self._services.for_principal(principal).workspace
        try:
            reference = reference_of(uri)
            if reference.message is not None:
                raise InvalidArgument("Only conversations can be subscribed to.", hint="Leave the message out.")
            owner = principal.name if principal else ""
            where = Reference(reference.account, reference.conversation)
            return await self._watcher.watch(workspace, owner, where, changed)
        except DragomanError as error:
            raise MCPError(code=types.INVALID_PARAMS, message=str(error), data={"uri": uri}) from None


def _connection_of(ctx: Context) -> Connection:
    """The connection of a request; the SDK makes a session for each request."""
    connection: Connection = ctx.session._connection  # noqa: SLF001  # see above  # pyright: ignore[reportPrivateUsage]
    return connection


def _own(connection: Connection) -> dict[str, Callable[[], None]]:
    """The subscriptions of a connection, by address; they end with it."""
    own: dict[str, Callable[[], None]] | None = connection.state.get(_KEY)
    if own is None:
        own = connection.state[_KEY] = {}
        connection.exit_stack.callback(_end_all, own)
    return own


def _end_all(own: dict[str, Callable[[], None]]) -> None:
    for end in own.values():
        end()
