"""Checks before a server starts, without the network."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from dragoman.accounts.account import Account
from dragoman.accounts.provider_registry import provider_class
from dragoman.core.errors import NotFound
from dragoman.core.references import parse
from dragoman.core.safe_text import SafeText, join, safe, sentence, unquoted
from dragoman.providers.base.provider import AccountSettings, Capability, ConversationQuery
from dragoman.store import NotWritableError
from dragoman.toolset.policy.permission import entry_in
from dragoman_server.config.diagnostics import ConfigError
from dragoman_server.config.find import SettingsFile, find
from dragoman_server.config.key_paths import dotted
from dragoman_server.config.load import Config, from_file

if TYPE_CHECKING:
    from dragoman_server.config.http import HttpSettings


def settings(file: Path | None, *, read_only: bool = False) -> Config:
    """The settings that a server is started with: of the file that is named, or of the one that is found.

    Raises:
        ConfigError: As :func:`check`, or the file cannot be read.
        DragomanError: As :func:`check`.
    """
    return check(find(file), read_only=read_only)


def check(source: SettingsFile | None, *, read_only: bool = False) -> Config:
    """The settings that a file holds, if a server can be started with them.

    Args:
        source: The file; ``None`` stands for the settings that count without one.
        read_only: Whatever the file allows, nothing may be written.

    Raises:
        ConfigError: They cannot be used, or ``write_to`` names a conversation that this machine knows not to exist.
        DragomanError: The file of an account on this machine cannot be opened.
    """
    config = from_file(source)
    # Nothing will be written, so it does not matter where it might be.
    if read_only:
        return without_writing(config)
    checked = {name: it for name, it in config.accounts.items() if _can_be_checked(it)}
    if checked:
        anyio.run(_check_places, replace(config, accounts=checked))
    return config


def require_stores(config: Config) -> None:
    """Open the store and the files of the accounts on this machine.

    Raises:
        DragomanError: One of them cannot be read.
    """
    anyio.run(_open_stores, config)


def http_settings(settings: Config, where: str, workers: int | None) -> HttpSettings:
    """The settings of HTTP with what the command line says instead.

    Raises:
        ConfigError: They contradict each other, or would let anybody in.
    """
    from dragoman_server.config.http import ONE_PROCESS, Address, HttpSettings  # noqa: PLC0415  # only over HTTP

    chosen: dict[str, object] = {}
    if where:
        try:
            Address.parse(where)
        except ValueError as error:
            raise ConfigError(sentence("--http {}.", unquoted(str(error)))) from None
        chosen["listen"] = where
    if workers is not None:
        chosen["workers"] = workers
    http = (settings.http or HttpSettings()).model_copy(update=chosen)
    # The settings were checked alone; the command line may contradict them.
    if http.sessions and http.workers > 1:
        raise ConfigError(f"sessions = true in [http] {ONE_PROCESS}; leave --workers out.")
    # Everybody who reaches the address could read and write all accounts.
    if settings.auth is None and not http.address.loopback:
        raise ConfigError(
            "Without authentication the server listens to this machine only, and the address is another one's. "
            "Listen at 127.0.0.1, or give tokens in [auth.tokens.NAME]."
        )
    return http


def without_writing(config: Config) -> Config:
    """The same settings with writing switched off for every account."""
    accounts = {name: it.model_copy(update={"write": "off"}) for name, it in config.accounts.items()}
    return replace(config, accounts=accounts)


async def missing_places(account: Account) -> list[str]:
    """The places of ``write_to`` that the service does not have.

    Raises:
        DragomanError: The service cannot be asked.
    """
    missing: list[str] = []
    provider = await account.provider()
    for place in account.settings.write_to or ():
        reference = parse(place)
        # A recipient need not have a conversation yet.
        if account.provider_class.names_recipients(entry_in(place, account.name)):
            continue
        try:
            await provider.get_conversation(reference.conversation if reference else place)
        except NotFound:
            missing.append(place)
    return missing


def _can_be_checked(settings: AccountSettings) -> bool:
    return settings.write != "off" and bool(settings.write_to) and not provider_class(settings.provider).external


async def _check_places(config: Config) -> None:
    from dragoman_server.runtime import tool_context  # noqa: PLC0415  # the toolset, which only settings with such a list load here

    source = sentence("{}: ", config.source) if config.source else safe("")
    problems: list[SafeText] = []
    async with tool_context.open_services(config) as shared:
        for account in shared.workspace.accounts.values():
            if await _holds_anything(account) and (missing := await missing_places(account)):
                key = dotted(("accounts", account.name, "write_to"))
                problems.append(
                    sentence("{}{}: names conversations that do not exist: {}.", source, key, join(missing))
                )
    if problems:
        raise ConfigError(*problems)


async def _open_stores(config: Config) -> None:
    from dragoman_server.runtime import tool_context  # noqa: PLC0415  # the toolset, which only a server needs

    async with tool_context.open_services(config) as shared:
        with suppress(NotWritableError):
            await (await shared.workspace.store()).check()
        for account in shared.workspace.accounts.values():
            if not account.provider_class.external:
                await _holds_anything(account)


async def _holds_anything(account: Account) -> bool:
    """An empty account is about to be filled by the first import, which makes its conversation."""
    if Capability.LIST_CONVERSATIONS not in account.capabilities:
        return True
    page = await (await account.provider()).list_conversations(ConversationQuery(limit=1))
    return bool(page.items)
