"""Which tools there will be, known from the settings without what checks them.

Only settings that are certainly good are understood here: every key and value fits a rule that is made from the
models of the settings and stands in the snapshot. For all others the answer is ``None``, and the start takes the
way that finds their mistakes. Imports nothing that takes time unless there is a settings file.
"""

from __future__ import annotations

import json
import os
import re

from dragoman_server.config import settings_file

TYPE_CHECKING = False
if TYPE_CHECKING:  # the typing module would be a third of the time until the first answer
    from typing import Any

    from typing_extensions import TypeIs

SNAPSHOT = "snapshot.json"
_ACCOUNT = r"[a-z][a-z0-9-]{0,31}"
_WORD = r"[!-~]{1,500}"
_SEARCH = "search_messages"
_WRITES = ("send_message", "update_message", "import_message")


def predict_results(config: str | None, *, read_only: bool) -> dict[str, Any] | None:
    """What the server will answer, by protocol version and method; ``None`` when that cannot be foreseen.

    Args:
        config: The settings file; ``None`` looks for it.
        read_only: Whatever the file allows, nothing may be written.
    """
    try:
        with open(os.path.join(os.path.dirname(__file__), SNAPSHOT), "rb") as file:  # noqa: PTH118, PTH120, PTH123  # pathlib takes time
            snapshot = json.load(file)
        found = tools(snapshot, _settings(config), read_only=read_only)
    except (OSError, ValueError, RecursionError, KeyError):
        return None
    return None if found is None else _filled(snapshot, *found)


def tools(snapshot: dict[str, Any], settings: dict[str, Any], *, read_only: bool) -> tuple[set[str], bool] | None:
    """The names of the tools, and whether other people and systems take part; ``None`` where it is not certain.

    Args:
        snapshot: The snapshot.
        settings: As a settings file would hold them.
        read_only: Nothing may be written.
    """
    general = {key: value for key, value in settings.items() if key != "accounts"}
    accounts = settings.get("accounts", {})
    if not is_table(accounts) or not _all_hold(snapshot["general"], general, ""):
        return None
    found: set[str] = set()
    outside = False
    files = 0
    for name, table in (accounts or snapshot["default"]).items():
        kind = snapshot["providers"].get(table.get("provider")) if _is_account(name, table) else None
        if kind is None or not _is_plain(kind, name, table, read_only=read_only):
            return None
        files += not kind["open_world"]
        outside = outside or kind["open_world"]
        found |= _offered(kind, table, read_only=read_only)
    return (found, outside) if files <= 1 else None  # two could be the same file


def is_table(value: object) -> TypeIs[dict[str, Any]]:
    """Is it an object of JSON or a table of TOML."""
    return type(value) is dict


def is_list(value: object) -> TypeIs[list[Any]]:
    """Is it a list of either."""
    return type(value) is list


def place(config: str | None) -> str | None:
    """The path of the settings file, ``None`` where there is none.

    Raises:
        ValueError: Where it is takes more than a look.
    """
    named = config if config is not None else os.environ.get("DRAGOMAN_CONFIG")
    if named or config is not None:
        if not named or named.startswith("~"):
            raise ValueError(named)
        return named
    working = settings_file.working_file()
    if working is not None and settings_file.is_trusted(working, settings_file.read(working)):
        return working
    return settings_file.user_file()


def _settings(config: str | None) -> dict[str, Any]:
    path = place(config)
    if path is None:
        return {}
    content = settings_file.read(path)
    if len(content) > settings_file.LARGEST:
        raise ValueError(path)
    if settings_file.writers_problem(path, own=config is None):
        raise ValueError(path)
    import tomllib  # noqa: PLC0415  # takes time, and is not needed without a file

    return tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n"))


def _filled(snapshot: dict[str, Any], names: set[str], outside: bool) -> dict[str, Any]:  # noqa: FBT001  # the pair that tools() gives
    """The results with the tools in their order."""
    listed = [tool for name, tool in snapshot["tools"].items() if name in names]
    for tool in listed:
        tool["annotations"]["openWorldHint"] = outside
    for by_method in snapshot["results"].values():
        by_method["tools/list"]["tools"] = listed
    found: dict[str, Any] = snapshot["results"]
    return found


def _offered(kind: dict[str, Any], table: dict[str, Any], *, read_only: bool) -> set[str]:
    """The tools that an account has something for."""
    writes = not read_only and table.get("write", kind["write"]) != "off" and table.get("write_to") != []
    found = {name for name in kind["capabilities"] if writes or name not in _WRITES}
    return found | {_SEARCH} if table.get("remember", kind["remember"]) == "full" else found


def _is_account(name: str, table: object) -> bool:
    return _match(_ACCOUNT, name) and is_table(table) and type(table.get("provider")) is str


def _is_plain(kind: dict[str, Any], name: str, table: dict[str, Any], *, read_only: bool) -> bool:
    """Is every setting of an account certainly good, and nothing to be looked up before the start."""
    if not table.keys() >= set(kind["required"]) or not _all_hold(kind["keys"], table, name):
        return False
    if sum(key in table for key in kind["secrets"]) != min(1, len(kind["secrets"])):
        return False
    return read_only or kind["open_world"] or not table.get("write_to")


def _all_hold(rules: dict[str, Any], table: dict[str, Any], account: str) -> bool:
    return all(key in rules and _holds(rules[key], value, account) for key, value in table.items())


def _holds(rule: dict[str, Any], value: Any, account: str) -> bool:
    """Does a value fit the rule for its key; a rule has one member, its kind."""
    ((kind, what),) = rule.items()
    if kind == "any of":
        return type(value) is str and value in what
    if kind == "fits":
        return type(value) is str and _match(what, value)
    if kind == "number":
        return type(value) in ((int,) if what["whole"] else (int, float)) and what["from"] <= value <= what["to"]
    if kind == "places":
        entry = rf"(?:{account}:)?[A-Za-z0-9._-]+"
        return is_list(value) and all(type(it) is str and _match(entry, it) for it in value)
    known = {"flag": _is_flag, "zone": _is_zone, "secret": _is_secret}
    return kind in known and known[kind](value)


def _is_flag(value: Any) -> bool:
    return type(value) is bool


def _is_secret(value: object) -> bool:
    if type(value) is str:
        return _match(_WORD, value)
    if not is_table(value) or len(value) != 1:
        return False
    ((kind, where),) = value.items()
    if kind == "command":
        return is_list(where) and bool(where) and all(type(it) is str and _match(_WORD, it) for it in where)
    return kind in ("env", "file", "keyring") and type(where) is str and _match(_WORD, where)


def _is_zone(name: Any) -> bool:
    if type(name) is not str:
        return False
    from zoneinfo import ZoneInfo  # noqa: PLC0415  # takes time, and few settings need it

    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return False
    return True


def _match(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text) is not None
