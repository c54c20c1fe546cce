"""Waits for locks that other programs hold on a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

import apsw

T = TypeVar("T")

PATIENCE: Final = 30.0
"""Seconds to wait for another program's lock before giving up."""


def waiting(patience: float, watch: Callable[[], object] = bool) -> Callable[[int], bool]:
    """A busy handler for SQLite: short even waits, so that of several processes none is starved.

    Args:
        patience: Seconds after which it gives up.
        watch: Called before each wait; an exception of it ends the waiting.
    """
    began = 0.0

    def wait(attempt: int) -> bool:
        nonlocal began
        now = time.monotonic()
        # SQLite counts anew for each lock.
        if attempt == 0:
            began = now
        if now - began > patience:
            return False
        watch()
        import random  # noqa: PLC0415  # takes time, and locks are seldom met

        time.sleep(random.uniform(0.0005, 0.005))  # noqa: S311 - spreads waiters, hides nothing
        return True

    return wait


def retrying(action: Callable[[], T], patience: float) -> T:
    """Repeat what SQLite refuses as busy without asking the busy handler (recovery, a change of mode)."""
    ends = time.monotonic() + patience
    while True:
        try:
            return action()
        except (apsw.BusyError, apsw.LockedError):
            if time.monotonic() > ends:
                raise
            time.sleep(0.005)
