"""The time since which an account is kept current."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from dragoman.core.lazy_pattern import lazy_pattern

HORIZON: Final = lazy_pattern(r"all|[1-9][0-9]{0,3}[dwmy]")
"""Values of the setting ``sync``."""

_DAYS: Final = {"d": 1, "w": 7, "m": 30, "y": 365}


def sync_since(sync: str, keep: int | None, now: datetime) -> datetime:
    """From when on the store is kept complete.

    Args:
        sync: As :data:`HORIZON`.
        keep: Days after which texts are dropped again, which are not fetched therefore.
        now: The present time, with a zone.
    """
    beginning = datetime.min.replace(tzinfo=UTC)
    days = None if sync == "all" else int(sync[:-1]) * _DAYS[sync[-1]]
    days = min((one for one in (days, keep) if one is not None), default=None)
    # A datetime does not reach further back.
    return beginning if days is None or days > (now - beginning).days - 1 else now - timedelta(days=days)
