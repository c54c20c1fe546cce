"""The settings file: which one counts, and its bytes if nobody else could have written them."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dragoman.core import paths
from dragoman.core.errors import InvalidArgument
from dragoman.core.safe_text import safe, sentence, shell_line, unquoted
from dragoman_server.config import settings_file
from dragoman_server.config.diagnostics import ConfigError

_LONGEST: Final = 4000
_reported: Final[set[str]] = set()
"""Paths that this process has already reported as not used."""


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A settings file that counts, and the bytes that were in it when that was decided."""

    path: Path
    content: bytes


def find(path: str | Path | None = None) -> SettingsFile | None:
    """The settings file to use: the one that is named, or the one that is found; ``None`` when there is none.

    Found is the one of ``DRAGOMAN_CONFIG``, of the working folder if it is trusted, or of the platform's folder.

    Raises:
        ConfigError: It cannot be read, or somebody else could write it.
    """
    named = path if path is not None else os.environ.get("DRAGOMAN_CONFIG")
    if named:
        source = expanded(named)
        return SettingsFile(source, read_file(source))
    working = settings_file.working_file()
    if working is not None:
        # What was judged is what counts: a second read could find what somebody wrote in between.
        content = _content(working)
        if content is not None and settings_file.is_trusted(working, content):
            return SettingsFile(Path(working), content)
        _report(settings_file.full_path(working))
    # A folder that is not trusted must not decide: whoever wrote it would choose where credentials go.
    usual = settings_file.user_file()
    return None if usual is None else SettingsFile(Path(usual), read_file(Path(usual), own=True))


def find_again(path: str | Path | None, before: SettingsFile | None) -> SettingsFile | None:
    """The same file as at the start, as it is now; a server never goes on with the settings of another one.

    Args:
        path: The file that was named at the start.
        before: What was found then.

    Raises:
        ConfigError: As :func:`find`, or the file of before does not count any more.
    """
    found = find(path)
    if before is not None and (found is None or found.path != before.path):
        full = settings_file.full_path(str(before.path))
        raise ConfigError(
            sentence(
                "{}: This settings file is gone, or has changed since you trusted it."
                " Run `dragoman trust {}` if it shall count.",
                unquoted(full, _LONGEST),
                unquoted(str(Path(full).parent), _LONGEST),
            )
        )
    return found


def _content(path: str) -> bytes | None:
    try:
        return settings_file.read(path)
    except (OSError, ValueError):
        return None


def _report(path: str) -> None:
    """Say once on stderr that the settings file of the working folder is passed over, and what makes it count."""
    # Without a console (pythonw) there is no stderr.
    if path in _reported or sys.stderr is None:
        return
    _reported.add(path)
    changed = path in settings_file.trusted_digests()
    why = "has changed since you trusted it" if changed else "is in the working folder, which you have not trusted"
    command = shell_line("dragoman", "trust", Path(path).parent)
    told = sentence("{} {}, so it is not used. Read it; if it shall count, run `{}`.", Path(path), safe(why), command)
    print(told, file=sys.stderr)  # noqa: T201  # it is said whatever the log level is


def expanded(path: str | Path) -> Path:
    """A path with ``~`` replaced.

    Raises:
        ConfigError: There is no such home folder.
    """
    try:
        return paths.expanded(path)
    except InvalidArgument as error:
        raise ConfigError(error.text) from None


def read_file(source: Path, *, own: bool = False) -> bytes:
    """The bytes of a settings file.

    Args:
        source: The file.
        own: It has to belong to the user.

    Raises:
        ConfigError: It cannot be read, or somebody else could write it.
    """
    try:
        problem = settings_file.writers_problem(str(source), own=own)
        with source.open("rb") as file:
            # One byte too many is enough to know that the file is too large.
            content = file.read(settings_file.LARGEST + 1)
    except FileNotFoundError:
        raise ConfigError(sentence("{}: There is no such settings file.", source)) from None
    except IsADirectoryError:
        raise ConfigError(sentence("{}: This is a folder, and a settings file is expected.", source)) from None
    except (OSError, ValueError) as error:  # a path that no system can have is a ValueError
        reason = getattr(error, "strerror", None) or "no such path"
        raise ConfigError(sentence("{}: The settings file cannot be read ({}).", source, unquoted(reason))) from None
    if problem:
        raise ConfigError(
            sentence("{}: The settings file {}.", source, unquoted(problem, settings_file.LONGEST_PROBLEM))
        )
    return content
