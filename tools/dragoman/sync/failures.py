"""What a sync does about failures: how long it waits, and whether they concern a conversation or the account."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from dragoman.core.errors import (
    DragomanError,
    PermissionDenied,
    RateLimited,
    Unauthenticated,
    Unavailable,
    UnsupportedOperation,
)
from dragoman.store import NotWritableError
from dragoman.store.sync_state import Attempts, LeaseLostError

_FIRST_WAIT: Final = 5.0
_LONGEST_WAIT: Final = 6 * 3600.0
# Far beyond the longest wait; an unbounded power would overflow a float one day.
_MOST_DOUBLINGS: Final = 20


def wait_after(failures: int, error: DragomanError) -> float:
    """Seconds to wait after so many failures in a row; what the service asks for counts first."""
    wait: float = _FIRST_WAIT * 2 ** min(failures - 1, _MOST_DOUBLINGS)
    if isinstance(error, RateLimited | Unavailable) and error.retry_after is not None:
        # A rate limit says exactly when to come back. The end of an outage is a guess, so the wait grows.
        wait = max(wait if isinstance(error, Unavailable) else 1.0, error.retry_after)
    return min(wait, _LONGEST_WAIT)


def failed(before: Attempts, error: DragomanError, now: datetime) -> Attempts:
    """The attempts after one more failure."""
    failures = before.failures + 1
    wait = timedelta(seconds=wait_after(failures, error))
    return Attempts(failures=failures, error=str(error.sentences), retry_at=now + wait)


def concerns_account(error: DragomanError) -> bool:
    """Whether an error of one conversation means that no other can be read either."""
    # Credentials, rate limits, the store and the lease are the same for all conversations.
    return isinstance(error, Unauthenticated | RateLimited | NotWritableError | LeaseLostError)


def needs_somebody(error: DragomanError) -> bool:
    """Whether waiting does not help, because credentials or settings have to be changed."""
    return isinstance(error, Unauthenticated | PermissionDenied | UnsupportedOperation)
