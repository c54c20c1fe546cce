"""The settings: found, read once, and refused with all their mistakes at once."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, cast

from pydantic import ValidationError

from dragoman.accounts.provider_registry import BUILT_IN, provider_class, provider_names
from dragoman.core import paths
from dragoman.core.errors import DragomanError, InvalidArgument
from dragoman.core.references import ACCOUNT_NAME, parse
from dragoman.core.safe_text import SafeText, Sentence, join, safe, sentence, unquoted
from dragoman.providers.base.provider import AccountSettings
from dragoman_server.config import settings_file, toml_positions
from dragoman_server.config.clients import ClientSettings, clients_of
from dragoman_server.config.connection_checks import of_connection
from dragoman_server.config.diagnostics import ConfigError, Mistake, keys_of, of_model
from dragoman_server.config.find import SettingsFile, find
from dragoman_server.config.key_paths import KeyPath, dotted
from dragoman_server.config.server_settings import General, local_zone
from dragoman_server.config.toml_positions import Document

if TYPE_CHECKING:
    from dragoman.transport.credentials import Secret
    from dragoman_server.config.auth import AuthSettings
    from dragoman_server.config.http import HttpSettings

_TABLES: Final = ("accounts", "clients", "http", "auth")
_NAME_RULE: Final = (
    "an account name has small letters, digits and hyphens, begins with a letter, and is at most 32 long."
)
DEFAULT_ACCOUNTS: Final[Mapping[str, Mapping[str, object]]] = MappingProxyType(
    {"local": MappingProxyType({"provider": "local"})}
)
"""The accounts of settings that name none."""


@dataclass(frozen=True, slots=True)
class Config:
    """Settings that can be used.

    Attributes:
        accounts: Settings by account name, in the order of the file; never empty.
        data: The folder that holds what the server remembers.
        source: The file they were read from, ``None`` when there was none.
        http: The table ``[http]``, ``None`` when there is none.
        auth: Who may call over HTTP, ``None`` when nothing is said of it.
        clients: What is said of client programs, by their names in small letters.
    """

    accounts: Mapping[str, AccountSettings]
    general: General = field(default_factory=General)
    data: Path = field(default_factory=paths.data_folder)
    source: Path | None = None
    http: HttpSettings | None = None
    auth: AuthSettings | None = None
    clients: Mapping[str, ClientSettings] = field(default_factory=dict[str, ClientSettings])

    @property
    def store(self) -> Path | Secret:
        """Where what the server remembers is: a file, or the address of a database."""
        store = cast("Path | Secret | None", self.general.store)
        return paths.expanded(store) if isinstance(store, Path) else store or self.data / paths.STORE_NAME

    @property
    def store_file(self) -> Path | None:
        """The file that holds what the server remembers; ``None`` when that is in a database."""
        return self.store if isinstance(self.store, Path) else None

    def in_store(self) -> Config:
        """The same settings, with accounts that keep messages in the store where it is."""
        return replace(self, accounts={name: one.in_store(self.store) for name, one in self.accounts.items()})

    @property
    def zone(self) -> tzinfo:
        """The zone that times are shown in."""
        return self.general.zone or local_zone()


def load(path: str | Path | None = None) -> Config:
    """Read the settings from a file, or from the one that :func:`~dragoman_server.config.find.find` finds.

    Raises:
        ConfigError: The file cannot be read or has mistakes; all of them are reported.
    """
    return from_file(find(path))


def from_file(source: SettingsFile | None) -> Config:
    """The settings that a file holds, or those that count without one.

    Raises:
        ConfigError: They have mistakes; all of them are reported.
    """
    return from_mapping({}) if source is None else from_bytes(source.content, source.path)


def from_bytes(content: bytes, source: Path) -> Config:
    """The settings that a file holds.

    Raises:
        ConfigError: They have mistakes; all of them are reported.
    """
    document = toml_positions.read(_text(content, source))
    mistakes = [_located(source, line.line, sentence("{}.", unquoted(line.reason))) for line in document.mistakes]
    # Where a lost line may have moved keys into another table, further mistakes would be invented.
    config, semantic = _build(document.data, source) if document.whole else (None, [])
    if document.mistakes:  # a required key may stand in a line that was left out
        semantic = [mistake for mistake in semantic if not mistake.absent]
    mistakes += _sorted_by_line(document, source, semantic)
    if mistakes or config is None:
        raise ConfigError(*mistakes)
    return config


def from_mapping(raw: Mapping[str, object], *, data: Path | None = None) -> Config:
    """Check settings that are already in memory, as a file would hold them.

    Raises:
        ConfigError: They have mistakes; all of them are reported.
    """
    config, mistakes = _build(raw, None)
    if mistakes or config is None:
        raise ConfigError(*(sentence("{}: {}", dotted(m.path), safe(m.sentence)) for m in mistakes))
    return config if data is None else replace(config, data=data)


def _text(content: bytes, source: Path) -> str:
    if len(content) > settings_file.LARGEST:
        raise ConfigError(sentence("{}: This is no settings file, it is larger than 1 MiB.", source))
    try:
        # Editors of Windows put a byte order mark at the beginning, which TOML does not know.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(sentence("{}:{}: The settings file is not UTF-8 text.", source, line)) from None


def _build(raw: Mapping[str, object], source: Path | None) -> tuple[Config | None, list[Mistake]]:
    top = {key: value for key, value in raw.items() if key not in _TABLES}
    mistakes: list[Mistake] = []
    general = _general(top, mistakes)
    tables = raw.get("accounts", {})
    accounts: dict[str, AccountSettings] = {}
    if isinstance(tables, Mapping):
        # Without settings there is still an account to import into.
        accounts = _accounts(cast("Mapping[str, object]", tables) or DEFAULT_ACCOUNTS, mistakes)
    else:
        mistakes.append(Mistake(("accounts",), "must be tables, each begun by a line [accounts.NAME]."))
    http, auth = _web(raw, accounts, mistakes)
    clients = clients_of(raw.get("clients", {}), mistakes)
    if mistakes or general is None:
        return None, mistakes
    config = Config(accounts, general, source=source, http=http, auth=auth, clients=clients)
    # Accounts without a place of their own move into the store that the settings name.
    return config if general.store is None else config.in_store(), mistakes


def _web(
    raw: Mapping[str, object], accounts: Mapping[str, AccountSettings], mistakes: list[Mistake]
) -> tuple[HttpSettings | None, AuthSettings | None]:
    if not raw.keys() & {"http", "auth"}:
        return None, None
    from dragoman_server.config import http_tables  # noqa: PLC0415  # its models cost time that most starts save

    http = http_tables.http_of(raw["http"], mistakes) if "http" in raw else None
    return http, http_tables.auth_of(raw["auth"], accounts, http, mistakes) if "auth" in raw else None


def _general(top: Mapping[str, object], mistakes: list[Mistake]) -> General | None:
    try:
        return General.model_validate(top)
    except ValidationError as error:
        mistakes.extend(of_model(error, [*keys_of(General), *_TABLES], (), top))
        return None


def _accounts(tables: Mapping[str, object], mistakes: list[Mistake]) -> dict[str, AccountSettings]:
    accounts: dict[str, AccountSettings] = {}
    for name, table in tables.items():
        at = ("accounts", name)
        if not ACCOUNT_NAME.fullmatch(name):
            mistakes.append(Mistake(at, _NAME_RULE))
        if isinstance(table, Mapping):
            settings = _account(cast("Mapping[str, object]", table), at, mistakes)
            if settings is not None:
                accounts[name] = settings
        else:
            mistakes.append(Mistake(at, "must be a table, begun by a line [accounts.NAME]."))
    mistakes.extend(_same_file(accounts))
    return accounts


def _account(table: Mapping[str, object], at: KeyPath, mistakes: list[Mistake]) -> AccountSettings | None:
    mistakes.extend(_foreign(table.get("write_to"), at))
    provider = table.get("provider")
    if not isinstance(provider, str) or not _is_known(provider):
        known = provider_names()
        what = "is required" if provider is None else "is no provider that is installed"
        near = get_close_matches(provider, known, n=1) if isinstance(provider, str) else []
        meant = sentence("; did you mean {}?", near[0]) if near else safe(".")
        reason = sentence("{}; the providers are {}{}", safe(what), join(known), meant)
        mistakes.append(Mistake((*at, "provider"), reason, absent=provider is None))
        common = {key: value for key, value in table.items() if key in AccountSettings.model_fields}
        # All mistakes are told at once, so what every account has is checked without a provider, too.
        _settings(AccountSettings, common | {"provider": ""}, at, mistakes)
        return None
    try:
        model = provider_class(provider).Settings
    except DragomanError as error:
        mistakes.append(Mistake((*at, "provider"), error.text))
        return None
    settings = _settings(model, table, at, mistakes)
    # One mistake for a key is enough: the model may have found the same one.
    said = {mistake.path for mistake in mistakes}
    mistakes += [it for it in of_connection(model, table, at) if it.path not in said]
    return settings


def _is_known(provider: str) -> bool:
    return provider in BUILT_IN or provider in provider_names()  # the second looks through all packages


def _settings(
    model: type[AccountSettings], table: Mapping[str, object], at: KeyPath, mistakes: list[Mistake]
) -> AccountSettings | None:
    try:
        return model.model_validate(table)
    except ValidationError as error:
        mistakes.extend(of_model(error, keys_of(model), at, table))
        return None


def _foreign(entries: object, at: KeyPath) -> list[Mistake]:
    """Places in ``write_to`` that cannot belong to the account; bare ids are the provider's to judge."""
    for entry in cast("list[object]", entries) if isinstance(entries, list) else ():
        try:
            reference = parse(entry) if isinstance(entry, str) else None
            good = (reference.account, reference.message) == (at[-1], None) if reference else _is_bare_id(entry)
        except DragomanError:
            good = False
        if not good:
            example = sentence("{}:ID", dotted(at[-1:]))
            wrong = sentence("must hold references of conversations of this account, such as {}.", example)
            return [Mistake((*at, "write_to"), wrong)]
    return []


def _is_bare_id(entry: object) -> bool:
    """A title is refused: two conversations may have it, and anybody may give it to a third."""
    return not isinstance(entry, str) or re.fullmatch(r"[^\s:#][^\s:]*", entry) is not None


def _same_file(accounts: Mapping[str, AccountSettings]) -> list[Mistake]:
    """Accounts that would write the same file under two names."""
    seen: dict[tuple[str, Path], str] = {}
    mistakes: list[Mistake] = []
    for name, settings in accounts.items():
        if "path" not in type(settings).model_fields:
            continue
        path: object = getattr(settings, "path", None)
        try:
            file = paths.expanded(path) if isinstance(path, Path) else paths.store_file()
        except InvalidArgument as error:
            mistakes.append(Mistake(("accounts", name, "path"), error.text))
            continue
        # Two names of one file, such as a link, would let two accounts write over each other.
        key = (settings.provider, Path(os.path.realpath(file)))
        if key in seen:
            mistakes.append(
                Mistake(("accounts", name, "path"), sentence("is the file of the account {} already.", seen[key]))
            )
        seen.setdefault(key, name)
    return mistakes


def _located(source: Path, line: int | None, problem: Sentence) -> SafeText:
    where = sentence("{}:{}", source, line) if line else sentence("{}", source)
    return sentence("{}: {}", where, safe(problem))


def _sorted_by_line(document: Document, source: Path, mistakes: list[Mistake]) -> list[SafeText]:
    placed = sorted(((document.line_of(m.path), m) for m in mistakes), key=lambda pair: pair[0] or 0)
    return [_located(source, line, sentence("{}: {}", dotted(m.path), safe(m.sentence))) for line, m in placed]
