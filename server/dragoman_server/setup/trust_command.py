"""The command ``trust``: settings files of folders that count, remembered by path and content."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dragoman.core.errors import InvalidArgument
from dragoman.core.paths import expanded
from dragoman.core.safe_text import sentence
from dragoman.core.sanitize import clean_line
from dragoman.transport.credential_sources import Source
from dragoman_server.config import load as config
from dragoman_server.config import settings_file
from dragoman_server.config.find import read_file
from dragoman_server.config.load import Config
from dragoman_server.setup.account.credential_storage import secrets_of
from dragoman_server.setup.files import trusted_files

_LONGEST: Final = 1000


def trust(folder: Path) -> Iterator[str]:
    """Let the settings file of a folder count from now on; yields what is to be said.

    Raises:
        DragomanError: There is no such file, it has mistakes, or it cannot be remembered.
    """
    path = _file_in(folder)
    content = read_file(path)
    settings = config.from_bytes(content, path)
    trusted_files.remember(path, content)
    yield sentence("{} is trusted as it is now. After a change you are asked again.", path)
    yield from _effects(settings)


def distrust(folder: Path) -> Iterator[str]:
    """Let the settings file of a folder count no more; yields what is to be said.

    Raises:
        Unavailable: The list of trusted files cannot be written.
    """
    path = _file_in(folder)
    if trusted_files.forget(path):
        yield sentence("{} is not trusted any more.", path)
    else:
        yield sentence("{} was not trusted.", path)


def _file_in(folder: Path) -> Path:
    """The settings file of a folder, which may also be named itself."""
    path = Path(os.path.abspath(expanded(folder)))  # noqa: PTH100  # a link stays one
    if path.is_dir():
        path = path / settings_file.FILE_NAME
    if path.name != settings_file.FILE_NAME:
        raise InvalidArgument(
            sentence("{}: Only a file {} is looked for in a folder.", path, settings_file.FILE_NAME),
            hint="Name the folder, or start the command with --config and this file.",
        )
    return Path(settings_file.full_path(str(path)))


def _effects(settings: Config) -> Iterator[str]:
    """What the file makes the server do: whom it speaks to, with which credentials, and what it may write."""
    for name, account in settings.accounts.items():
        told = [f"provider {account.provider}", f"write {account.write}"]
        told += [f"{key} {value}" for key in ("base_url", "target") if (value := getattr(account, key, None))]
        told += [f"{key} from {_place(secret.source)}" for key, secret in secrets_of(account).items()]
        yield clean_line(f"- {name}: {', '.join(told)}", _LONGEST)


def _place(source: Source) -> str:
    """Where a credential comes from; of a command all words, because it is a program that runs."""
    return f"the command `{shlex.join(source.parts)}`" if source.kind == "command" else source.label
