"""A whole server in memory, for tests: real settings, a real store, the SDK's own client."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import mcp_types as types
from mcp import Client
from mcp.shared.exceptions import MCPError

from dragoman.providers.base.provider import AccountSettings
from dragoman.testing.tool_error import ToolError
from dragoman_server.config.load import Config, from_mapping, load
from dragoman_server.config.settings_file import FILE_NAME
from dragoman_server.mcp import server
from dragoman_server.runtime import tool_context
from dragoman_server.runtime.preload import open_ahead

_PATH: Final = "path"


class ServerClient(Client):
    """The SDK's client, with a short way to call a tool."""

    async def call(self, tool: str, /, **arguments: object) -> str:
        """Call a tool and return the text of its answer.

        Raises:
            ToolError: The answer is an error, or there is no such tool; the text is what an assistant would read.
        """
        try:
            return text_of(await self.call_tool(tool, arguments))
        except MCPError as error:
            if error.code != types.INVALID_PARAMS:
                raise
            raise ToolError(error.message) from None


@asynccontextmanager
async def connect(
    config: str | Path | Mapping[str, object] | None = None,
    *,
    data: str | Path | None = None,
    mode: str = "auto",
    **client_options: Any,
) -> AsyncGenerator[ServerClient]:
    """Start a server and connect a client to it; :func:`dragoman.testing.connect` says what the arguments are."""
    with ExitStack() as stack:
        folder = Path(data or stack.enter_context(TemporaryDirectory(prefix="dragoman-", ignore_cleanup_errors=True)))
        settings = _in_folder(_settings(config), folder)
        failure: Exception | None = None
        async with tool_context.open_services(settings) as shared:
            client = ServerClient(server.build(shared), mode=mode, **client_options)
            async with client:
                await open_ahead(shared.workspace, settings)
                try:
                    yield client
                except Exception as error:  # noqa: BLE001  # raised again below
                    failure = error
        if failure is not None:
            # Out here, where the task groups of the SDK do not wrap what a test got wrong in a group.
            raise failure


def text_of(result: types.CallToolResult) -> str:
    """The text of a tool's answer.

    Raises:
        ToolError: The answer is an error.
    """
    text = "\n".join(block.text for block in result.content if isinstance(block, types.TextContent))
    if result.is_error:
        raise ToolError(text)
    return text


def _settings(config: str | Path | Mapping[str, object] | None) -> Config:
    if config is None or isinstance(config, Mapping):
        return from_mapping(config or {})
    if isinstance(config, Path) or _names_a_file(config):
        return load(config)
    with TemporaryDirectory(prefix="dragoman-") as folder:
        file = Path(folder) / FILE_NAME
        file.write_text(config, encoding="utf-8")
        return load(file)


def _names_a_file(config: str) -> bool:
    """One line that is a path; anything else is the text of a settings file."""
    return "\n" not in config and config.endswith(".toml")


def _in_folder(config: Config, folder: Path) -> Config:
    """The same settings with everything that has no place of its own in this folder."""
    placed = replace(config, data=folder)
    if placed.store_file is None or config.general.store is not None:
        return placed.in_store()
    accounts = {name: _placed(settings, placed.store_file) for name, settings in config.accounts.items()}
    return replace(placed, accounts=accounts)


def _placed(settings: AccountSettings, store: Path) -> AccountSettings:
    """An account that would use the default file is given this one."""
    if _PATH not in type(settings).model_fields or _PATH in settings.model_fields_set:
        return settings
    return settings.model_copy(update={_PATH: store})
