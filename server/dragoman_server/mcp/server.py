"""The MCP server over a services, and the services over a configuration."""

from __future__ import annotations

from typing import Any, Final

import mcp_types as types
from mcp.server.caching import CacheableMethod, CacheHint
from mcp.server.lowlevel import Server

from dragoman._version import __version__
from dragoman.providers.base.provider import Capability
from dragoman.toolset import ToolServices
from dragoman_server.mcp import wording
from dragoman_server.mcp.adapter import Adapter, accept_forms, caller, names_of
from dragoman_server.mcp.call_slot import LONGEST, TIME_LIMIT
from dragoman_server.mcp.resources import Resources
from dragoman_server.mcp.subscriptions import Subscriptions
from dragoman_server.mcp.tool_list import ToolListChanges

_HOUR: Final = 3_600_000


class _Server(Server[Any]):
    """Announces changes of the list of tools alone, and those only where the list may change.

    Attributes:
        tools_may_change: Whether it may.
    """

    tools_may_change = False

    def get_capabilities(self, *args: Any, **named: Any) -> types.ServerCapabilities:
        """The capabilities; the SDK would promise such notices wherever clients can subscribe to resources."""
        capabilities = super().get_capabilities(*args, **named)
        for lists in (capabilities.prompts, capabilities.resources, capabilities.tools):
            if lists is not None:
                lists.list_changed = lists is capabilities.tools and self.tools_may_change
        return capabilities


def build(
    services: ToolServices, *, time_limit: float = TIME_LIMIT, longest: float = LONGEST, shared_lists: bool = True
) -> Server[Any]:
    """Make the server. It opens nothing and closes nothing: the services belongs to the caller.

    One server serves any number of connections, so what they share must not live in its lifespan.

    Args:
        services: What calls share.
        time_limit: Seconds that a call may take.
        longest: Seconds that a write may take whose progress somebody follows.
        shared_lists: Are the lists the same for everybody.
    """
    accounts = services.workspace.accounts.values()
    changes = ToolListChanges(services)
    # Most accounts know their tools from the settings, and calls then look for no change.
    told = changes if changes.may_happen else None
    adapter = Adapter(services, told, time_limit=time_limit, longest=longest)
    offers = Resources(services, caller)
    shared = CacheHint(ttl_ms=_HOUR, scope="public" if shared_lists else "private")
    # Lists change with the settings only, so clients may keep them.
    same_for_all: tuple[CacheableMethod, ...] = (
        "tools/list", "server/discover", "prompts/list", "resources/templates/list",
    )  # fmt: skip
    server = _Server(
        "dragoman",
        version=__version__,
        title="Dragoman",
        instructions=wording.instructions(
            # Instructions are the same for everybody, and not everybody may know of all accounts.
            names_of(accounts) if shared_lists else (),
            only_local=shared_lists and not any(account.provider_class.external for account in accounts),
        ),
        cache_hints=dict.fromkeys(same_for_all, shared),
        on_list_tools=adapter.list_tools,
        on_call_tool=adapter.call_tool,
        get_tool_input_schema=_declares_no_headers,
        **_beside_tools(offers),
        **_subscriptions(services, offers, changes),
    )
    server.tools_may_change = changes.may_happen
    server.middleware.append(accept_forms)
    return server


def _subscriptions(services: ToolServices, offers: Resources, changes: ToolListChanges) -> dict[str, Any]:
    """Handlers that tell of changed conversations and tools, where there is something to watch."""
    watcher = services.watcher if offers.has(Capability.LIST_MESSAGES) else None
    if watcher is None and not changes.may_happen:
        return {}
    return Subscriptions(services, watcher, caller, changes).handlers()


def _declares_no_headers(_tool: str) -> None:
    """For the transport, which looks through a tool's schema for arguments that headers repeat; ours have none."""


def _beside_tools(offers: Resources) -> dict[str, Any]:
    """Handlers of what there is something to serve of: a slot that is filled is a capability that is announced."""
    handlers: dict[str, Any] = {}
    if offers.has(Capability.LIST_MESSAGES):
        handlers |= {
            "on_list_resources": offers.list_resources,
            "on_list_resource_templates": offers.list_templates,
            "on_read_resource": offers.read,
        }
    if offers.prompts():
        handlers |= {"on_list_prompts": offers.list_prompts, "on_get_prompt": offers.get_prompt}
    return handlers | ({"on_completion": offers.complete} if handlers else {})
