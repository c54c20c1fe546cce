"""Credentials out of the environment and into a place that a client's server finds: the keyring, or a private file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import anyio

from dragoman.core.errors import DragomanError, InvalidArgument, Unauthenticated
from dragoman.core.safe_text import join, safe, sentence
from dragoman.providers.base.provider import AccountSettings
from dragoman.transport.credential_store import require_name, secret_file, write_to_keyring
from dragoman.transport.credentials import Secret, register_for_redaction
from dragoman_server.config.load import Config
from dragoman_server.setup.files import toml_edit
from dragoman_server.setup.files.safe_rewrite import PRIVATE, Change, read, text_of, write

Source = dict[str, str]
"""What the settings say instead of a credential: ``{"keyring": name}`` or ``{"file": path}``."""


@dataclass(frozen=True, slots=True)
class CredentialNeed:
    """A variable that settings read a credential from, and the keys that do."""

    variable: str
    keys: tuple[tuple[str, str], ...]

    @property
    def label(self) -> str:
        """What it is for."""
        return ", ".join(f"{key} of {account}" for account, key in self.keys)


def credential_needs(config: Config) -> list[CredentialNeed]:
    """The variables that credentials come from, in the order of the settings."""
    found: dict[str, list[tuple[str, str]]] = {}
    for account, settings in config.accounts.items():
        for key, secret in secrets_of(settings).items():
            if secret.source.kind == "env":
                found.setdefault(secret.source.parts[0], []).append((account, key))
    return [CredentialNeed(variable, tuple(keys)) for variable, keys in found.items()]


def secrets_of(settings: AccountSettings) -> Mapping[str, Secret]:
    """The credentials of an account by key."""
    values = {key: getattr(settings, key) for key in type(settings).model_fields}
    return {key: value for key, value in values.items() if isinstance(value, Secret)}


def clean_credential(value: str, name: str) -> str:
    """A credential as it can be sent.

    Raises:
        InvalidArgument: It is empty, has several lines, or characters that no credential has.
    """
    # Before anything can fail: an error must not show it.
    register_for_redaction(value.strip())
    try:
        # What can be revealed here can be sent later: the checks are the same.
        return anyio.run(Secret(value.strip() or " ").reveal)
    except Unauthenticated:
        raise InvalidArgument(
            sentence("What was given for {} is empty or no credential.", name),
            hint="Give exactly the credential, on one line.",
        ) from None


def store_credential(name: str, value: str) -> Source:
    """Store a credential in the system's keyring, or where there is none in a file that only its owner reads.

    Raises:
        Unavailable: The system refuses.
    """
    require_name(name)
    if write_to_keyring(name, value):
        return {"keyring": name}
    path = secret_file(name)
    content = f"{value}\n".encode()
    if read(path) is None:
        # Makes the folder as well, for its owner only.
        Change(path, None, content).apply()
    else:  # no backup: nobody wants copies of old credentials
        write(path, content, PRIVATE)
    return {"file": str(path)}


def place_of(source: Source) -> str:
    """Words for where a credential is stored."""
    return f"the file {source['file']}, which only you can read" if "file" in source else "the system's keyring"


def with_sources(config: Config, sources: Mapping[CredentialNeed, Source]) -> Change | None:
    """The settings file with other sources of credentials; ``None`` when there is nothing to change.

    Raises:
        DragomanError: The file cannot be changed.
    """
    if config.source is None or not sources:
        return None
    path = Path(config.source).absolute()
    before = read(path)
    after = text_of(path, before)
    for want, source in sources.items():
        for account, key in want.keys:
            after = toml_edit.set_key(after, ("accounts", account, key), source, inline=True)
    return Change(path, before, after.encode())


def check(config: Config, sources: Mapping[CredentialNeed, Source]) -> None:
    """See that the settings file can be changed, before anything is asked or stored.

    Raises:
        DragomanError: It cannot.
    """
    try:
        with_sources(config, sources)
    except DragomanError as error:
        raise InvalidArgument(
            sentence("The settings cannot be changed to hold other places of credentials. {}", error.message),
            hint=join([error.hint, safe("Or leave them as they are with --keep-env.")], " "),
        ) from None
