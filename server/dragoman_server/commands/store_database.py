"""The command ``store migrate``."""

from __future__ import annotations

from functools import partial

import anyio

from dragoman.core.safe_text import sentence
from dragoman.store.places import Place, located, require_driver
from dragoman_server.config.load import Config


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


async def _located(place: Place) -> object:
    return await located(place)
