"""Stores credentials in the system's keyring, or where there is none in a file that only its owner reads."""

from __future__ import annotations

import logging
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from dragoman.core.errors import InvalidArgument
from dragoman.core.paths import settings_folder
from dragoman.core.safe_text import sentence

SERVICE: Final = "dragoman"
"""The service under which the keyring has our entries."""

_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}")
_LARGEST: Final = 65_536  # bytes
_log = logging.getLogger(__name__)


def require_name(name: str) -> None:
    """See that a credential can be stored under a name.

    Raises:
        InvalidArgument: It cannot.
    """
    if not _NAME.fullmatch(name):
        raise InvalidArgument(
            sentence("{!r} cannot name a credential.", name), hint="Take letters, digits, dots and hyphens."
        )


def secret_file(name: str) -> Path:
    """The private file of a credential, whether it is there or not.

    Raises:
        DragomanError: The name is none for a credential, or there is no home folder.
    """
    require_name(name)
    return settings_folder() / "secrets" / name


def write_to_keyring(name: str, value: str) -> bool:
    """Store a value and see that it can be read again; ``False`` where there is no keyring that takes it."""
    import keyring  # noqa: PLC0415  # slow to import, and needed by few

    try:
        keyring.set_password(SERVICE, name, value)
        # Some keyrings take a value and give nothing back, or cut it.
        return keyring.get_password(SERVICE, name) == value
    except Exception as error:  # noqa: BLE001  # the boundary: desktops fail in ways of their own, and a file will do
        _log.debug("The keyring cannot be used (%s).", type(error).__name__)
        return False


def read_from_keyring(name: str) -> str | None:
    """A stored value; ``None`` where there is none, or no keyring that tells."""
    import keyring  # noqa: PLC0415  # slow to import, and needed by few

    try:
        return keyring.get_password(SERVICE, name)
    except Exception as error:  # noqa: BLE001  # the boundary, as above
        _log.debug("The keyring cannot be read (%s).", type(error).__name__)
        return None


def write_to_file(path: Path, value: str) -> None:
    """Replace a private file atomically: also after a power cut it holds the old value or the new one.

    Raises:
        OSError: The system refuses; the file is what it was.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # with mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(value)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
        _sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def read_from_file(path: Path) -> str | None:
    """The content of a private file; ``None`` where it cannot be read, or is far too large."""
    try:
        with path.open("rb") as file:
            # A path that leads to a device or a log must not fill the memory.
            content = file.read(_LARGEST + 1)
        return content.decode() if len(content) <= _LARGEST else None
    except (OSError, ValueError) as error:
        if not isinstance(error, FileNotFoundError):
            _log.debug("A file of credentials cannot be read (%s).", type(error).__name__)
        return None


def _sync_folder(folder: Path) -> None:
    """Make the new name of a file durable, where folders can be synced."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
