"""Where a store is: a file, memory, or a database by its address."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from dragoman.core.errors import InvalidArgument

# As RFC 3986 writes a scheme; blanks come along where an address is copied.
_SCHEME: Final = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://")
ADDRESS_SCHEMES: Final = ("postgresql://", "postgres://")
"""How the address of a database begins."""


class Credential(Protocol):
    """A text that is looked up when it is needed, and shown to nobody."""

    async def reveal(self) -> str:
        """The text."""
        ...


Place: TypeAlias = Path | str | Credential | None
"""A file; the address of a database or the path of a file; where to find one of these; ``None`` for memory."""


def is_address(text: str) -> bool:
    """Whether a text is the address of a database, not the path of a file."""
    return text.strip().lower().startswith(ADDRESS_SCHEMES)


async def located(place: Place) -> Path | str | None:
    """A path, the address of a database, or ``None`` for memory.

    Raises:
        DragomanError: A credential cannot be found.
    """
    if place is None or isinstance(place, Path):
        return place
    text = place if isinstance(place, str) else await place.reveal()
    if is_address(text):
        return text.strip()
    require_path(text)
    return Path(text)


def require_path(text: str) -> None:
    """Refuse the address of something else than PostgreSQL, which would be taken for a path.

    Raises:
        InvalidArgument: It is one; the sentence shows nothing of it.
    """
    if _SCHEME.match(text):
        raise InvalidArgument(
            "The store can be a file or a PostgreSQL database, and its address is neither.",
            hint="Write the path of a file, or postgresql://USER:PASSWORD@HOST/DATABASE.",
        )


def has_driver() -> bool:
    """Whether the packages that a store in PostgreSQL needs are installed."""
    return find_spec("psycopg") is not None and find_spec("psycopg_pool") is not None


def require_driver() -> None:
    """Make sure that a store in PostgreSQL can be opened.

    Raises:
        InvalidArgument: Packages are missing.
    """
    if not has_driver():
        raise InvalidArgument("A store in PostgreSQL needs more packages.", hint="Install dragoman[postgres].")


def require_address(address: str) -> None:
    """Make sure that an address of a database can be read; nothing is connected.

    Raises:
        InvalidArgument: It cannot, or packages are missing; the sentence shows nothing of it.
    """
    require_driver()
    from dragoman.store.postgres.address import Address  # noqa: PLC0415 - loads the driver

    Address.parse(address)
