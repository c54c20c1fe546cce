"""The machine's time zone where a look tells it, without what imports a calendar of rules."""

from __future__ import annotations

import os
import sys
from datetime import UTC, tzinfo
from typing import Final

from dragoman.core.lazy_pattern import lazy_pattern

NAMES_OF_UTC: Final = frozenset({"Etc/UTC", "Etc/UCT", "Etc/Universal", "Etc/Zulu", "Etc/GMT", "GMT", "UTC"})
_LINK: Final = "/etc/localtime"
_NAME: Final = "/etc/timezone"
# tzlocal looks at these too; where one exists, several sources have to agree.
_OTHERS: Final = ("/var/db/zoneinfo", "/etc/sysconfig/clock", "/etc/conf.d/clock")
_PLAIN: Final = lazy_pattern(r"[A-Za-z_]+(?:/[A-Za-z_+-]+)+|UTC")


def named_zone(name: str) -> tzinfo:
    """The zone of an IANA name.

    Raises:
        LookupError: There is none.
        ValueError: It cannot be a name.
    """
    if name in NAMES_OF_UTC:
        return UTC
    from zoneinfo import ZoneInfo  # noqa: PLC0415  # takes time, and many machines are in UTC

    return ZoneInfo(name)


def plain_local_zone() -> tzinfo | None:
    """The machine's zone; ``None`` where several places have to be looked at to know it."""
    if sys.platform != "linux" or any(map(os.path.exists, _OTHERS)):
        return None
    try:
        name = os.environ.get("TZ") or os.readlink(_LINK).partition("/zoneinfo/")[2]  # noqa: PTH115  # pathlib takes time
        # Where /etc/timezone and the link disagree, tzlocal refuses, and its caller takes UTC.
        if not _PLAIN.fullmatch(name) or (not os.environ.get("TZ") and _written_name() not in (None, name)):
            return None
        return named_zone(name)
    except (OSError, LookupError, ValueError):
        return None


def _written_name() -> str | None:
    try:
        with open(_NAME, encoding="utf-8") as file:  # noqa: PTH123  # as above
            return file.read(100).strip()
    except FileNotFoundError:
        return None
