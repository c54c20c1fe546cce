"""What ``dragoman`` alone says in a terminal: what is set up, and the next step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import anyio

from dragoman._version import __version__
from dragoman.accounts.provider_registry import provider_class
from dragoman.core.queries import ConversationQuery
from dragoman.core.safe_text import SafeText, join, safe, sentence, unquoted
from dragoman_server.config.load import Config
from dragoman_server.runtime import tool_context
from dragoman_server.setup.client import entry
from dragoman_server.setup.client.clients import CLIENTS

_MOST: Final = 200
"""Conversations that are counted; of more it is said that there are more."""


def overview(config: Config) -> str:
    """Settings, accounts and clients in a line each, and what to do next.

    Raises:
        DragomanError: The store cannot be opened.
    """
    local = {name: it for name, it in config.accounts.items() if not provider_class(it.provider).external}
    counts = anyio.run(_count, config, list(local)) if _has_store(config) else dict.fromkeys(local, 0)
    connected, found = clients()
    rows = [
        sentence("settings  {}", unquoted(str(config.source)) if config.source else safe("none needed so far")),
        *_accounts(config, counts),
        sentence("clients   {}", join(map(unquoted, connected)) if connected else safe("none starts Dragoman yet")),
    ]
    services = len(config.accounts) > len(local)
    steps = list(_next_steps(is_empty=not services and not any(counts.values()), connected=connected, found=found))
    return "\n".join([f"Dragoman {__version__}", "", *rows, "", *steps, "dragoman --help              all commands"])


def clients() -> tuple[list[str], list[str]]:
    """Titles of the clients that start us already, and names of the others that are on this machine."""
    connected = [client.title for name, client in CLIENTS.items() if entry.has_entry(entry.locate(name))]
    found = [
        name for name, client in CLIENTS.items() if client.is_installed and not entry.has_entry(entry.locate(name))
    ]
    return connected, found


def _has_store(config: Config) -> bool:
    """Whether a database or file exists to count in. None is created."""
    if config.store_file is None:
        return True
    paths: list[Path | None] = [config.store_file, *(getattr(it, "path", None) for it in config.accounts.values())]
    return any(path is not None and path.expanduser().exists() for path in paths)


async def _count(config: Config, names: Sequence[str]) -> dict[str, int]:
    """How many conversations each of these accounts holds."""
    counts: dict[str, int] = {}
    async with tool_context.open_services(config) as services:
        for name in names:
            provider = await services.workspace.account(name).provider()
            counts[name] = len((await provider.list_conversations(ConversationQuery(limit=_MOST))).items)
    return counts


def _accounts(config: Config, counts: dict[str, int]) -> Iterator[SafeText]:
    heading = "accounts"
    for name in config.accounts:
        if name in counts:
            where = safe("on this machine" if config.store_file else "in the database")
            what = sentence("{} {}", unquoted(_counted(counts[name])), where)
        else:
            what = sentence("{}; `dragoman check` reaches it", config.accounts[name].provider)
        yield sentence("{}  {} ({})", safe(heading), name, what)
        heading = "        "


def _counted(number: int) -> str:
    return f"{number} or more conversations" if number == _MOST else f"{number} conversation{'s' * (number != 1)}"


def _next_steps(*, is_empty: bool, connected: Sequence[str], found: Sequence[str]) -> Iterator[str]:
    if is_empty:
        yield "Next:"
        yield "dragoman demo                see it work, on a sample that leaves nothing behind"
        yield "dragoman init                begin with an export or an account; it asks"
    elif not connected:
        yield "Next:"
        yield f"dragoman install {found[0] if len(found) == 1 else '--all' if found else 'CLIENT'}".ljust(29) + (
            "let your assistant read this"
        )
    else:
        yield "Everything is set up. Ask your assistant what is new, or:"
        yield "dragoman check               whether every account works"
        yield "dragoman search WORDS        look into what the store holds"
