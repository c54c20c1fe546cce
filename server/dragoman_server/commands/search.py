"""The command ``search``: the tool of that name on what the store holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import anyio

from dragoman.toolset import Caller, call_tool
from dragoman_server.config.load import Config
from dragoman_server.runtime import tool_context

_MOST_TOKENS: Final = 100_000
"""Size of an answer: a person reads all messages of a page, at whatever length."""

_HEADER: Final = re.compile(r"\A(\d+) hits?\b")
_PLACE: Final = re.compile(r"^(>?\d+(?: re \d+)?)( \d{4}-\d\d-\d\d \d\d:\d\d)? ([^:\n]+):", re.MULTILINE)
_GROUP: Final = re.compile(r"^# .*$", re.MULTILINE)
_FOUND: Final = re.compile(r"\*\*(\S(?:[^\n*]*\S)?)\*\*")
_DIM, _BOLD, _YELLOW, _CYAN, _PLAIN = "\x1b[2m", "\x1b[1m", "\x1b[1;33m", "\x1b[1;36m", "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Found:
    """An answer.

    Attributes:
        text: As the tool gives it.
        hits: How many messages it shows.
    """

    text: str
    hits: int

    def coloured(self) -> str:
        """The text for a terminal: conversations, authors and what was found stand out."""
        header, newline, rest = self.text.partition("\n")
        if not _HEADER.match(header):
            return self.text
        rest = _FOUND.sub(rf"{_YELLOW}\1{_PLAIN}", rest)
        rest = _PLACE.sub(rf"{_DIM}\1\2{_PLAIN} {_BOLD}\3{_PLAIN}:", rest)
        return f"{_DIM}{header}{_PLAIN}{newline}{_GROUP.sub(lambda line: f'{_CYAN}{line[0]}{_PLAIN}', rest)}"


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
    return anyio.run(_search, config, given | {"max_tokens": _MOST_TOKENS}, as_json)


async def _search(config: Config, given: dict[str, object], as_json: bool) -> Found:  # noqa: FBT001  # `anyio.run` passes no names
    async with tool_context.open_services(config, offline=True) as shared:
        form = {"format": "json" if as_json else "text"}
        answer = await call_tool(shared, "search_messages", given | form, Caller(client="dragoman search"))
    if answer.data is not None:
        messages = answer.data.get("messages")
        return Found(answer.text, len(messages) if isinstance(messages, list) else 0)  # pyright: ignore[reportUnknownArgumentType]  # of unknown members
    header = _HEADER.match(answer.text)
    return Found(answer.text, int(header[1]) if header else 0)
