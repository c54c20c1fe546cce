"""The list of settings files in folders that the user trusts, each with the hash of what it held then."""

from __future__ import annotations

import json
from pathlib import Path

from dragoman.core.errors import InvalidArgument, Unavailable
from dragoman.core.safe_text import sentence, unquoted
from dragoman_server.config import settings_file
from dragoman_server.setup.files.safe_rewrite import PRIVATE, make_folder, write


def remember(path: Path, content: bytes) -> None:
    """Trust a settings file for as long as it holds exactly this.

    Raises:
        Unavailable: The list of trusted files cannot be written.
    """
    entry = {settings_file.full_path(str(path)): settings_file.digest(content)}
    _write(settings_file.trusted_digests() | entry)


def forget(path: Path) -> bool:
    """Trust a settings file no more; return whether it was trusted.

    Raises:
        Unavailable: The list of trusted files cannot be written.
    """
    digests = settings_file.trusted_digests()
    if digests.pop(settings_file.full_path(str(path)), None) is None:
        return False
    _write(digests)
    return True


def renew(path: Path, before: bytes | None, after: bytes) -> None:
    """Go on trusting a file that was trusted and that one of our own commands has just changed.

    Raises:
        Unavailable: The list of trusted files cannot be written.
    """
    if before is not None and settings_file.is_trusted(str(path), before):
        remember(path, after)


def _write(digests: dict[str, str]) -> None:
    register = settings_file.register_path()
    if register is None:
        raise Unavailable("There is no home folder to remember this in.", hint="Set HOME to the folder of yours.")
    path = Path(register)
    try:
        make_folder(path.parent, 0o700)
        write(path, (json.dumps(digests, indent=1, sort_keys=True) + "\n").encode(), PRIVATE)
    except OSError as error:
        raise Unavailable(
            sentence(
                "{}: The system refuses ({}). Nothing was changed.", path, unquoted(error.strerror or "no reason given")
            )
        ) from error
    # A list that others can write is never believed.
    if problem := settings_file.writers_problem(str(path), own=True):
        raise InvalidArgument(
            sentence("{} {}. Until then nothing is trusted.", path, unquoted(problem, settings_file.LONGEST_PROBLEM))
        )
