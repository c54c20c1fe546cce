"""Predicts the first answers of the server from the raw settings, without importing what checks them.

Only settings that are certainly good are understood here: every key and value fits a rule that is made from the models
of the settings and stands in the snapshot, or a server has started with this very file before. For all others the
answer is ``None``, and the start takes the way that finds their mistakes. Imports nothing that takes time unless there
is a settings file.
"""

from __future__ import annotations

import json
import os

from dragoman_server.config import settings_file
from dragoman_server.config.setting_rules import ACCOUNT, all_hold, fits, holds, is_table, same_file
from dragoman_server.transports.stdio import start_cache

TYPE_CHECKING = False
if TYPE_CHECKING:  # the typing module would be a third of the time until the first answer
    from typing import Any

SNAPSHOT = "snapshot.json"
_TABLES = ("accounts", "http", "auth")
_SEARCH = "search_messages"
_READ = "list_messages"
_WRITES = ("send_message", "update_message", "import_message")


class PlainSettings:
    """Settings that are certainly good.

    Attributes:
        snapshot: The snapshot, with what is known of providers of other packages.
        settings: As the file holds them.
        accounts: What :func:`predict_accounts` tells of them.
    """

    def __init__(self, snapshot: dict[str, Any], settings: dict[str, Any], accounts: dict[str, Any]) -> None:
        self.snapshot = snapshot
        self.settings = settings
        self.accounts = accounts

    def tables(self) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
        """Snapshot of the provider and table of settings of each account, by its name."""
        tables = self.settings.get("accounts") or self.snapshot["default"]
        return {name: (self.snapshot["providers"][table["provider"]], table) for name, table in tables.items()}


def read_settings(config: str | None, *, read_only: bool = False) -> PlainSettings | None:
    """The settings, if it takes no more than a look to know that they are good.

    Args:
        config: The settings file; ``None`` looks for it.
        read_only: Whatever the file allows, nothing may be written.
    """
    try:
        with open(os.path.join(os.path.dirname(__file__), SNAPSHOT), "rb") as file:  # noqa: PTH118, PTH120, PTH123  # pathlib takes time
            snapshot = json.load(file)
        content = _content(config)
        settings = {} if content is None else _parse(content)
        accounts = predict_accounts(snapshot, settings, read_only=read_only)
        # A provider of another package, or a value that no rule covers: an earlier start may have found it good.
        if accounts is None and content is not None:
            known = start_cache.read(snapshot, content)
            snapshot["providers"] |= known.providers
            accounts = predict_accounts(snapshot, settings, read_only=read_only, certain=known.settings_are_good)
    except (OSError, ValueError, RecursionError, KeyError):
        return None
    return None if accounts is None else PlainSettings(snapshot, settings, accounts)


def predict_results(config: str | None, *, read_only: bool) -> dict[str, Any] | None:
    """Predicted results by protocol version and method; ``None`` when they are not certain.

    Args:
        config: The settings file; ``None`` looks for it.
        read_only: Whatever the file allows, nothing may be written.
    """
    found = read_settings(config, read_only=read_only)
    return None if found is None else fill(found.snapshot, found.accounts)


def predict_accounts(
    snapshot: dict[str, Any], settings: dict[str, Any], *, read_only: bool, certain: bool = False
) -> dict[str, dict[str, Any]] | None:
    """The accounts with what they offer, in their order; ``None`` where it is not certain.

    Args:
        snapshot: The snapshot.
        settings: As a settings file would hold them.
        read_only: Nothing may be written.
        certain: The settings are known to be good.
    """
    tables = settings.get("accounts", {})
    if not is_table(tables) or not (certain or _is_good(snapshot, settings)):
        return None
    found: dict[str, dict[str, Any]] = {}
    for name, table in (tables or snapshot["default"]).items():
        kind = snapshot["providers"].get(table.get("provider")) if _is_account(name, table) else None
        if kind is None or not (certain or _is_certain(kind, name, table)):
            return None
        found[name] = {
            "external": kind["external"],
            "narrows": kind["narrows"],
            "named": (name, kind["service_name"], kind["about"]),
            "offers": _offered(kind, table, read_only=read_only),
        }
    internal = {name: it for name, it in tables.items() if not found[name]["external"]}
    return None if len(internal) > 1 and not certain and same_file(internal, start_cache.store_path()) else found


def settings_path(config: str | None) -> str | None:
    """The path of the settings file, ``None`` where there is none.

    Raises:
        ValueError: Where it is takes more than a look.
    """
    named = config if config is not None else os.environ.get("DRAGOMAN_CONFIG")
    if named or config is not None:
        # Finding a home folder needs modules that take long to import.
        if not named or named.startswith("~"):
            raise ValueError(named)
        return named
    working = settings_file.working_file()
    if working is not None and settings_file.is_trusted(working, settings_file.read(working)):
        return working
    return settings_file.user_file()


def fill(snapshot: dict[str, Any], accounts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The results for these accounts."""
    from dragoman_server.mcp import wording  # noqa: PLC0415  # a search has no use for it

    tools = [
        _tool(tool, accounts)
        for name, tool in snapshot["tools"].items()
        if any(name in account["offers"] for account in accounts.values())
    ]
    offered = {name for account in accounts.values() for name in account["offers"]}
    text = wording.instructions(
        [account["named"] for account in accounts.values()],
        only_local=not any(account["external"] for account in accounts.values()),
    )
    for by_method in snapshot["results"].values():
        by_method["tools/list"]["tools"] = tools
        for result in by_method.values():
            if "instructions" in result:
                result["instructions"] = text
                _announce(result["capabilities"], offered, set(snapshot["prompt_needs"]))
                narrows = any(account["narrows"] for account in accounts.values())
                result["capabilities"]["tools"]["listChanged"] = narrows
    found: dict[str, Any] = snapshot["results"]
    return found


def _tool(tool: dict[str, Any], accounts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A tool as the server describes it for these accounts."""
    from dragoman_server.mcp import wording  # noqa: PLC0415  # as above

    name = tool["name"]
    named = [account["named"] for account in accounts.values() if name in account["offers"]]
    tool["description"] = wording.description(name, tool["description"], named)
    tool["_meta"][wording.SEARCH_HINT] = wording.search_hint(tool["_meta"][wording.SEARCH_HINT], named)
    tool["annotations"]["openWorldHint"] = any(account["external"] for account in accounts.values())
    return tool


def _announce(capabilities: dict[str, Any], offered: set[str], prompt_needs: set[str]) -> None:
    """Drop the capabilities that no account supports."""
    if _READ not in offered:
        capabilities.pop("resources", None)
    if not offered & prompt_needs:
        capabilities.pop("prompts", None)
    if "resources" not in capabilities and "prompts" not in capabilities:
        capabilities.pop("completions", None)


def _content(config: str | None) -> bytes | None:
    """The bytes of the settings file, ``None`` when there is none.

    Raises:
        ValueError: It cannot be used as it is.
    """
    path = settings_path(config)
    if path is None:
        return None
    content = settings_file.read(path)
    # Whoever else may write the file could make this process run commands.
    if len(content) > settings_file.LARGEST or settings_file.writers_problem(path, own=config is None):
        raise ValueError(path)
    return content


def _parse(content: bytes) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415  # takes time, and is not needed without a file

    return tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n"))


def _is_good(snapshot: dict[str, Any], settings: dict[str, Any]) -> bool:
    """Whether everything apart from the accounts certainly has no mistake."""
    general = {key: value for key, value in settings.items() if key not in _TABLES}
    if not all_hold(snapshot["general"], general):
        return False
    http, auth = settings.get("http", {}), settings.get("auth")
    if not holds(snapshot["http"], http, {}) or (http.get("sessions") and http.get("workers", 1) > 1):
        return False
    return auth is None or _is_good_auth(snapshot, auth, settings.get("accounts", {}), public="public_url" in http)


def _is_good_auth(snapshot: dict[str, Any], auth: Any, accounts: dict[str, Any], *, public: bool) -> bool:
    if not auth or not holds(snapshot["auth"], auth, {}) or ("oauth" in auth and not public):
        return False
    owners = [*auth.get("tokens", {}).values(), auth.get("oauth", {})]
    there = set(accounts or snapshot["default"])
    return all(set(owner.get("accounts", ())) <= there for owner in owners)


def _is_account(name: str, table: object) -> bool:
    return fits(ACCOUNT, name) and is_table(table) and type(table.get("provider")) is str


def _is_certain(kind: dict[str, Any], name: str, table: dict[str, Any]) -> bool:
    """Whether every setting of an account is certainly valid."""
    if kind["checks_itself"] or not table.keys() >= set(kind["required"]) or not all_hold(kind["keys"], table, name):
        return False
    return sum(key in table for key in kind["secrets"]) == min(1, len(kind["secrets"]))


def _offered(kind: dict[str, Any], table: dict[str, Any], *, read_only: bool) -> list[str]:
    """The tools that an account has something for."""
    # An empty list names no conversation that may be written to.
    writes = not read_only and table.get("write", kind["write"]) != "off" and table.get("write_to") != []
    found = [name for name in kind["tools"] if writes or name not in _WRITES]
    # What is remembered in full can be searched in the store.
    if table.get("remember", kind["remember"]) == "full" and _SEARCH not in found:
        found.append(_SEARCH)
    return found
