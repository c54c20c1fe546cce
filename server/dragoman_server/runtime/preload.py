"""Imports and opens what the first call will need, while a client is still reading the first answers."""

from __future__ import annotations

import logging
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dragoman.accounts.provider_registry import provider_class
from dragoman.core.errors import DragomanError
from dragoman.core.lazy_pattern import compile_patterns
from dragoman.store import imports_at_open
from dragoman_server.config.load import Config

if TYPE_CHECKING:
    from dragoman.accounts.workspace import Workspace

_log: Final = logging.getLogger(__name__)


def preload(config: Config) -> None:
    """Import what opening the store and these accounts would import, and compile its patterns. Opens nothing.

    Whatever cannot be imported is told by the call that needs it.
    """
    for name in modules_of(config):
        try:
            import_module(name)
        except Exception as error:  # noqa: BLE001  # a package may raise anything, and this only saves time
            _log.debug("%s cannot be imported ahead (%s).", name, type(error).__name__)
    # A call would otherwise compile what it needs while somebody waits.
    compile_patterns()


async def open_ahead(workspace: Workspace, config: Config) -> None:
    """Open what needs nobody's answer: a store that is a file, and accounts whose providers say so.

    Neither a database nor a service is connected: a server waits for no other machine before somebody asks it
    something. The call that needs what cannot be opened tells why.
    """
    if isinstance(config.store, Path):
        with suppress(DragomanError):
            await workspace.store()
    for account in workspace.accounts.values():
        if account.provider_class.opens_ahead:
            try:
                await account.provider()
            except Exception as error:  # noqa: BLE001  # as above
                _log.debug("%s cannot be opened ahead (%s).", account.name, type(error).__name__)


def modules_of(config: Config) -> list[str]:
    """The modules that the first calls import, without those that these import."""
    kinds = dict.fromkeys(account.provider for account in config.accounts.values())
    found = [*imports_at_open(config.store), *(name for kind in kinds for name in provider_class(kind).imports_at_open)]
    return list(dict.fromkeys(found))
