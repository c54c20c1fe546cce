"""The commands ``tools`` and ``accounts``: what there is, without connecting to anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

import anyio
from mcp_types import Tool

from dragoman.accounts.account import Account
from dragoman.providers.base.provider import Capability, Limits
from dragoman.rendering import estimate
from dragoman.toolset import ToolServices, available_tools
from dragoman_server.commands.json_output import to_json
from dragoman_server.config.load import Config
from dragoman_server.mcp.adapter import to_tool
from dragoman_server.runtime import tool_context


def tools(config: Config, *, as_json: bool = False) -> str:
    """A line for each tool with its cost in tokens, as a model reads it, and the sum; or JSON."""
    return anyio.run(_at, config, _tools_json if as_json else _tools)


def accounts(config: Config, *, as_json: bool = False) -> str:
    """What each account can do, what may be written, and the service's limits; or JSON."""
    return anyio.run(_at, config, _accounts_json if as_json else _accounts)


def cost(tool: Tool) -> int:
    """Estimated tokens of a tool in the context of a conversation: name, description and schema."""
    seen = {"name": tool.name, "description": tool.description, "input_schema": tool.input_schema}
    return estimate(json.dumps(seen, ensure_ascii=False, separators=(",", ":")))


async def _at(config: Config, describe: Callable[[ToolServices], str]) -> str:
    async with tool_context.open_services(config) as shared:
        return describe(shared)


def _tools(shared: ToolServices) -> str:
    accounts = list(shared.workspace.accounts.values())
    found = [to_tool(spec, accounts) for spec in available_tools(shared)]
    lines = [f"{tool.name:<20}{cost(tool):>6} tokens  {_first_sentence(tool.description or '')}" for tool in found]
    return "\n".join([*lines, f"{len(found)} tools, about {sum(map(cost, found)):,} tokens in every conversation."])


def _tools_json(shared: ToolServices) -> str:
    accounts = list(shared.workspace.accounts.values())
    return to_json(
        [
            {
                "name": spec.name,
                "title": spec.title,
                "description": tool.description or "",
                "read_only": spec.read_only,
                "tokens": cost(tool),
            }
            for spec in available_tools(shared)
            for tool in (to_tool(spec, accounts),)
        ],
        indent=2,
    )


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".") + "."


def _accounts(shared: ToolServices) -> str:
    return "\n\n".join(_account(account) for account in shared.workspace.accounts.values())


def _accounts_json(shared: ToolServices) -> str:
    return to_json([_account_json(account) for account in shared.workspace.accounts.values()], indent=2)


def _account_json(account: Account) -> dict[str, object]:
    limits = {name: value for name, value in asdict(account.provider_class.limits).items() if value is not None}
    found: dict[str, object] = {
        "name": account.name,
        "provider": account.settings.provider,
        "can": [capability.value for capability in Capability if account.supports(capability)],
        "cannot": [capability.value for capability in Capability if not account.supports(capability)],
        "write": account.settings.write,
        "limits": limits,
    }
    if account.settings.write_to is not None:
        found["write_to"] = list(account.settings.write_to)
    return found


def _account(account: Account) -> str:
    can = [capability.value for capability in Capability if account.supports(capability)]
    lacks = [capability.value for capability in Capability if not account.supports(capability)]
    lines = [
        f"{account.name} ({account.settings.provider})",
        f"  can      {', '.join(can) or 'nothing'}",
        f"  write    {_policy(account)}",
        f"  limits   {_limits(account.provider_class.limits)}",
    ]
    if lacks:
        lines.insert(2, f"  cannot   {', '.join(lacks)}")
    return "\n".join(lines)


def _policy(account: Account) -> str:
    settings = account.settings
    if settings.write == "off" or settings.write_to is None:
        return settings.write if settings.write == "off" else f"{settings.write}, any conversation"
    return f"{settings.write}, only {', '.join(settings.write_to) or 'nowhere'}"


def _limits(limits: Limits) -> str:
    said = [f"{limits.page_size} a page", f"{limits.concurrency} calls at a time"]
    if limits.text_length is not None:
        said.insert(0, f"{limits.text_length:,} characters a message")
    if limits.edit_window is not None:
        said.append(f"edits within {limits.edit_window:g} s")
    if limits.requests_per_second is not None:
        said.append(f"{limits.requests_per_second:.3g} requests a second")
    return ", ".join(said)
