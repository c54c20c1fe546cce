"""A clock that stands still until a test moves it."""

from dataclasses import dataclass


@dataclass
class SteadyClock:
    """Gives the same time, in seconds, at every call.

    Attributes:
        now: The time.
    """

    now: float

    def __call__(self) -> float:
        return self.now
