"""Times as Glean writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS: Final = re.compile(r"\d{9,16}")
_FRACTION: Final = re.compile(r":\d\d[.,]\d")
_SECONDS_BELOW: Final = 100_000_000_000  # a number below this is seconds, above it milliseconds


def moment(text: str | None) -> datetime | None:
    """An RFC 3339 time, or digits as Unix seconds or milliseconds; ``None`` for anything else."""
    if not text:
        return None
    if text[-1] != "Z" and _DIGITS.fullmatch(text):
        number = int(text)
        return unix(number if number < _SECONDS_BELOW else number / 1000)
    try:
        found = datetime.fromisoformat(text.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def unix(seconds: float | None) -> datetime | None:
    """Unix seconds; ``None`` when they are no time."""
    try:
        return None if seconds is None else EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return None


def is_coarse(text: str | None) -> bool:
    """Whether a time is given in whole seconds only, so that several may hide behind it."""
    return bool(text) and _FRACTION.search(text or "") is None


def milliseconds(at: datetime) -> int:
    """Unix milliseconds, rounded down."""
    return (at - EPOCH) // timedelta(milliseconds=1)
