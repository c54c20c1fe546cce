"""One more account in the settings: checked against everything else that is there, then written with its comments."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dragoman.accounts.provider_registry import provider_class, provider_names
from dragoman.core.errors import DragomanError, InvalidArgument
from dragoman.core.paths import expanded, settings_folder
from dragoman.core.references import ACCOUNT_NAME
from dragoman.core.safe_text import SafeText, join, safe, sentence, unquoted
from dragoman_server.config import load as config
from dragoman_server.config import settings_file
from dragoman_server.config.diagnostics import ConfigError
from dragoman_server.config.find import find, read_file
from dragoman_server.config.load import DEFAULT_ACCOUNTS, Config
from dragoman_server.config.settings_file import FILE_NAME
from dragoman_server.setup.account.questions import Question, questions
from dragoman_server.setup.files import toml_edit
from dragoman_server.setup.files.safe_rewrite import Change, read, text_of

_NAMES: Final = "small letters, digits and hyphens, beginning with a letter, at most 32"


@dataclass(frozen=True, slots=True)
class SettingsTarget:
    """The settings file that gets the account, and what is in it.

    Attributes:
        path: The file, in full.
        before: Its bytes, ``None`` when it does not exist yet.
        text: The same as text.
        accounts: The tables of the accounts that it names.
    """

    path: Path
    before: bytes | None
    text: str
    accounts: Mapping[str, Any]


def find_target(named: Path | None) -> SettingsTarget:
    """The file that is named, or that would be found, or else the platform's own.

    Raises:
        DragomanError: It is there and has mistakes, or may not be replaced.
    """
    found = None if named else find()
    path = expanded(named) if named else found.path if found else settings_folder() / FILE_NAME
    path = Path(os.path.abspath(path))  # noqa: PTH100  # links stay, and are refused
    before = read(path)
    if before is None:
        return _new(path)
    # Mistakes that are there already are told now, so that none looks like one of the new account.
    config.from_bytes(read_file(path, own=named is None), path)
    text = text_of(path, before)
    return SettingsTarget(path, before, text, toml_edit.parse(text).get("accounts", {}))


def _new(path: Path) -> SettingsTarget:
    """A file that is to be made, where nobody else could put one of theirs in its place."""
    problem = settings_file.folder_problem(str(path.parent)) if path.parent.exists() else None
    if problem:
        raise ConfigError(sentence("{}: The settings file {}.", path, unquoted(problem, settings_file.LONGEST_PROBLEM)))
    return SettingsTarget(path, None, "", {})


def questions_of(provider: str) -> dict[str, Question]:
    """What there is to ask about an account of a provider.

    Raises:
        InvalidArgument: There is no such provider.
    """
    if provider not in provider_names():
        raise InvalidArgument(
            sentence("There is no provider {!r}.", provider),
            hint=sentence("The providers are {}.", join(provider_names())),
        )
    return questions(provider_class(provider).Settings)


def free_name(name: str, there: SettingsTarget) -> str:
    """A name for the account.

    Raises:
        InvalidArgument: It is none, or taken.
    """
    if not ACCOUNT_NAME.fullmatch(name):
        raise InvalidArgument(f"An account name has {_NAMES}.")
    if name in there.accounts:
        raise InvalidArgument(sentence("There is an account {} already.", name), hint="Choose another name.")
    return name


def only_account(name: str, table: Mapping[str, object]) -> Config:
    """Settings that hold only this account.

    Raises:
        ConfigError: It has mistakes.
    """
    return config.from_mapping({"accounts": {name: dict(table)}})


def problem(name: str, table: Mapping[str, object], key: str) -> SafeText | None:
    """What is wrong with one setting; what others lack does not matter."""
    try:
        only_account(name, table)
    except ConfigError as error:
        begin = f"accounts.{name}.{key}: "
        return next((SafeText(said.removeprefix(begin)) for said in error.problems if said.startswith(begin)), None)
    except DragomanError as error:
        return error.text
    return None


def change(there: SettingsTarget, name: str, table: Mapping[str, object], *, keep_default: bool) -> Change:
    """The settings file with the account.

    Args:
        there: The file.
        name: The account's name.
        table: Its settings.
        keep_default: Also write down the accounts that exist only as long as the settings name none.

    Raises:
        DragomanError: The account does not go with the others, or the file cannot be changed.
    """
    text = there.text
    try:
        if keep_default and not there.accounts:
            for usual, settings in other_accounts(name, table).items():
                text = toml_edit.set_key(text, ("accounts", usual), settings)
        after = _spaced(toml_edit.set_key(text, ("accounts", name), dict(table)), text)
    except InvalidArgument as error:
        raise InvalidArgument(
            sentence("{}: {}", there.path, error.message), hint=join([error.hint, safe("Nothing was changed.")], " ")
        ) from None
    # The account alone was good, but two accounts may not name the same file.
    config.from_mapping(toml_edit.parse(after))
    return Change(there.path, there.before, after.encode())


def other_accounts(name: str, table: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    """The accounts of empty settings that are neither this one nor of its provider."""
    return {
        usual: settings
        for usual, settings in DEFAULT_ACCOUNTS.items()
        if usual != name and settings["provider"] != table["provider"]
    }


def _spaced(after: str, before: str) -> str:
    """With an empty line before a table that was put at the end."""
    start = before.rstrip("\r\n")
    if not start or not after.startswith(start):
        return after
    return start + ("\r\n\r\n" if "\r\n" in before else "\n\n") + after[len(start) :].lstrip("\r\n")
