"""Does a value of the settings fit a rule that stands in the snapshot. Imports nothing that takes time.

A rule is made from the models of the settings, and has one member, its kind. What fits is certainly good; what does
not fit may still be good, which only the models can tell.
"""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:  # the typing module would be a third of the time until the first answer
    from collections.abc import Callable
    from typing import Any

    from typing_extensions import TypeIs

    Rule = dict[str, Any]

ACCOUNT = r"[a-z][a-z0-9-]{0,31}"
_WORD = r"[!-~]{1,500}"
# Ports from 60000 on are good as well; they are left to the models.
_PORT = r"(:([0-9]{1,4}|[1-5][0-9]{4}))?"
_PATH = r"(/[A-Za-z0-9._~-]+)*/?"
_HOST = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?){0,3}"
_HERE = r"(127\.0\.0\.1|localhost|\[::1\])"
ADDRESS = rf"https://{_HOST}{_PORT}{_PATH}|http://{_HERE}{_PORT}{_PATH}"
"""Addresses that every check of one takes: https anywhere, plain http on this machine."""

HORIZON = r"all|[1-9][0-9]{0,3}[dwmy]"
"""How far back an account is kept current."""

_MOST_CERTIFICATES = 8 << 20
_BEGIN = b"-----BEGIN CERTIFICATE-----"


def is_table(value: object) -> TypeIs[dict[str, Any]]:
    """Whether it is an object of JSON or a table of TOML."""
    return type(value) is dict


def is_list(value: object) -> TypeIs[list[Any]]:
    """Whether it is a list of JSON or TOML."""
    return type(value) is list


def fits(pattern: str, value: object) -> bool:
    """Whether it is a text that matches a pattern as a whole."""
    return type(value) is str and re.fullmatch(pattern, value) is not None


def all_hold(rules: dict[str, Rule], table: dict[str, Any], account: str = "") -> bool:
    """Whether every key of a table is known, with a value that satisfies its rule."""
    return all(key in rules and holds(rules[key], value, table, account) for key, value in table.items())


def holds(rule: Rule, value: Any, table: dict[str, Any], account: str = "") -> bool:
    """Whether a value satisfies the rule for its key.

    Args:
        rule: The rule.
        value: The value.
        table: The table that it stands in.
        account: The account that the table is of.
    """
    ((kind, what),) = rule.items()
    if kind == "places":
        entry = rf"(?:{account}:)?[A-Za-z0-9._-]+"
        return is_list(value) and all(fits(entry, it) for it in value)
    check = _KINDS.get(kind)
    return check is not None and check(what, value, table)


def _is_choice(what: Any, value: Any, _table: object) -> bool:
    return type(value) is str and value in what


def _is_fitting(what: Any, value: Any, _table: object) -> bool:
    return fits(what, value)


def _is_list_of(what: Any, value: Any, table: dict[str, Any]) -> bool:
    return is_list(value) and len(value) >= what["from"] and all(holds(what["of"], it, table) for it in value)


def _is_table_of(what: Any, value: Any, _table: object) -> bool:
    return is_table(value) and value.keys() >= set(what["required"]) and all_hold(what["keys"], value)


def _is_tables_of(what: Any, value: Any, table: dict[str, Any]) -> bool:
    return is_table(value) and all(fits(ACCOUNT, key) and holds(what, it, table) for key, it in value.items())


def _is_number(what: Any, value: Any, _table: object) -> bool:
    # By type: to `isinstance` a truth value is a whole number.
    if type(value) not in ((int,) if what["whole"] else (int, float)):
        return False
    return (what["from"] is None or what["from"] <= value) and (what["to"] is None or value <= what["to"])


def _is_text(what: Any, value: Any, _table: object) -> bool:
    if type(value) is not str:
        return False
    size = len(value.strip() if what["strip"] else value)
    return size >= what["from"] and (what["to"] is None or size <= what["to"])


def _is_flag(_what: object, value: Any, _table: object) -> bool:
    return type(value) is bool


def _is_secret(_what: object, value: object, _table: object) -> bool:
    if type(value) is str:
        return fits(_WORD, value)
    if not is_table(value) or len(value) != 1:
        return False
    ((kind, where),) = value.items()
    if kind == "command":
        return is_list(where) and bool(where) and all(fits(_WORD, it) for it in where)
    return kind in ("env", "file", "keyring") and fits(_WORD, where)


def _is_zone(_what: object, name: Any, _table: object) -> bool:
    if type(name) is not str:
        return False
    from zoneinfo import ZoneInfo  # noqa: PLC0415  # takes time, and few settings need it

    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return False
    return True


def _is_address(_what: object, value: object, _table: object) -> bool:
    return fits(ADDRESS, value)


def _is_target(what: Any, value: object, table: dict[str, Any]) -> bool:
    if what["tls"] and table.get("tls") is False:
        return fits(rf"{_HERE}{_PORT}", value)
    return fits(rf"{_HOST}{_PORT}", value)


def _is_certificates(_what: object, value: object, _table: object) -> bool:
    # The models replace `~` and know the folder that others are relative to.
    if type(value) is not str or not value.startswith("/"):
        return False
    try:
        with open(value, "rb") as file:  # noqa: PTH123  # pathlib takes time
            return _BEGIN in file.read(_MOST_CERTIFICATES)
    except (OSError, ValueError):
        return False


def _is_collector(_what: object, value: object, _table: object) -> bool:
    if not fits(ADDRESS, value):
        return False
    from importlib.util import find_spec  # noqa: PLC0415  # takes time, and few settings need it

    try:
        return find_spec("opentelemetry.sdk") is not None
    except ModuleNotFoundError:
        return False


def _is_horizon(what: Any, value: object, table: dict[str, Any]) -> bool:
    return fits(HORIZON, value) and table.get("remember", what) == "full"


def same_file(tables: dict[str, Any], default: str | None) -> bool:
    """Whether two accounts on this machine could mean the same file.

    Args:
        tables: The tables of these accounts.
        default: The file of one that names none.
    """
    paths = [table.get("path", default) for table in tables.values()]
    # `~` is not replaced here, so any other account could mean the same file.
    if any(type(path) is not str or path.startswith("~") for path in paths):
        return len(paths) > 1
    return len({os.path.realpath(path) for path in paths}) < len(paths)


_KINDS: dict[str, Callable[[Any, Any, dict[str, Any]], bool]] = {
    "any of": _is_choice,
    "fits": _is_fitting,
    "list": _is_list_of,
    "table": _is_table_of,
    "each": _is_tables_of,
    "number": _is_number,
    "text": _is_text,
    "flag": _is_flag,
    "secret": _is_secret,
    "zone": _is_zone,
    "address": _is_address,
    "target": _is_target,
    "certificates": _is_certificates,
    "collector": _is_collector,
    "horizon": _is_horizon,
}
