"""The commands ``store migrate``, ``store copy`` and ``store verify``, of files and databases."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, cast

import anyio

from dragoman.core import paths
from dragoman.core.safe_text import sentence, shell_line
from dragoman.core.sanitize import clean_line
from dragoman.store.places import Place, is_address, located, require_driver, require_path
from dragoman.transport.credentials import Secret
from dragoman_server.commands import store_files
from dragoman_server.config.load import Config

_LONGEST: Final = 300


def migrate(config: Config, *, only_print: bool) -> str:
    """Make the tables of the store, or tell the statements that do.

    Raises:
        DragomanError: The database cannot be reached, or this user may not make them.
    """
    found = anyio.run(partial(_located, config.store))
    if not isinstance(found, str):
        return sentence("{} is a file, which is brought up to date when it is opened.", found)
    require_driver()
    from dragoman.store.postgres import maintenance  # noqa: PLC0415  # loads the driver

    if not only_print:
        return sentence("{} has the tables of this version.", maintenance.bring_up_to_date(found))
    name, script = maintenance.migration_script(found)
    return script or sentence("{} has the tables of this version; nothing is to be run.", name)


def copy(config: Config, source: str, target: str, progress: Callable[[str, int], object]) -> str:
    """Copy everything from one store to another.

    Raises:
        DragomanError: The target is not empty, or one of them cannot be used.
    """
    from dragoman.store.moving import copy_store  # noqa: PLC0415  # loads both databases

    places = _place(config, source), _place(config, target)
    before, after, rows = anyio.run(partial(copy_store, *places, progress))
    done = sentence("{} holds all {:,} rows of {}.", after, rows, before)
    return sentence("{} `{}` compares them.", done, shell_line("dragoman", "store", "verify", before, after))


def verify(config: Config, first: str | None, second: str | None) -> tuple[str, bool]:
    """Check a store, or compare two; what was found, and whether all is sound.

    Raises:
        DragomanError: One of them cannot be used.
    """
    if first is not None and second is not None:
        return _compared(_place(config, first), _place(config, second))
    place = None if first is None else _place(config, first)
    found = anyio.run(partial(_located, config.store if place is None else place))
    if not isinstance(found, str):
        return store_files.verify(config, None if place is None else cast("Path", found))
    require_driver()
    from dragoman.store.postgres import maintenance  # noqa: PLC0415  # loads the driver

    name, messages, problems = anyio.run(partial(maintenance.verify, found))
    if not problems:
        return sentence("{} is sound: {:,} messages.", name, messages), True
    lines = [sentence("{} has mistakes:", name), *(f"  {clean_line(problem, _LONGEST)}" for problem in problems)]
    return "\n".join(lines), False


def _compared(first: Place, second: Place) -> tuple[str, bool]:
    from dragoman.store.moving import compare_stores  # noqa: PLC0415  # loads both databases

    one, other, found = anyio.run(partial(compare_stores, first, second))
    if not found:
        return sentence("{} and {} hold the same.", one, other), True
    lines = [sentence("{} and {} differ:", one, other), *(f"  {clean_line(line, _LONGEST)}" for line in found)]
    return "\n".join(lines), False


def _place(config: Config, text: str) -> Place:
    """What is meant by an argument."""
    # A file of this name is meant by `./store`.
    if text == "store":
        return config.store
    # An address with a password in it would stay in the history of the shell.
    if text.startswith("env:"):
        return Secret(env=text.removeprefix("env:"))
    if is_address(text):
        return Secret(text)
    require_path(text)
    return paths.expanded(text)


async def _located(place: Place) -> object:
    return await located(place)
