"""Trying again: when, how often, how long.

A transport tells with a :class:`FailedAttempt` what went wrong and whether trying again can do harm; here it is
only counted and waited. Bounded in attempts and in total time; a service's own pause comes first.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final, Literal, Self, TypeAlias, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception
from tenacity.wait import wait_exponential, wait_random

from dragoman.core.context.clock import Clock
from dragoman.core.errors import DragomanError

T = TypeVar("T")
Repeat: TypeAlias = Literal["never", "once", "yes"]

_FIRST_PAUSE: Final = 0.25
_LONGEST_BACK_OFF: Final = 8.0
_LONGEST_PAUSE: Final = 30.0  # a caller waits no longer than this because a service asked for it
_LEAST_TOTAL: Final = 30.0
_DELTA_OR_DATE: Final = 1_000_000_000  # a reset below this is a number of seconds, above it a date


class FailedAttempt(Exception):
    """An attempt that failed.

    Attributes:
        error: What the caller sees when it is not tried again.
        repeat: Whether trying again is harmless and has a point; ``once`` for what rarely gets better.
        pause: Seconds to wait first; ``None`` leaves it to the back-off.
    """

    def __init__(self, error: DragomanError, repeat: Repeat = "never", pause: float | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.repeat: Repeat = repeat
        self.pause = pause


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The bounds of one call.

    Attributes:
        attempts: Most attempts, the first one included.
        total: Seconds for all of them together with the waits between.
    """

    attempts: int
    total: float

    @classmethod
    def of(cls, attempts: int, total: float | None, seconds: float) -> Self:
        """Bound a call whose attempts take up to ``seconds``; without a total one and a half of them, at least 30."""
        # One attempt may use its whole time and still leave some for another.
        return cls(attempts, total or max(_LEAST_TOTAL, 1.5 * seconds))


Attempt: TypeAlias = Callable[[int, float], Awaitable[T]]
"""Makes an attempt, told its number from 1 and the seconds that are left; fails with :class:`FailedAttempt`."""


async def retry(attempt: Attempt[T], policy: RetryPolicy, clock: Clock) -> T:
    """Make a call, again where that is harmless and within the bounds.

    Raises:
        DragomanError: That of the last attempt.
    """
    deadline = clock.monotonic() + policy.total

    def exhausted(state: RetryCallState) -> bool:
        return state.attempt_number >= policy.attempts or clock.monotonic() + state.upcoming_sleep >= deadline

    retrying = AsyncRetrying(
        retry=retry_if_exception(_RetryDecider()), wait=_wait, stop=exhausted, sleep=clock.sleep, reraise=True
    )
    try:
        async for current in retrying:
            with current:
                return await attempt(current.retry_state.attempt_number, deadline - clock.monotonic())
    except FailedAttempt as setback:
        raise setback.error from setback.__cause__
    raise AssertionError("retrying ends with a result or an error")


@dataclass(slots=True)
class _RetryDecider:
    """Whether a failure is worth another attempt; lives as long as one call."""

    second_chance: bool = True

    def __call__(self, failure: BaseException) -> bool:
        # A pause longer than a caller waits is told to the caller instead.
        if not isinstance(failure, FailedAttempt) or (failure.pause or 0) > _LONGEST_PAUSE:
            return False
        # Of what rarely gets better a second try is enough.
        if failure.repeat == "once":
            allowed, self.second_chance = self.second_chance, False
            return allowed
        return failure.repeat == "yes"


_back_off: Final = wait_exponential(multiplier=_FIRST_PAUSE, max=_LONGEST_BACK_OFF) + wait_random(0, _FIRST_PAUSE)


def _wait(state: RetryCallState) -> float:
    failure = state.outcome.exception() if state.outcome else None
    if isinstance(failure, FailedAttempt) and failure.pause:  # 0 is a promise, and no reason to hurry
        return failure.pause
    return _back_off(state)


def retry_after(headers: Mapping[str, str], clock: Clock) -> float | None:
    """Seconds that a service asks to wait: ``retry-after-ms``, else ``Retry-After`` in seconds or as a date.

    0 when the time that it names has come; ``None`` when it asks for nothing, or for nothing that makes sense.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is None and value is not None and (date := _unix_seconds(value)) is not None:
        seconds = date - _service_time(headers, clock)
    return None if seconds is None else max(0.0, seconds)


def limit_reset(headers: Mapping[str, str], clock: Clock) -> float | None:
    """Seconds until a used-up rate limit is open again; ``None`` while there are calls left."""
    if _number(headers.get("x-ratelimit-remaining")) != 0:
        return None
    asked = retry_after(headers, clock)
    reset = _number(headers.get("x-ratelimit-reset"))
    # The service's own pause counts more than the reset of a window.
    if asked or reset is None:
        return asked or None
    seconds = reset if reset < _DELTA_OR_DATE else reset - _service_time(headers, clock)
    return seconds if seconds > 0 else None


def _service_time(headers: Mapping[str, str], clock: Clock) -> float:
    """The service's own clock where it shows it, so that a wrong one, ours or theirs, does not matter."""
    now = _unix_seconds(headers.get("date", ""))
    return clock.wall() if now is None else now


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _unix_seconds(value: str) -> float | None:
    try:
        date = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
