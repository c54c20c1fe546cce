"""Times as Glean writes them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from dragoman.providers.kit.times import to_us

_FRACTION: Final = re.compile(r":\d\d[.,]\d")


def is_coarse(text: str | None) -> bool:
    """Whether a time is given in whole seconds only, so that several may hide behind it."""
    return bool(text) and _FRACTION.search(text or "") is None


def milliseconds(at: datetime) -> int:
    """Unix milliseconds, rounded down."""
    return to_us(at) // 1000
