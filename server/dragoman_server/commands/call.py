"""The command ``call``: one tool call without a server in between."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from difflib import get_close_matches

import anyio
import click

from dragoman.core.errors import DragomanError
from dragoman.toolset import Caller, UnknownTool, available_tools, call_tool
from dragoman_server.config.load import Config
from dragoman_server.runtime import tool_context

_log = logging.getLogger(__name__)


def arguments(pairs: Sequence[str], more: str | None) -> dict[str, object]:
    """Arguments from ``key=value`` words, over those of a JSON object; a repeated key makes a list.

    Raises:
        click.UsageError: A word has no ``=``, or the JSON is no object.
    """
    given = _object(more) if more is not None else {}
    values: dict[str, list[str]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise click.UsageError("Arguments are written key=value, such as limit=5.")
        values.setdefault(key, []).append(value)
    return given | {key: many if len(many) > 1 else many[0] for key, many in values.items()}


def run(config: Config, tool: str, given: dict[str, object]) -> tuple[str, bool]:
    """What an assistant would read, and whether it is an error.

    Raises:
        click.UsageError: There is no such tool.
    """
    return anyio.run(_call, config, tool, given)


async def _call(config: Config, tool: str, given: dict[str, object]) -> tuple[str, bool]:
    async with tool_context.open_services(config) as shared:
        try:
            return (await call_tool(shared, tool, given, Caller(client="dragoman call"))).text, False
        except UnknownTool:
            names = [spec.name for spec in available_tools(shared)]
            near = get_close_matches(tool, names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}."
            raise click.UsageError(f"No such tool; {hint}") from None
        except DragomanError as error:
            return str(error), True
        except Exception:  # noqa: BLE001  # the boundary: a crash is logged and shown to nobody
            _log.exception("%s crashed.", tool)
            return "Internal error; it is logged on stderr. Other calls still work.", True


def _object(text: str) -> dict[str, object]:
    try:
        given: object = json.loads(text)
    except ValueError as error:
        raise click.UsageError("--json takes a JSON object, and this is no JSON.") from error
    if not isinstance(given, dict):
        raise click.UsageError('--json takes a JSON object, such as {"limit": 5}.')
    return {str(key): value for key, value in given.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # JSON
