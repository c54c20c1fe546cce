"""The command ``search``: the tool of that name on what the store holds."""

from __future__ import annotations

from collections.abc import Mapping

import anyio

from dragoman.toolset import Caller, call_tool
from dragoman_server.commands.search_output import HEADER, MOST_TOKENS, Found
from dragoman_server.config.load import Config
from dragoman_server.runtime import tool_context


def search(config: Config, asked: Mapping[str, object], *, as_json: bool) -> Found:
    """Search without a service.

    Args:
        config: The settings.
        asked: Arguments of the tool; those that are ``None`` are left out.
        as_json: Give the JSON form.

    Raises:
        DragomanError: The query or its cursor makes no sense, or the store cannot be read.
    """
    given = {name: value for name, value in asked.items() if value is not None}
    return anyio.run(_search, config, given | {"max_tokens": MOST_TOKENS}, as_json)


async def _search(config: Config, given: dict[str, object], as_json: bool) -> Found:  # noqa: FBT001  # `anyio.run` passes no names
    async with tool_context.open_services(config, offline=True) as shared:
        form = {"format": "json" if as_json else "text"}
        answer = await call_tool(shared, "search_messages", given | form, Caller(client="dragoman search"))
    if answer.data is not None:
        messages = answer.data.get("messages")
        return Found(answer.text, len(messages) if isinstance(messages, list) else 0)  # pyright: ignore[reportUnknownArgumentType]  # of unknown members
    header = HEADER.match(answer.text)
    return Found(answer.text, int(header[1]) if header else 0)
